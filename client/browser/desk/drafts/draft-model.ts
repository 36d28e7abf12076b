import type { AuthorPost } from '../../../../src/protocol/model.ts';
import type { Write } from '../outbox/outbox-model.ts';

/**
 * A text that is being written on this device. It holds the write that will be sent, in the form of the server and with its id, even
 * while it is incomplete.
 */
export interface Draft {
  /** That of its write, or one of its own if the author writes several changes of one post. */
  key: string;
  /** The author whose draft it is. */
  ownerKey: string;
  write: Write;
  /** The post that a change is based on, as its author saw it. */
  base?: AuthorPost | undefined;
  /** The entry of the outbox that was to make the revision of `base`, if the server did not have it. */
  basedOn?: string | undefined;
  /** The entry in conflict whose text this one replaces once it is published. */
  replaces?: string | undefined;
  /** Milliseconds since 1970, of this device's clock. */
  changedAt: number;
  /** Its note and changes come from the correction of another post, and its author has not changed them yet. */
  carriedOver?: boolean;
  /**
   * `composer`: opened again by itself. `list`: its author put it aside. `outbox`: it was published, and is kept until the server has
   * written it to its disk.
   */
  place: 'composer' | 'list' | 'outbox';
}

/** A text that made way for another one. Its author did not ask for that, so the form that took its place says where it is. */
export interface SetAside {
  key: string;
  title: string;
}

/** The key of the draft in which the write is written first. */
export function keyOf(write: Write): string {
  switch (write.type) {
    case 'publish':
      return `post:${write.post.id}`;
    case 'create-channel':
      return `channel:${write.channel.id}`;
    case 'update-channel':
      return `${write.type}:${write.channelId}`;
    case 'revise':
    case 'retract':
    case 'takedown':
      return `${write.type}:${write.postId}`;
  }
}

/**
 * Whether both say the same. The revisions that they expect may differ, because the outbox sends a change after those that were
 * not sent before it.
 */
export function saysTheSame(one: Write, other: Write): boolean {
  return keyOf(one) === keyOf(other) && JSON.stringify(contentOf(one)) === JSON.stringify(contentOf(other));
}

function contentOf(write: Write): unknown {
  switch (write.type) {
    case 'publish':
      return write.post;
    case 'create-channel':
      return write.channel;
    case 'update-channel':
      return write.patch;
    case 'revise':
      return write.revision;
    case 'retract':
    case 'takedown':
      return write.note;
  }
}
