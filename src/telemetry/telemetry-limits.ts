import { type LimitTable, valuesOf } from '../protocol/limit-table.ts';

/** Limits of the log. */
export const logTable = {
  logWaitingBytes: {
    value: 8 * 1024 * 1024,
    metric: 'pressbox_log_lines_dropped_total',
    atLimit:
      'This much waits in memory while the log cannot be written, for example on a full disk. Further lines are dropped, and the server keeps running.',
  },
  logRetryMs: {
    value: 100,
    metric: 'pressbox_log_lines_dropped_total',
    atLimit: 'Interval of retries while the reader of the log accepts nothing.',
  },
  logLastTries: {
    value: 10,
    metric: 'pressbox_log_lines_dropped_total',
    atLimit: 'Retries when a process ends, a tenth of a second apart. Then the remaining lines are dropped.',
  },
  /** UTF-16 units. */
  logTextCharacters: {
    value: 300,
    metric: 'pressbox_log_cuts_total',
    atLimit: 'A longer text in a line is cut and ends in an ellipsis.',
  },
  logItems: {
    value: 50,
    metric: 'pressbox_log_cuts_total',
    atLimit: 'Only the first items or fields are logged, with the number of those left out.',
  },
  /** Nested lists, objects and error causes. */
  logDepth: { value: 4, metric: 'pressbox_log_cuts_total', atLimit: 'Deeper values are logged as `[left out]`.' },
  logStackFrames: { value: 15, metric: 'pressbox_log_cuts_total', atLimit: 'Only the innermost frames of an error are logged.' },
} satisfies LimitTable;
export const logLimits = valuesOf(logTable);

/** How the server measures itself. These bound nothing that a client could reach. */
export const monitoring = {
  lagResolutionMs: 10,
  /** At least the usual interval of scrapes, so that none misses a window. */
  lagWindowMs: 15_000,
  storageLookMs: 10_000,
  /** After this the directory for uploads counts as unusable. */
  mediaAnswerMs: 4_000,
  /** As in the alert `PressboxEventLoopLate`. */
  lateMs: 500,
  lateLookMs: 5_000,
  /** As in the alert `PressboxWritesSlow`. */
  slowWriteMs: 500,
  /** Between two log lines about slow writes. */
  slowWriteLogMs: 60_000,
  /** Events that are older when they are written were imported with their dates, and say nothing about latency. */
  importedAgeMs: 3_600_000,
} as const;
