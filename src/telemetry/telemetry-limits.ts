import { type LimitTable, valuesOf } from '../protocol/limit-table.ts';

/** Bounds of the log. */
export const logTable = {
  logWaitingBytes: {
    value: 8 * 1024 * 1024,
    metric: 'pressbox_log_lines_dropped_total',
    atLimit: 'So much waits where nothing can be written, as on a full disk; further lines are left out, and the server goes on.',
  },
  logRetryMs: {
    value: 100,
    metric: 'pressbox_log_lines_dropped_total',
    atLimit: 'Where whoever reads the log takes no more, what waits is tried again so often.',
  },
  logLastTries: {
    value: 10,
    metric: 'pressbox_log_lines_dropped_total',
    atLimit: 'As a process ends, so often and a tenth of a second apart; then it ends without.',
  },
  /** UTF-16 units. */
  logTextCharacters: {
    value: 300,
    metric: 'pressbox_log_cuts_total',
    atLimit: 'A longer text in a line is cut, and ends in an ellipsis.',
  },
  logItems: {
    value: 50,
    metric: 'pressbox_log_cuts_total',
    atLimit: 'Of a longer list, or more fields, the first are told, and how many more there are.',
  },
  /** Lists and objects in one another, and causes of an error. */
  logDepth: { value: 4, metric: 'pressbox_log_cuts_total', atLimit: 'What is deeper is `[left out]`.' },
  logStackFrames: { value: 15, metric: 'pressbox_log_cuts_total', atLimit: 'Of an error the innermost places are told.' },
} satisfies LimitTable;
export const logLimits = valuesOf(logTable);
