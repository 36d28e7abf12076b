/** Bounds of the processes that share a port, and what happens there. Each is also a metric, `pressbox_limit{name}`. */
export const workerLimits = {
  /** Processes on a port. */
  workersMost: 256,
  /** The pause before a worker that died is followed by another; it doubles with each death in a row. */
  workerRestartFirstMs: 100,
  workerRestartMostMs: 10_000,
  /** Deaths in a row, none after it had served for the steady time; with this many the whole server ends. */
  workerDeathsMost: 5,
  workerSteadyMs: 30_000,
  /** One that does not serve after this long is killed. Longer than it waits for its store. */
  workerStartMs: 30_000,
  /** One that was told to end and has not is killed. Longer than readers, answers and the store have. */
  workerEndMs: 20_000,
  /** So often each says that it is there. */
  workerSignMs: 1_000,
  /** One that gave no sign for so long is killed. Many times longer than a collection of garbage, or a moment with much to do, takes. */
  workerSilentMs: 30_000,
  /** A worker that has not said what it counted is told of as of when it last did. */
  workerReportMs: 1_000,
} as const;
