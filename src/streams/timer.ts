/** Runs something once after a time in milliseconds, and returns what calls it off. */
export type Later = (ms: number, run: () => void) => () => void;

/** In real time, without keeping the process from ending. */
export const inRealTime: Later = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};
