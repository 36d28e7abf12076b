import type { Channel } from '../protocol/model.ts';
import type { Format } from './encoded-events.ts';

export interface StreamReader {
  /** The last offset written to the connection. Only the stream moves it. */
  offset: number;
  readonly format: Format;
  /** How many readers it counts as in a turn. */
  readonly weight: number;
  /** Whether the connection has no pending output. */
  readonly ready: boolean;
  /** Whether the reader may see the posts while the channel is in this state. */
  mayRead(channel: Channel): boolean;
  /** Writes one or more whole frames. Called only when `ready`. */
  write(frames: Buffer): void;
  /** The reader was busy and missed something. It calls `stream.pump(reader)` once it is ready. */
  lag(): void;
  /** The reader was removed from the stream. */
  end(reason: EndReason): void;
  /**
   * The reader was removed, and writing to it failed. Ends its connection at once, so that the client reconnects with its cursor.
   */
  terminate(): void;
}

export type EndReason = 'slow' | 'history' | 'forbidden' | 'gone';
