/** Calls `run` once after some milliseconds. Returns a function that cancels it. */
export type StartTimer = (ms: number, run: () => void) => () => void;

/** Uses real time, and does not keep the process running. */
export const startTimer: StartTimer = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};
