import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../src/engine/embedded/index.ts';
import { renderer } from '../support/engines.ts';
import { noPowercut, type Power, watchPower } from '../support/powercut/powercut.ts';

const reason = noPowercut();
const support = new URL('../support/powercut/', import.meta.url);
const unsynced = { NODE_OPTIONS: `--import ${pathToFileURL(fileURLToPath(new URL('unsynced.mjs', support)))}` };

describe.skipIf(reason !== undefined)(`the embedded journal after a power cut${reason ? ` (not here: ${reason})` : ''}`, () => {
  let parent: string;
  let dataDir: string;
  let power: Power;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'pressbox-powercut-'));
    // Not made beforehand: that it lasts is part of what is tested.
    dataDir = join(parent, 'data');
    power = watchPower(parent);
  });
  afterEach(() => {
    power[Symbol.dispose]();
    rmSync(parent, { recursive: true, force: true });
  });

  /**
   * Runs authors until `answers` of their appends were answered, then kills them. Returns the highest revision answered of each post, and
   * the posts whose erasure was answered as complete.
   */
  async function writeUntilKilled(answers: number, env: Record<string, string> = {}, authors = 4) {
    const script = fileURLToPath(new URL('appender.ts', support));
    const child: ChildProcess = spawn(process.execPath, [script, dataDir, 'power', String(authors)], {
      env: { ...process.env, ...power.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const answered = new Map<string, number>();
    const erased: string[] = [];
    let count = 0;
    for await (const line of createInterface({ input: child.stdout! })) {
      const [post, revision] = line.split(' ');
      if (revision === undefined) continue;
      if (post === 'erased') {
        erased.push(revision);
        continue;
      }
      answered.set(post as string, Number(revision));
      if (++count === answers) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { answered, erased };
  }

  /** Erased posts of which some file still holds the text. Nothing has the files open. */
  function leftOf(erased: string[]): string[] {
    const files = readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name)));
    return erased.filter((id) => files.some((bytes) => bytes.includes(`text of ${id}`)));
  }

  /** Answered revisions that the journal no longer has. Opening it verifies every chain. */
  async function lost(answered: Map<string, number>): Promise<string[]> {
    const engine = await openEmbedded({ dataDir, renderer });
    try {
      const posts = await Promise.all([...answered.keys()].map((id) => engine.post('power', id)));
      return [...answered].flatMap(([id, revision], index) => ((posts[index]?.post.revision ?? 0) < revision ? [id] : []));
    } finally {
      await engine.close();
    }
  }

  it('has everything that was answered, though all that was not synced is gone', async () => {
    const { answered } = await writeUntilKilled(400);
    const seen = power.lose();
    expect(seen.write).toBeGreaterThan(100);
    expect(seen['sync-end']).toBeGreaterThan(20);
    expect(seen['dir-sync-end']).toBeGreaterThan(0);
    expect(await lost(answered)).toEqual([]);
  });

  it('has everything that was answered and nothing that was erased, whatever of the rest survives', async () => {
    const { answered, erased } = await writeUntilKilled(150);
    expect(erased.length).toBeGreaterThan(3);
    const first = Date.now() % 2 ** 31;
    for (let seed = first; seed < first + 6; seed++) {
      power.lose({ seed });
      expect(leftOf(erased), `seed ${seed}`).toEqual([]);
      expect(await lost(answered), `seed ${seed}`).toEqual([]);
    }
  });

  it('has everything that was answered from the first append on', async () => {
    const { answered } = await writeUntilKilled(1);
    power.lose();
    expect(await lost(answered)).toEqual([]);
  });

  it('syncs once for many authors', async () => {
    const { answered } = await writeUntilKilled(300, {}, 30);
    const seen = power.lose();
    expect(seen['sync-end']).toBeLessThan(answered.size / 2);
    expect(await lost(answered)).toEqual([]);
  });

  it('would be found to have lost answered appends, did SQLite not wait for the disk', async () => {
    const { answered } = await writeUntilKilled(100, unsynced);
    power.lose();
    const missing = await lost(answered).catch(() => [...answered.keys()]);
    expect(missing.length).toBeGreaterThan(answered.size / 2);
  });

  it('refuses appends while the disk is full, tells that nothing changed, and goes on when it no longer is', async () => {
    const script = fileURLToPath(new URL('appender.ts', support));
    const child = spawn(process.execPath, [script, dataDir, 'power', '2'], {
      env: { ...process.env, ...power.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const refused: { outcome: string; post: string }[] = [];
    const answered = new Map<string, number>();
    let since: number | undefined;
    for await (const line of createInterface({ input: child.stdout! })) {
      const [first, rest] = line.split(' ');
      if (first === 'refused') {
        refused.push(JSON.parse(rest as string));
        if (refused.length === 6) {
          power.setFull(false);
          since = answered.size;
        }
      } else if (rest !== undefined && first !== 'erased') {
        answered.set(first as string, Number(rest));
        if (answered.size === 20) power.setFull(true);
        if (since !== undefined && answered.size > since + 20) child.kill('SIGKILL');
      }
    }
    expect(new Set(refused.map(({ outcome }) => outcome))).toEqual(new Set(['unchanged']));
    expect(await lost(answered)).toEqual([]);
    const engine = await openEmbedded({ dataDir, renderer });
    const twice = new Set(answered.keys());
    for (const { post } of refused) {
      const read = await engine.post('power', post);
      expect(read?.post.revision ?? 0).toBe(twice.has(post) ? 1 : 0);
    }
    await engine.close();
  });
});
