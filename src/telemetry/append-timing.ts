import { type AppendResult, type Journal, JournalUnavailable } from '../journal/engine.ts';
import type { AppendOutcome, Metrics } from './metrics.ts';
import { monitoring } from './telemetry-limits.ts';

export interface Measuring {
  metrics: Pick<Metrics, 'appends' | 'appendSeconds'>;
  log: Record<'info' | 'warn' | 'error', (facts: object, message: string) => void>;
  /** A monotonic clock, in milliseconds. */
  nowMs?: () => number;
}

/**
 * Wraps `append` and counts its outcomes. Only successful appends are timed, because the time of a refusal says nothing about the
 * disk. Logs the first of several failures in a row with its reason, which authors do not see, and the first success after them.
 * Logs slow writes once a minute.
 */
export function measureAppends(
  journal: Pick<Journal, 'append'>,
  { metrics: { appends, appendSeconds }, log, nowMs = () => performance.now() }: Measuring,
): Journal['append'] {
  let isFailing = false;
  let slowLoggedAt = Number.NEGATIVE_INFINITY;
  const noteSlow = (channel: string, tookMs: number) => {
    if (tookMs < monitoring.slowWriteMs || nowMs() - slowLoggedAt < monitoring.slowWriteLogMs) return;
    slowLoggedAt = nowMs();
    log.warn({ channel, tookMs: Math.round(tookMs) }, 'writes to the journal are slow');
  };
  return async (channelId, request) => {
    const began = nowMs();
    try {
      const result = await journal.append(channelId, request);
      if (result.status === 'appended') {
        const tookMs = nowMs() - began;
        appendSeconds.observe(tookMs / 1_000);
        noteSlow(channelId, tookMs);
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

/**
 * A write to a deleted channel is refused, and so is one that came too late for its uploads. A write whose date is too early gets a
 * new date and is decided again, like a conflict.
 */
const outcomes: Record<AppendResult['status'], AppendOutcome> = {
  appended: 'appended',
  duplicate: 'duplicate',
  conflict: 'conflict',
  earlier: 'conflict',
  deleted: 'refused',
  forbidden: 'refused',
};
