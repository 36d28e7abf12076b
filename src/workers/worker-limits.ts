import { type LimitTable, valuesOf, workerEnds } from '../protocol/limit-table.ts';

/** Limits of the workers that share a port. */
export const workerTable = {
  workersMost: {
    value: 256,
    metric: 'pressbox_workers',
    atLimit: 'A larger `PRESSBOX_WORKERS` is refused at the start; `auto` starts at most this many.',
  },
  workerRestartFirstMs: {
    value: 100,
    metric: workerEnds('died'),
    atLimit: 'A worker that died is restarted after this pause.',
  },
  workerRestartMostMs: {
    value: 10_000,
    metric: workerEnds('died'),
    atLimit: 'Longest such pause. The pause doubles with each death in a row.',
  },
  workerDeathsMost: {
    value: 5,
    metric: workerEnds('died'),
    atLimit: 'After this many deaths in a row the server drains its readers and exits with code 70.',
  },
  workerSteadyMs: {
    value: 30_000,
    metric: workerEnds('died'),
    atLimit: 'Once a worker has served for this long, earlier deaths no longer count.',
  },
  /** Longer than the time for which a worker waits for its store. */
  workerStartMs: { value: 30_000, metric: workerEnds('died'), atLimit: 'A worker that does not serve by then is killed.' },
  /** Longer than the time that readers, responses and the store get to finish. */
  workerEndMs: {
    value: 20_000,
    metric: workerEnds('died'),
    atLimit: 'A worker that was told to end and has not ended by then is killed.',
  },
  workerSignMs: { value: 1_000, metric: workerEnds('silent'), atLimit: 'Interval of the heartbeats of a worker.' },
  /** Many times longer than a garbage collection or a burst of work. */
  workerSilentMs: {
    value: 30_000,
    metric: workerEnds('silent'),
    atLimit: 'A worker that was silent for this long is killed and replaced.',
  },
  workerReportMs: {
    value: 1_000,
    metric: 'pressbox_workers',
    atLimit: '`/metrics` uses the last report of a worker that does not answer in this time.',
  },
} satisfies LimitTable;
export const workerLimits = valuesOf(workerTable);
