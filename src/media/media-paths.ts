import { join } from 'node:path';
import { channelIdPattern } from '../protocol/field-rules.ts';

/** The files of the store in a directory. */
export class MediaPaths {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  at(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** Throws a TypeError if a name could lead elsewhere. Without `write`: the claim of the post. */
  claim(channelId: string, id: string, postId: string, write?: string): string {
    return this.at(requireChannelId(channelId), id, 'claims', withWrite(requirePostId(postId), write));
  }

  /** The same claim, from the post. */
  fromPost(channelId: string, postId: string, id: string, write?: string): string {
    return join(this.claimsOfPost(channelId, postId), withWrite(id, write));
  }

  both(channelId: string, id: string, postId: string, write?: string): { claim: string; fromPost: string } {
    return {
      claim: this.claim(channelId, id, postId, write),
      fromPost: this.fromPost(channelId, postId, id, write),
    };
  }

  claimsOfPost(channelId: string, postId: string): string {
    return this.at(requireChannelId(channelId), 'by-post', requirePostId(postId));
  }

  byHash(channelId: string, sha256: string): string {
    return this.at(channelId, 'by-hash', sha256);
  }

  pending(channelId: string, postId: string): string {
    return this.at('.pending', `${requireChannelId(channelId)}~${requirePostId(postId)}`);
  }

  erasing(channelId: string, id: string): string {
    return this.at('.erasing', `${channelId}~${id}`);
  }
}

export const mediumIdPattern = /^[A-Za-z0-9_-]{22}$/;
/** UUIDs, and names such as `channel` for what is no post. */
const postIdPattern = /^[a-z0-9-]{1,64}$/;
const writePattern = /^[a-z0-9]{1,64}$/;

export function isChannelId(name: string): boolean {
  return channelIdPattern.test(name);
}

export function requireChannelId(channelId: string): string {
  if (!isChannelId(channelId)) throw new TypeError(`${channelId} is no id of a channel`);
  return channelId;
}

/** A name in a file name, and the write that is meant. Neither contains a dot. */
function withWrite(name: string, write: string | undefined): string {
  if (write === undefined) return name;
  if (!writePattern.test(write)) throw new TypeError(`${write} is no name of a write`);
  return `${name}.${write}`;
}

function requirePostId(postId: string): string {
  if (!postIdPattern.test(postId)) throw new TypeError(`${postId} is no id of a post`);
  return postId;
}
