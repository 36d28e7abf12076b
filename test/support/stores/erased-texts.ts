import fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import type { AuthorPost, Erasure } from '../../../src/protocol/model.ts';
import { appended, createChannel, newRequest, type PostState, publish, revision, takedown } from './engines.ts';
import { matchesBelow } from './files-below.ts';

/** Texts that are erased, and the search for what may be left of them in files. */

/**
 * Repeats an erasure until it is complete. An engine answers with a pending erasure after a while, and with its state when it is
 * called again.
 */
export async function untilComplete(ask: () => Promise<Erasure>): Promise<void> {
  await vi.waitFor(async () => expect(await ask()).toEqual({ complete: true, pending: [] }));
}

/** The same for the deletion of a channel, which the first call deletes. */
export async function untilDeleted(engine: Engine, channelId: string): Promise<void> {
  await untilComplete(async () => {
    const deletion = await engine.deleteChannel(channelId, newRequest(), 'root');
    if (deletion.status !== 'deleted') throw new Error(`There is no channel ${channelId}.`);
    return deletion.erasure;
  });
}

/** Which of these tokens are in the files of a directory, in the given order. All tokens are `zq` with further letters and digits. */
export async function found(directory: string, tokens: string[]): Promise<string[]> {
  const files = await matchesBelow(directory, /zq[A-Za-z0-9]*/);
  const all = files.flatMap(({ matches }) => matches).join(' ');
  return tokens.filter((token) => all.includes(token));
}

/** A post in which each text field contains the token. */
export function shaped(channelId: string, token: string, bytes: number): Partial<PostState> {
  const body = `${token} ${'lorem '.repeat(Math.ceil(bytes / 6)).slice(0, bytes)} ${token}`;
  return {
    body,
    headline: `Headline ${token}`,
    html: `<p>${body}</p>`,
    channelId,
    authors: [{ name: `Author ${token}` }],
    sources: [{ name: `Source ${token}`, via: `Via ${token}` }],
    media: [{ type: 'image', url: 'https://pictures.example/1.jpg', alt: `Alt ${token}`, caption: `Caption ${token}` }],
  };
}

/** Sizes from a few bytes to 200 KiB, most of them small. The same seed gives the same sizes. */
export function sizes(count: number, seed: number): number[] {
  const some = fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 0, max: 600 }) },
    { weight: 6, arbitrary: fc.integer({ min: 600, max: 5_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 5_000, max: 30_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 200 * 1024 }) },
  );
  return fc.sample(some, { numRuns: count, seed });
}

export interface Story {
  id: string;
  /** Tokens that must be in no file. */
  erased: string[];
  /** Some of the tokens that must be there. */
  kept: string[];
  posts: AuthorPost[];
}

/** Writes posts of many shapes, some to be erased and some not, next to each other. The erasures are not started yet. */
export async function writeAndErase(engine: Engine, count: number, seed: number): Promise<Story> {
  const { id } = await createChannel(engine);
  const drawn = sizes(count, seed);
  const erased: string[] = [];
  const kept: string[] = [];
  const standing: AuthorPost[] = [];
  const token = (use: string, index: number) => `zq${use}${index.toString(36).padStart(4, 'k')}x${seed.toString(36)}`;
  for (let start = 0; start < drawn.length; start += 25) {
    const batch = drawn.slice(start, start + 25).map((size, offset) => ({ size, index: start + offset }));
    standing.push(
      ...(await Promise.all(batch.map(({ size, index }) => publish(engine, id, shaped(id, token('first', index), size))))),
    );
  }
  const fates = standing.map(async (post, index) => {
    const note = token('note', index);
    const size = drawn[(index * 7) % drawn.length] as number;
    const revised = revision(post, shaped(id, token('second', index), size), 'correction', `Note ${note}`);
    if (index % 4 === 0) {
      // This post is never changed.
      kept.push(token('first', index));
    } else if (index % 4 === 1) {
      // This post is taken down at once.
      await appended(engine, id, [takedown(post)]);
      erased.push(token('first', index));
    } else if (index % 4 === 2) {
      // This post is revised and then taken down.
      await appended(engine, id, [revised]);
      await appended(engine, id, [takedown(revised.post)]);
      erased.push(token('first', index), token('second', index), note);
    } else {
      // This post is revised with `eraseEarlier`. The newsroom removes the earlier notes from the history.
      await appended(engine, id, [revised]);
      const history = revised.post.history.map((change) => ({ ...change, note: null }));
      const last = revision({ ...revised.post, history }, shaped(id, token('third', index), size), 'update', null);
      await appended(engine, id, [{ ...last, erases: 2 }]);
      erased.push(token('first', index), token('second', index), note);
      kept.push(token('third', index));
    }
    return post;
  });
  await Promise.all(fates);
  return { id, erased, kept, posts: standing };
}
