import type { Clock } from './clock.ts';

/** A loop that works, sleeps until it is woken, and works again. */
export interface WorkLoop {
  /** Runs until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends the sleep. During work it makes the loop work once more. */
  wake(): void;
}

/** `work` returns the time at which there is more to do. Undefined: nothing to do until the loop is woken. */
export function createWorkLoop(clock: Clock, work: (signal: AbortSignal) => Promise<number | undefined>): WorkLoop {
  let wake = () => {};
  return {
    async run(signal) {
      signal.addEventListener('abort', () => wake(), { once: true });
      while (!signal.aborted) {
        const { promise: woken, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const nextAt = await work(signal);
        const cancel = nextAt === undefined ? () => {} : clock.alarm(Math.max(0, nextAt - clock.now()), () => wake());
        await woken;
        cancel();
      }
    },
    wake: () => wake(),
  };
}
