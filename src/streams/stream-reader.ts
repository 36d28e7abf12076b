import type { Channel } from '../protocol/model.ts';
import type { Format } from './encoded-events.ts';

export interface StreamReader {
  /** Everything up to here was handed to the connection. Moved by the feed alone. */
  offset: number;
  readonly format: Format;
  /** As how many readers it counts in a turn. */
  readonly weight: number;
  /** Whether the connection has nothing pending. */
  readonly ready: boolean;
  /** Whether it may have the posts of this channel as the channel now is. */
  mayRead(channel: Channel): boolean;
  /** One write of one or more whole frames, where it is ready. */
  write(frames: Buffer): void;
  /** It missed something while busy. It calls `feed.pump(reader)` once it is ready. */
  lag(): void;
  /** It is no longer in the feed. */
  end(reason: EndReason): void;
  /** Nor is it, and it could not be written to: ends its connection at once, so that it comes back with its cursor. */
  terminate(): void;
}

export type EndReason = 'slow' | 'history' | 'forbidden' | 'gone';
