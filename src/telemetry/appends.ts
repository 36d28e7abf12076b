import { type AppendResult, type Journal, JournalUnavailable } from '../engine/engine.ts';
import type { AppendOutcome, Metrics } from './metrics.ts';

/**
 * Appends as `journal` does, and counts each with what became of it. Only those that were on disk when they were answered are timed:
 * how fast a refusal came says nothing of the disk. `nowMs`: a clock that never goes back, in milliseconds.
 */
export function measureAppends(
  journal: Pick<Journal, 'append'>,
  { appends, appendSeconds }: Pick<Metrics, 'appends' | 'appendSeconds'>,
  nowMs: () => number = () => performance.now(),
): Journal['append'] {
  return async (channelId, request) => {
    const began = nowMs();
    try {
      const result = await journal.append(channelId, request);
      if (result.status === 'appended') appendSeconds.observe((nowMs() - began) / 1_000);
      appends.inc({ outcome: outcomes[result.status] });
      return result;
    } catch (error) {
      const unchanged = error instanceof JournalUnavailable && error.outcome === 'unchanged';
      appends.inc({ outcome: unchanged ? 'refused' : 'unknown' });
      throw error;
    }
  };
}

/** To a deleted channel nothing is appended, whoever tries. */
const outcomes: Record<AppendResult['status'], AppendOutcome> = {
  appended: 'appended',
  duplicate: 'duplicate',
  conflict: 'conflict',
  deleted: 'refused',
};
