import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  appended,
  channelChange,
  createChannel,
  newRequest,
  openTempEngine,
  publish,
  type TempEngine,
  takedown,
} from '../../support/stores/engines.ts';
import { found, shaped, sizes, untilComplete, untilDeleted, writeAndErase } from '../../support/stores/erased-texts.ts';

describe('an erased text', () => {
  let opened: TempEngine;
  afterEach(() => opened.close());

  it('is in no file, for 400 posts of many shapes, while the journal is open and afterwards', async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`sizes drawn with seed ${seed}`);
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const { id, erased, kept, posts } = await writeAndErase(engine, 400, seed);
    await Promise.all(posts.map((post) => untilComplete(() => engine.erase(id, post.id))));
    expect(erased).toHaveLength(700);
    expect(await found(dataDir, erased)).toEqual([]);
    expect(await found(dataDir, kept.slice(0, 20))).toEqual(kept.slice(0, 20));
    await engine.close();
    expect(await found(dataDir, erased)).toEqual([]);
    const again = await opened.reopen();
    expect((await again.heads([id]))[0]?.offset).toBe(1 + 400 + 100 + 200 + 200);
  });

  it('is in no file after its channel was deleted', async () => {
    const seed = Date.now() % 2 ** 31;
    console.log(`sizes drawn with seed ${seed}`);
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const [gone, stays] = [await createChannel(engine), await createChannel(engine)];
    // More entries than one step erases.
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
    await untilDeleted(engine, gone.id);
    expect(await found(dataDir, erased)).toEqual([]);
    await engine.close();
    expect(await found(dataDir, erased)).toEqual([]);
    using journal = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
    const stay = journal.prepare('SELECT n AS channel FROM channels').all();
    for (const table of ['posts', 'entries', 'tags'])
      expect(journal.prepare(`SELECT DISTINCT channel FROM ${table}`).all(), table).toEqual(stay);
    expect(
      await found(
        dataDir,
        tokens.map(({ stay }) => stay),
      ),
    ).toHaveLength(tokens.length);
  });

  it('is pending while another program reads the file, and is erased afterwards without a request', async () => {
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
      expect(engine.pendingErasures).toBe(1);
      // Readers and authors do not wait for the erasure.
      expect((await engine.post(id, post.id))?.post.status).toBe('taken-down');
      await publish(engine, id);
      expect(await found(dataDir, ['zqpending'])).toEqual(['zqpending']);
    } finally {
      other.close();
    }
    // The erasure is retried, with pauses that grow while the file is being read.
    await vi.waitFor(async () => expect(await found(dataDir, ['zqpending'])).toEqual([]), { timeout: 90_000, interval: 500 });
    expect(await engine.erase(id, post.id)).toEqual({ complete: true, pending: [] });
    await vi.waitFor(() => expect(engine.pendingErasures).toBe(0));
  });

  it('is reported as pending in time even if the clock is set back during the erasure', async () => {
    opened = await openTempEngine();
    const { engine, dataDir } = opened;
    const { id } = await createChannel(engine);
    const other = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
    const clock = vi.spyOn(Date, 'now');
    try {
      other.exec('BEGIN');
      other.prepare('SELECT count(*) FROM texts').get();
      const deleted = engine.deleteChannel(id, newRequest(), 'root');
      const anHourAgo = Date.now() - 3_600_000;
      clock.mockReturnValue(anHourAgo);
      expect(await deleted).toMatchObject({ status: 'deleted', erasure: { complete: false } });
    } finally {
      clock.mockRestore();
      other.close();
    }
  });

  it('that was pending when the journal was closed is erased by the next start', async () => {
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
