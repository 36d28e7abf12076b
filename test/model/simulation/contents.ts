import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';
import { aChannel, anAuthorPost } from '../../support/samples/samples.ts';

/** The only channel of a simulation, and posts that differ only in their text. */
export const channelId = 'moon';

export function newChannel(revision: number): Channel {
  return aChannel({ id: channelId, headline: `Headline ${revision}`, createdAt: timeOf(0), startedAt: null, revision });
}

export function newPost(id: string, text: string): Omit<AuthorPost, 'seq'> {
  const { seq: _, ...post } = anAuthorPost({ id, channelId, body: text, html: text, publishedAt: timeOf(0) });
  return post;
}

/** A time of the simulation as a date. */
export function timeOf(ms: number): string {
  return new Date(Date.UTC(2026, 10, 24, 12) + Math.round(ms)).toISOString();
}
