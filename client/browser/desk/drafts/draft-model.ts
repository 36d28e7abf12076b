import type { AuthorPost } from '../../../../src/protocol/model.ts';
import type { Write } from '../outbox/outbox-model.ts';

/**
 * A text that is being written on this device. It holds the write that will be sent, in the form of the server and with its id, even
 * while it is incomplete.
 */
export interface Draft {
  /** One draft for each new post, and for each change of a post or channel. */
  key: string;
  /** The author whose draft it is. */
  ownerKey: string;
  write: Write;
  /** The post that a change is based on, as its author saw it. */
  base?: AuthorPost | undefined;
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
