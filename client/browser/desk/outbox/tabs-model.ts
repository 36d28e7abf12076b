import type { Delivery } from './outbox-model.ts';

/** The port to the other tabs with the outbox of the same author. */
export interface Tabs {
  /**
   * Runs the function in at most one tab at a time: in this one as soon as the tabs before it have gone. The signal is aborted
   * when this one closes.
   */
  lead(run: (signal: AbortSignal) => Promise<void>): void;
  /** Tells the other tabs. */
  tell(message: TabMessage): void;
  onTold(hear: (message: TabMessage) => void): void;
  close(): void;
}

export type TabMessage =
  /** Entries have changed in the store. */
  | { type: 'changed' }
  /** From the tab that sends. */
  | { type: 'delivery'; delivery: Delivery }
  | { type: 'wake' }
  /** From the tab that sends: the share of a picture that is uploaded. Undefined: it is not being uploaded any more. */
  | { type: 'progress'; picture: string; share: number | undefined }
  /** A tab was opened, and does not know the delivery yet. */
  | { type: 'hello' };

/** For a tab that shares nothing with others. */
export function soleTab(): Tabs {
  const closing = new AbortController();
  return {
    lead: (run) => void run(closing.signal),
    tell() {},
    onTold() {},
    close: () => closing.abort(),
  };
}
