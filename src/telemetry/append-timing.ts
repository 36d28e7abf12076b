import { type AppendResult, type Journal, JournalUnavailable } from '../journal/engine.ts';
import type { AppendOutcome, Metrics } from './metrics.ts';

export interface Measuring {
  metrics: Pick<Metrics, 'appends' | 'appendSeconds'>;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
  /** Of a clock that never goes back, in milliseconds. */
  nowMs?: () => number;
}

/**
 * Appends as `journal` does, and counts each with what became of it. Only those that were on disk when they were answered are timed:
 * how fast a refusal came says nothing of the disk. The log says why the first of several in a row failed, since authors are not told, and
 * when one is on disk again.
 */
export function measureAppends(
  journal: Pick<Journal, 'append'>,
  { metrics: { appends, appendSeconds }, log, nowMs = () => performance.now() }: Measuring,
): Journal['append'] {
  let isFailing = false;
  return async (channelId, request) => {
    const began = nowMs();
    try {
      const result = await journal.append(channelId, request);
      if (result.status === 'appended') {
        appendSeconds.observe((nowMs() - began) / 1_000);
        if (isFailing) log.info({}, 'the journal accepts writes again');
        isFailing = false;
      }
      appends.inc({ outcome: outcomes[result.status] });
      return result;
    } catch (error) {
      const unchanged = error instanceof JournalUnavailable && error.outcome === 'unchanged';
      appends.inc({ outcome: unchanged ? 'refused' : 'unknown' });
      if (!isFailing) log.error({ channel: channelId, err: error }, 'the journal accepts no writes');
      isFailing = true;
      throw error;
    }
  };
}

/** To a deleted channel nothing is appended, whoever tries. What was dated too early is dated and decided again, like a conflict. */
const outcomes: Record<AppendResult['status'], AppendOutcome> = {
  appended: 'appended',
  duplicate: 'duplicate',
  conflict: 'conflict',
  earlier: 'conflict',
  deleted: 'refused',
};
