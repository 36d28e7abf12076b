import { Refusal } from '../protocol/problems.ts';
import { responseLimits } from './http-limits.ts';

/** Limits how many long operations run at once in this process. A further operation is refused with a time to retry. */
export interface Slots {
  /**
   * Throws the refusal `rate-limited` if no slot is free. Call the returned function when the operation is done. Calling it again
   * does nothing.
   */
  take(): () => void;
}

export interface SlotOptions {
  onRejected(): void;
  /** Called with the number of used slots whenever it changes. */
  onTaken?(count: number): void;
  retrySeconds?: number;
}

export function createSlots(
  most: number,
  { onRejected, onTaken, retrySeconds = responseLimits.slotRetrySeconds }: SlotOptions,
): Slots {
  let taken = 0;
  const change = (by: number) => {
    taken += by;
    onTaken?.(taken);
  };
  return {
    take() {
      if (taken >= most) {
        onRejected();
        throw new Refusal('rate-limited', {
          detail: `At most ${most} of these are served at once.`,
          retryAfter: retrySeconds,
        });
      }
      change(1);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        change(-1);
      };
    },
  };
}
