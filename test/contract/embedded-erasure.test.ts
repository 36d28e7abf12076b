import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AuthorPost } from '../../src/protocol/model.ts';
import {
  appended,
  channelChange,
  createChannel,
  newRequest,
  openTempEngine,
  type PostState,
  publish,
  revision,
  type TempEngine,
  takedown,
} from '../support/engines.ts';

/**
 * Tokens, all of which begin with `zq`, that are found in the files of a directory, in the order asked. In a process of its own: closing a
 * file that SQLite has open would give away this process's locks on it.
 */
async function found(directory: string, tokens: string[]): Promise<string[]> {
  const script = `
    const { readdirSync, readFileSync } = require('node:fs');
    const [directory, ...tokens] = process.argv.slice(1);
    const wanted = new Set(tokens);
    const lengths = new Set(tokens.map((token) => token.length));
    const found = new Set();
    for (const name of readdirSync(directory)) {
      const text = readFileSync(directory + '/' + name, 'latin1');
      for (let at = text.indexOf('zq'); at >= 0; at = text.indexOf('zq', at + 1)) {
        for (const length of lengths) {
          const token = text.slice(at, at + length);
          if (wanted.has(token)) found.add(token);
        }
      }
    }
    console.log(JSON.stringify(tokens.filter((token) => found.has(token))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, directory, ...tokens], { maxBuffer: 1e8 });
  return JSON.parse(stdout) as string[];
}

/** A post in which each field that is text holds the token. */
function shaped(channelId: string, token: string, bytes: number): Partial<PostState> {
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

/** Few bytes to 200 KiB, most of them short, as posts are; drawn with a seed. */
function sizes(count: number, seed: number): number[] {
  const some = fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 0, max: 600 }) },
    { weight: 6, arbitrary: fc.integer({ min: 600, max: 5_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 5_000, max: 30_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30_000, max: 200 * 1024 }) },
  );
  return fc.sample(some, { numRuns: count, seed });
}

describe('an erased text', () => {
  let opened: TempEngine;
  afterEach(() => opened.close());

  it('is in no byte of any file, of 400 posts of many shapes, while the journal is open and after', async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`sizes drawn with seed ${seed}`);
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const { id } = await createChannel(engine);
    const drawn = sizes(400, seed);
    const erased: string[] = [];
    const kept: string[] = [];
    const standing: AuthorPost[] = [];
    const token = (use: string, index: number) => `zq${use}${index.toString(36).padStart(4, 'k')}x${seed.toString(36)}`;
    // Posts of all fates lie side by side, so that the erased ones have neighbours that stay.
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
        // Kept as it is.
        kept.push(token('first', index));
      } else if (index % 4 === 1) {
        // Taken down at once.
        await appended(engine, id, [takedown(post)]);
        erased.push(token('first', index));
      } else if (index % 4 === 2) {
        // Revised, then taken down.
        await appended(engine, id, [revised]);
        await appended(engine, id, [takedown(revised.post)]);
        erased.push(token('first', index), token('second', index), note);
      } else {
        // Revised with `eraseEarlier`: the desk takes the earlier notes out of the history.
        await appended(engine, id, [revised]);
        const history = revised.post.history.map((change) => ({ ...change, note: null }));
        const last = revision({ ...revised.post, history }, shaped(id, token('third', index), size), 'update', null);
        await appended(engine, id, [{ ...last, erases: 2 }]);
        erased.push(token('first', index), token('second', index), note);
        kept.push(token('third', index));
      }
      return post;
    });
    const posts = await Promise.all(fates);
    const erasures = await Promise.all(posts.map((post) => engine.erase(id, post.id)));
    expect(new Set(erasures.map(({ complete }) => complete))).toEqual(new Set([true]));
    expect(erased).toHaveLength(700);
    expect(await found(dataDir, erased)).toEqual([]);
    expect(await found(dataDir, kept.slice(0, 20))).toEqual(kept.slice(0, 20));
    await engine.close();
    expect(await found(dataDir, erased)).toEqual([]);
    const again = await opened.reopen();
    expect((await again.heads([id]))[0]?.offset).toBe(1 + 400 + 100 + 200 + 200);
  }, 60_000);

  it('is in no byte of any file after its channel was deleted', async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`sizes drawn with seed ${seed}`);
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const [gone, stays] = [await createChannel(engine), await createChannel(engine)];
    // More than are taken away in one step.
    const drawn = [...sizes(200, seed), ...Array.from({ length: 350 }, () => 50)];
    const tokens = drawn.map((size, index) => ({
      token: `zqgone${index}x${seed}`,
      stay: `zqstay${index}x${seed}`,
      size,
    }));
    await Promise.all(
      tokens.flatMap(({ token, stay, size }) => [
        publish(engine, gone.id, shaped(gone.id, token, size)),
        publish(engine, stays.id, shaped(stays.id, stay, size)),
      ]),
    );
    const own = ['zqheadline', 'zqstandfirst', 'zqownnote', 'zqlater'];
    const texts = { headline: own[0]!, standfirst: own[1]! };
    await appended(engine, gone.id, [channelChange(gone, texts, { kind: 'correction', note: own[2]! })]);
    await appended(engine, gone.id, [channelChange({ ...gone, revision: 2 }, { headline: own[3]! })]);
    const erased = [...own, ...tokens.map(({ token }) => token)];
    expect(await found(dataDir, erased)).toEqual(erased);
    const { status, erasure } = (await engine.deleteChannel(gone.id, newRequest())) as { status: string; erasure: unknown };
    expect({ status, erasure }).toEqual({ status: 'deleted', erasure: { complete: true, pending: [] } });
    expect(await found(dataDir, erased)).toEqual([]);
    await engine.close();
    expect(await found(dataDir, erased)).toEqual([]);
    expect(
      await found(
        dataDir,
        tokens.map(({ stay }) => stay),
      ),
    ).toHaveLength(tokens.length);
  }, 60_000);

  it('is told to be pending while something still reads the file, and is erased by itself after', async () => {
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { body: 'zqpending' });
    const other = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
    try {
      other.exec('BEGIN');
      other.prepare('SELECT count(*) FROM texts').get();
      await appended(engine, id, [takedown(post)]);
      const erasure = await engine.erase(id, post.id);
      expect(erasure).toEqual({ complete: false, pending: [{ where: expect.any(String), why: expect.any(String) }] });
      // Neither readers nor authors wait for it.
      expect((await engine.post(id, post.id))?.post.status).toBe('taken-down');
      await publish(engine, id);
      expect(await found(dataDir, ['zqpending'])).toEqual(['zqpending']);
    } finally {
      other.close();
    }
    await vi.waitFor(async () => expect(await found(dataDir, ['zqpending'])).toEqual([]), { timeout: 15_000, interval: 500 });
    expect(await engine.erase(id, post.id)).toEqual({ complete: true, pending: [] });
  });

  it('that was owed when the journal was closed is erased by the next start', async () => {
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { body: 'zqowed' });
    const other = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
    other.exec('BEGIN');
    other.prepare('SELECT count(*) FROM texts').get();
    await appended(engine, id, [takedown(post)]);
    await engine.close();
    expect(await found(dataDir, ['zqowed'])).toEqual(['zqowed']);
    other.close();
    const again = await opened.reopen();
    expect(await found(dataDir, ['zqowed'])).toEqual([]);
    expect(await again.erase(id, post.id)).toEqual({ complete: true, pending: [] });
  });
});
