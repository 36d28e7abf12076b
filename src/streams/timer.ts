/** Runs something once after a time in milliseconds, and returns what calls it off. */
export type StartTimer = (ms: number, run: () => void) => () => void;

/** In real time, without keeping the process from ending. */
export const startTimer: StartTimer = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};
