import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { AppendRequest } from '../../src/journal/engine.ts';
import { aChannel, anAuthorPost } from '../../test/support/samples/samples.ts';

/** Append requests for an engine, made without HTTP, tokens and rules. */

export function channelCreation(channelId: string): AppendRequest {
  const { request, at } = facts();
  const channel = aChannel({ id: channelId, headline: 'A day at the harbour', createdAt: at, startedAt: at });
  return {
    request,
    decidedOn: { channel: 0, posts: {} },
    entries: [{ type: 'channel.changed', at, by: 'bench', kind: null, listed: false, channel }],
  };
}

export interface PostText {
  headline: string | null;
  body: string;
  html: string;
}

export function postPublication(channelId: string, text: PostText, id: string = uuidv7()): AppendRequest {
  const { request, at } = facts();
  const { seq: _seq, ...post } = anAuthorPost({ id, channelId, ...text, publishedAt: at, publishedBy: 'bench' });
  return {
    request,
    decidedOn: { channel: 1, posts: { [id]: 0 } },
    entries: [{ type: 'post.published', at, by: 'bench', kind: null, listed: false, post }],
  };
}

function facts(): { request: AppendRequest['request']; at: string } {
  return { request: { id: randomUUID(), digest: '0'.repeat(64) }, at: new Date().toISOString() };
}
