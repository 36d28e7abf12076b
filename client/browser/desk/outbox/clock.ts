/** The time of this device. Tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back after a time. Returns its own undo. */
  alarm(ms: number, ring: () => void): () => void;
}
