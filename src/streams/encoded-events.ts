import type { StoredChange } from '../journal/engine.ts';
import { formatCursor } from '../protocol/cursor.ts';
import type { Channel, Counts, EventType, ReaderPost, Transport } from '../protocol/model.ts';

/** How a transport encodes an event. One object per transport. */
export interface Format {
  name: Transport;
  /** `event`: the event as JSON. `facts`: what it contains. */
  frame(event: string, facts: EventHeader): Buffer;
}

export interface EventHeader {
  readonly type: EventType;
  readonly cursor: string;
}

/**
 * A change as JSON, encoded once per process. The head of the event, with `from`, is separate from the shared body, because
 * `from` depends on what the reader has already received. Frames of the common case (`from` equals `offset`) are made once per
 * transport.
 */
export class EncodedChange implements EventHeader {
  readonly type: EventType;
  readonly cursor: string;
  readonly offset: number;
  readonly check: string;
  /** The date of the entry, in milliseconds since 1970. */
  readonly atMs: number;
  /** As of `offset`, if they are known. */
  readonly counts: Counts | undefined;
  /** The post, or null for the channel. A later change of the same subject supersedes this one. */
  readonly subject: string | null;
  /** A takedown holds no text that could be erased. */
  readonly isTakedown: boolean;
  readonly bytes: number;
  readonly #head: string;
  readonly #body: string;
  readonly #frames = new Map<Format, Buffer>();

  constructor(channelId: string, epoch: string, change: StoredChange) {
    const { offset, check, type, at, counts } = change;
    const cursor = formatCursor({ epoch, offset, check });
    const { subject, whole } = contentOf(change);
    this.type = type;
    this.cursor = cursor;
    this.offset = offset;
    this.check = check;
    this.atMs = Date.parse(at);
    this.counts = counts;
    this.subject = subject;
    this.isTakedown = type === 'post.taken-down';
    this.#head = `{"channelId":${JSON.stringify(channelId)},"from":`;
    this.#body = `,${JSON.stringify({ offset, cursor, type, at, counts, ...whole }).slice(1)}`;
    this.bytes = Buffer.byteLength(this.#body) + this.#head.length;
  }

  /** The event as JSON, covering the offsets from `from` on. */
  json(from: number): string {
    return this.#head + from + this.#body;
  }

  /** The event as a frame of a transport. */
  frame(format: Format, from: number): Buffer {
    if (from !== this.offset) return format.frame(this.json(from), this);
    let frame = this.#frames.get(format);
    if (frame === undefined) {
      frame = format.frame(this.json(from), this);
      this.#frames.set(format, frame);
    }
    return frame;
  }
}

/** `subject`: as in `EncodedChange`. `whole`: what the event carries. */
function contentOf(change: StoredChange): { subject: string | null; whole: { post: ReaderPost } | { channel: Channel } } {
  switch (change.type) {
    case 'post.published':
    case 'post.revised':
    case 'post.retracted':
    case 'post.taken-down':
      return { subject: change.post.id, whole: { post: change.post } };
    case 'channel.changed':
      return { subject: null, whole: { channel: change.channel } };
  }
}

/** Encodes an object once for all recipients. */
export function encodeOnce<T extends object>(make: (object: T) => Buffer): (object: T) => Buffer {
  const made = new WeakMap<T, Buffer>();
  return (object) => {
    let bytes = made.get(object);
    if (bytes === undefined) {
      bytes = make(object);
      made.set(object, bytes);
    }
    return bytes;
  };
}
