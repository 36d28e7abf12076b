import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openSqlite } from '../../../src/journal/sqlite/index.ts';
import { newPostId, renderer } from '../../support/stores/engines.ts';
import { leftOf, startAsked, writeUntilKilled } from '../../support/stores/powercut/authors.ts';
import { noPowercut, type Power, watchPower } from '../../support/stores/powercut/powercut.ts';

const reason = noPowercut();
const unsynced = { NODE_OPTIONS: `--import ${new URL('../../support/stores/powercut/unsynced.mjs', import.meta.url)}` };

describe.skipIf(reason !== undefined)(`the embedded journal after a power cut${reason ? ` (not here: ${reason})` : ''}`, () => {
  let parent: string;
  let dataDir: string;
  let power: Power;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'pressbox-powercut-'));
    // Not created beforehand: the test includes that the directory survives.
    dataDir = join(parent, 'data');
    power = watchPower(parent);
  });
  afterEach(() => {
    power[Symbol.dispose]();
    rmSync(parent, { recursive: true, force: true });
  });

  /** The revision of each post in the journal, 0 for none. Opening the journal verifies every chain. */
  async function kept(posts: Iterable<string>): Promise<Map<string, number>> {
    const engine = await openSqlite({ dataDir, renderer });
    try {
      const reads = [...posts].map(async (id) => [id, (await engine.post('power', id))?.post.revision ?? 0] as const);
      return new Map(await Promise.all(reads));
    } finally {
      await engine.close();
    }
  }

  /** Acknowledged revisions that the journal lost. */
  async function lost(answered: Map<string, number>): Promise<string[]> {
    const have = await kept(answered.keys());
    return [...answered].flatMap(([id, revision]) => ((have.get(id) ?? 0) < revision ? [id] : []));
  }

  it('has every acknowledged write although everything unsynced is lost', async () => {
    const { answered } = await writeUntilKilled({ dataDir, power, answers: 400 });
    const seen = power.lose();
    expect(seen.write).toBeGreaterThan(100);
    expect(seen['sync-end']).toBeGreaterThan(20);
    expect(seen['dir-sync-end']).toBeGreaterThan(0);
    expect(await lost(answered)).toEqual([]);
  });

  it('has every acknowledged write and no erased text, whatever unsynced data survives', async () => {
    const { answered, erased } = await writeUntilKilled({ dataDir, power, answers: 150 });
    expect(erased.length).toBeGreaterThan(3);
    const first = Date.now() % 2 ** 31;
    for (let seed = first; seed < first + 6; seed++) {
      power.lose({ seed });
      expect(leftOf(dataDir, erased), `seed ${seed}`).toEqual([]);
      expect(await lost(answered), `seed ${seed}`).toEqual([]);
    }
  });

  it('has every acknowledged write from the first append on', async () => {
    const { answered } = await writeUntilKilled({ dataDir, power, answers: 1 });
    power.lose();
    expect(await lost(answered)).toEqual([]);
  });

  it('shares one sync among many authors', async () => {
    const answers = 300;
    const { answered } = await writeUntilKilled({ dataDir, power, answers, authors: 30 });
    const seen = power.lose();
    // With one sync per append there would be at least that many. How many appends share a sync depends on the load of the
    // machine.
    expect(seen['sync-end']).toBeLessThan(answers);
    expect(await lost(answered)).toEqual([]);
  });

  it('loses acknowledged appends in this test if SQLite does not wait for the disk', async () => {
    const { answered } = await writeUntilKilled({ dataDir, power, answers: 100, env: unsynced });
    power.lose();
    const missing = await lost(answered);
    expect(missing.length).toBeGreaterThan(answered.size / 2);
  });

  it('refuses appends as unchanged while the disk is full, and continues when there is room again', async () => {
    const refused: { outcome: string; post: string }[] = [];
    let answeredAgain = 0;
    const { answered } = await writeUntilKilled({
      dataDir,
      power,
      authors: 2,
      // The disk is full only some answers after the request, because the request goes through a file and answers may still be
      // unread.
      onAnswered(count, kill) {
        if (count === 20) power.fail('full', true);
        if (refused.length >= 6) answeredAgain += 1;
        if (answeredAgain === 50) kill();
      },
      onRefused: (one) => refused.push(one) === 6 && power.fail('full', false),
    });
    expect(refused.length).toBeGreaterThanOrEqual(6);
    expect(new Set(refused.map(({ outcome }) => outcome))).toEqual(new Set(['unchanged']));
    expect(await lost(answered)).toEqual([]);
    // The refused write was either the publication, or the revision of an acknowledged post.
    const have = await kept(refused.map(({ post }) => post));
    for (const { post } of refused) expect(have.get(post)).toBe(answered.get(post) ?? 0);
  });

  it.each(['broken', 'stuck'] as const)(
    'keeps what a start found in the log and reported as written, even if its sync was %s when the process was killed',
    async (how) => {
      const post = newPostId();
      await using first = await startAsked({ dataDir, power, post });
      power.fail(how, true);
      const appending = first.ask('append');
      if (how === 'broken') expect(await appending).toMatchObject({ told: 'unknown' });
      else await vi.waitFor(() => expect(leftOf(dataDir, [post])).toEqual([post]));
      await first.kill();
      power.fail(how, false);
      await using second = await startAsked({ dataDir, power, post });
      expect(await second.ask('append')).toMatchObject({ told: 'duplicate' });
      await second.kill();
      power.lose();
      expect(await lost(new Map([[post, 1]]))).toEqual([]);
    },
  );

  it('accepts no write after a failed sync, reports its outcome as unknown, and keeps every acknowledged write', async () => {
    const outcomes: string[] = [];
    const { answered } = await writeUntilKilled({
      dataDir,
      power,
      authors: 2,
      onAnswered: (count) => count === 20 && power.fail('broken', true),
      onRefused: ({ outcome }, kill) => {
        power.fail('broken', false);
        if (outcomes.push(outcome) === 8) kill();
      },
    });
    expect(outcomes[0]).toBe('unknown');
    expect(outcomes.slice(2, 8)).toEqual(Array.from({ length: 6 }, () => 'unchanged'));
    power.lose();
    expect(await lost(answered)).toEqual([]);
  });

  const noMore = {
    told: 'unchanged',
    refusesToWrite: true,
    message: expect.stringMatching(/takes no writes until a restart/),
  };
  const writes = ['append', 'publish', 'delete', 'note', 'reserve', 'revoke'];

  it('refuses every kind of write after a failed sync, reports itself as not ready, and still reads', async () => {
    const post = newPostId();
    await using journal = await startAsked({ dataDir, power, post });
    expect(await journal.ask('publish')).toMatchObject({ told: 'published', announced: 1 });
    power.fail('broken', true);
    expect(await journal.ask('append')).toMatchObject({ told: 'unknown', refusesToWrite: true, announced: 1 });
    power.fail('broken', false);
    for (const what of writes) expect(await journal.ask(what), what).toEqual({ ...noMore, announced: 1 });
    expect(await journal.ask('erase')).toEqual({ told: 'pending', announced: 1 });
    expect(await journal.ask('ready')).toMatchObject({ told: 'unchanged', message: noMore.message });
    expect(await journal.ask('read')).toEqual({ told: 'missing', announced: 1 });
  });

  it('refuses every kind of write if the sync of a checkpoint failed, whose data is in the log', async () => {
    await using journal = await startAsked({ dataDir, power, post: newPostId() });
    power.fail('broken', true, 'journal.db');
    expect(await journal.ask('fill')).toMatchObject({ told: 'filled' });
    power.fail('broken', false);
    for (const what of writes) expect(await journal.ask(what), what).toMatchObject(noMore);
    expect(await journal.ask('ready')).toMatchObject({ told: 'unchanged' });
  });

  it('refuses every kind of write if the sync of an erasure failed, which the next start completes', async () => {
    const post = newPostId();
    {
      await using journal = await startAsked({ dataDir, power, post });
      await journal.ask('append');
      expect(await journal.ask('take down')).toMatchObject({ told: 'appended' });
      power.fail('broken', true);
      expect(await journal.ask('erase')).toMatchObject({ told: 'pending' });
      power.fail('broken', false);
      for (const what of writes) expect(await journal.ask(what), what).toMatchObject(noMore);
      expect(await journal.ask('ready')).toMatchObject({ told: 'unchanged' });
    }
    power.lose();
    await using again = await startAsked({ dataDir, power, post });
    expect(await again.ask('erase')).toMatchObject({ told: 'complete' });
    await again.kill();
    expect(leftOf(dataDir, [post])).toEqual([]);
  });
});
