import { type LimitTable, valuesOf, workerEnds } from '../protocol/limit-table.ts';

/** Bounds of the processes that share a port. */
export const workerTable = {
  workersMost: {
    value: 256,
    metric: 'pressbox_workers',
    atLimit: 'A larger `PRESSBOX_WORKERS` is refused at the start; `auto` is no more.',
  },
  workerRestartFirstMs: {
    value: 100,
    metric: workerEnds('died'),
    atLimit: 'A worker that died is followed by another after so long.',
  },
  workerRestartMostMs: {
    value: 10_000,
    metric: workerEnds('died'),
    atLimit: 'The longest such pause: it doubles with each death in a row.',
  },
  workerDeathsMost: {
    value: 5,
    metric: workerEnds('died'),
    atLimit: 'With so many deaths in a row the whole server drains its readers and ends, with the exit code 70.',
  },
  workerSteadyMs: {
    value: 30_000,
    metric: workerEnds('died'),
    atLimit: 'Deaths before a worker served for so long are not in a row with what follows.',
  },
  /** Longer than it waits for its store. */
  workerStartMs: { value: 30_000, metric: workerEnds('died'), atLimit: 'A worker that does not serve by then is killed.' },
  /** Longer than readers, answers and the store have. */
  workerEndMs: { value: 20_000, metric: workerEnds('died'), atLimit: 'A worker that was told to end and has not is killed.' },
  workerSignMs: { value: 1_000, metric: workerEnds('silent'), atLimit: 'So often a worker says that it is there.' },
  /** Many times longer than a collection of garbage, or a moment with much to do, takes. */
  workerSilentMs: {
    value: 30_000,
    metric: workerEnds('silent'),
    atLimit: 'A worker that gave no sign for so long is killed, and followed by another.',
  },
  workerReportMs: {
    value: 1_000,
    metric: 'pressbox_workers',
    atLimit: '`/metrics` tells of a worker that does not answer what it said last.',
  },
} satisfies LimitTable;
export const workerLimits = valuesOf(workerTable);
