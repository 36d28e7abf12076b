import { type AtBounds, cutInLog, workerEnds } from './at-bound.ts';

export const workersAtBound: AtBounds<'workers'> = {
  workersMost: { what: 'A larger `PRESSBOX_WORKERS` is refused at the start; `auto` is no more.', metric: 'pressbox_workers' },
  workerRestartFirstMs: { what: 'A worker that died is followed by another after so long.', metric: workerEnds('died') },
  workerRestartMostMs: {
    what: 'The longest such pause: it doubles with each death in a row.',
    metric: workerEnds('died'),
  },
  workerDeathsMost: {
    what: 'With so many deaths in a row the whole server drains its readers and ends, with the exit code 70.',
    metric: workerEnds('died'),
  },
  workerSteadyMs: {
    what: 'Deaths before a worker served for so long are not in a row with what follows.',
    metric: workerEnds('died'),
  },
  workerStartMs: { what: 'A worker that does not serve by then is killed.', metric: workerEnds('died') },
  workerEndMs: { what: 'A worker that was told to end and has not is killed.', metric: workerEnds('died') },
  workerSignMs: { what: 'So often a worker says that it is there.', metric: workerEnds('silent') },
  workerSilentMs: {
    what: 'A worker that gave no sign for so long is killed, and followed by another.',
    metric: workerEnds('silent'),
  },
  workerReportMs: {
    what: '`/metrics` tells of a worker that does not answer what it said last.',
    metric: 'pressbox_workers',
  },
};

export const logAtBound: AtBounds<'log'> = {
  logWaitingBytes: {
    what: 'So much waits where nothing can be written, as on a full disk; further lines are left out, and the server goes on.',
    metric: 'pressbox_log_lines_dropped_total',
  },
  logRetryMs: {
    what: 'Where whoever reads the log takes no more, what waits is tried again so often.',
    metric: 'pressbox_log_lines_dropped_total',
  },
  logLastTries: {
    what: 'As a process ends, so often and a tenth of a second apart; then it ends without.',
    metric: 'pressbox_log_lines_dropped_total',
  },
  logTextCharacters: { what: 'A longer text in a line is cut, and ends in an ellipsis.', metric: cutInLog },
  logItems: { what: 'Of a longer list, or more fields, the first are told, and how many more there are.', metric: cutInLog },
  logDepth: { what: 'What is deeper is `[left out]`.', metric: cutInLog },
  logStackFrames: { what: 'Of an error the innermost places are told.', metric: cutInLog },
};
