import { Refusal } from '../protocol/problems.ts';
import { responseLimits } from './http-limits.ts';

/** How many of what takes long may be under way at once in this process; more are told to come back. */
export interface Slots {
  /** Throws the refusal `rate-limited` where none is free. Call what it returns when it is done; again does nothing. */
  take(): () => void;
}

export interface SlotOptions {
  onRejected(): void;
  /** Called with how many are taken, whenever that changes. */
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
