import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { JournalLine, ReaderPost } from '../../../src/protocol/model.ts';
import { notInJournal, type Watcher, watch } from '../readers/distrustful-reader.ts';
import type { ServerProcess } from '../servers/process.ts';
import { allPosts, createChannel, publish, read, type Written, wholeJournal } from './writers.ts';

/**
 * A busy day with repeated outages: several authors publish at once, readers watch, and the server is stopped and started again.
 */
export interface Coverage {
  /** The answers that authors received, in order. */
  acknowledged: (Written & { headline: string })[];
  /** The posts at the end. */
  posts: ReaderPost[];
  journal: JournalLine[];
  watchers: Watcher[];
  cursor: string;
}

export interface CoverageOptions {
  server: ServerProcess;
  posts: number;
  authors: number;
  readers: number;
  /** Stops and restarts the server. Called `strikes` times, at moments that `random` chooses. */
  strike: () => Promise<void>;
  strikes: number;
  /** From 0 to below 1. */
  random: () => number;
}

export async function cover({ server, posts, authors, readers, strike, strikes, random }: CoverageOptions): Promise<Coverage> {
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const watchers = Array.from({ length: readers }, () => watch(server.url, id));
  try {
    await vi.waitFor(() => expect(watchers.every(({ live }) => live)).toBe(true));

    // Each outage has its own part of the day, and happens at a random moment in it.
    const moments = Array.from({ length: strikes }, (_, index) => Math.floor(((index + random()) * posts) / strikes));
    const acknowledged: Coverage['acknowledged'] = [];
    let striking: Promise<void> = Promise.resolve();
    // If the server cannot be restarted, the authors must not wait for it forever.
    const { promise: failed, reject: fail } = Promise.withResolvers<never>();
    let next = 0;
    const work = async (token: string) => {
      while (next < posts) {
        const number = next;
        next += 1;
        const headline = `Post ${number}`;
        // Half of the posts have an id that the author chose, the other half one that the server chose.
        const chosen = number % 2 === 0 ? { id: uuidv7(number, random) } : {};
        const body = { ...chosen, headline, body: `What we know of **${number}**.\n\n${'More of it. '.repeat(number % 40)}` };
        const written = await publish(server, token, id, body, `key-${number}`);
        acknowledged.push({ ...written, headline });
        if (acknowledged.length > (moments[0] ?? Number.POSITIVE_INFINITY)) {
          moments.shift();
          // The delay makes the outage happen between two answers, and not always right after one.
          const delay = random() * 8;
          striking = striking.then(() => pause(delay)).then(strike);
          striking.catch(fail);
        }
      }
    };
    const tokens = Array.from({ length: authors }, (_, index) => server.token({ author: [id] }, { sub: `author-${index}` }));
    await Promise.race([failed, Promise.all((await Promise.all(tokens)).map(work))]);
    await striking;

    const { cursor } = await read<{ cursor: string }>(`${server.url}/v1/channels/${id}/snapshot`);
    await vi.waitFor(() => expect(watchers.map((watcher) => watcher.cursor)).toEqual(watchers.map(() => cursor)));
    const journal = await wholeJournal(server, id, editor);
    return { acknowledged, posts: await allPosts(server, id), journal, watchers, cursor };
  } finally {
    for (const watcher of watchers) watcher[Symbol.dispose]();
  }
}

/** Fails unless every acknowledged post exists once and in order, and readers saw what the journal contains. */
export function expectWhole({ acknowledged, posts, journal, watchers, cursor }: Coverage, total: number): void {
  expect(acknowledged).toHaveLength(total);
  // If no write was retried, no outage interrupted a write, and the checks below prove nothing.
  expect(acknowledged.some(({ tries }) => tries > 1)).toBe(true);
  expect(journal.map(({ offset }) => offset)).toEqual(Array.from({ length: total + 1 }, (_, index) => index + 1));
  expect(posts.map(({ headline }) => headline).sort()).toEqual(acknowledged.map(({ headline }) => headline).sort());

  // Each acknowledged post has the position and id from its answer.
  const standing = new Map(posts.map((post) => [post.id, post]));
  const moved = acknowledged.filter(({ post, headline }) => {
    const found = standing.get(post.id);
    return found?.headline !== headline || found.seq !== post.seq || found.html !== post.html;
  });
  expect(moved).toEqual([]);
  const published = new Map(journal.map((line) => [line.offset, line]));
  const misplaced = acknowledged.filter(({ post, offset, cursor: said }) => {
    const line = published.get(offset);
    return line?.postId !== post.id || post.seq !== offset || !said.endsWith(`.${offset}.${line.check.slice(0, 16)}`);
  });
  expect(misplaced).toEqual([]);
  const places = posts.map(({ seq }) => seq);
  expect(places).toEqual(places.toSorted((a, b) => b - a));

  for (const watcher of watchers) {
    expect(watcher.faults).toEqual([]);
    expect(watcher.cursor).toBe(cursor);
    expect(notInJournal(watcher.seen, journal)).toEqual([]);
    expect(JSON.stringify(watcher.posts)).toBe(JSON.stringify(posts));
  }
}

/** Prints the seed of a random test. PRESSBOX_TEST_SEED sets the seed, to repeat a failure. */
export function seedOf(test: string): number {
  const given = Number(process.env.PRESSBOX_TEST_SEED ?? Number.NaN);
  const seed = Number.isInteger(given) ? given : Math.floor(Math.random() * 2 ** 31);
  console.log(`${test}: PRESSBOX_TEST_SEED=${seed}`);
  return seed;
}

/** A UUIDv7 (RFC 9562) whose order in time is `number`. */
export function uuidv7(number: number, random: () => number): string {
  const time = (1_780_000_000_000 + number).toString(16).padStart(12, '0');
  const digits = Array.from({ length: 18 }, () => Math.floor(random() * 16).toString(16)).join('');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digits.slice(0, 3)}-a${digits.slice(3, 6)}-${digits.slice(6)}`;
}
