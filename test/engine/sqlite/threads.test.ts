import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reachability } from '../../../src/journal/engine.ts';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';
import { createChannel, openTempEngine, publish, type TempEngine } from '../../support/stores/engines.ts';

describe('a thread of the journal that dies', () => {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker) => void workers.push(worker);
  let temp: TempEngine;
  const reaches: Reachability[] = [];
  beforeEach(async () => {
    workers.length = 0;
    reaches.length = 0;
    process.on('worker', onWorker);
    temp = await openTempEngine({});
    temp.engine.onReachability((reach) => void reaches.push(reach));
  });
  afterEach(async () => {
    process.off('worker', onWorker);
    await temp[Symbol.asyncDispose]();
  });

  it.each([
    ['writer', 0],
    ['reader', 1],
  ] as const)('is restarted: the %s', async (_name, index) => {
    const { engine } = temp;
    const { id } = await createChannel(engine);
    const { seq } = await publish(engine, id);
    await workers[index]?.terminate();
    await vi.waitFor(() => expect(reaches.map(({ reachable }) => reachable)).toEqual([false, true]));
    expect((await publish(engine, id)).seq).toBe(seq + 1);
    const journal = await engine.journal(id, { from: 1, limit: 10 });
    expect(journal?.entries.map(({ offset }) => offset)).toEqual([1, 2, 3]);
  });

  it('leaves the outcome of a write under way unknown, and a repeated request completes it', async () => {
    const { engine } = temp;
    const { id } = await createChannel(engine);
    const written = publish(engine, id).then(
      () => 'done',
      (error: { outcome: string }) => error.outcome,
    );
    await workers[0]?.terminate();
    expect(['done', 'unknown', 'unchanged']).toContain(await written);
    await vi.waitFor(() => engine.ready());
    await publish(engine, id);
  });

  it('refuses tokens whose revocation was on disk when it died, although the revocation was not answered', async () => {
    const { engine, dataDir } = temp;
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    db.exec("INSERT INTO revoked (jti, until) VALUES ('committed', NULL)");
    db.close();
    expect(engine.isRevoked('committed')).toBe(false);
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(reaches.map(({ reachable }) => reachable)).toEqual([false, true]));
    expect(engine.isRevoked('committed')).toBe(true);
  });

  it('has waitingCalls calls wait, and refuses one more as unchanged', async () => {
    const { engine } = temp;
    const read = () => engine.post('moon', 'no-post');
    const waiting = Array.from({ length: sqliteLimits.waitingCalls }, read);
    await expect(read()).rejects.toMatchObject({ outcome: 'unchanged', message: expect.stringMatching(/Too many calls/) });
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([undefined]));
  });

  it('finishes an erasure that was on disk when it died, without another request', async () => {
    using db = new DatabaseSync(join(temp.dataDir, 'journal.db'));
    db.exec("INSERT INTO owed (channelId, postId, n) VALUES ('moon', 'committed', NULL)");
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(db.prepare('SELECT * FROM owed').all()).toEqual([]));
  });

  it('creates no new journal if the file is missing at the restart, and continues when the file is restored', async () => {
    const { engine, dataDir } = temp;
    const { id } = await createChannel(engine);
    const [file, elsewhere] = [join(dataDir, 'journal.db'), join(dataDir, 'elsewhere')];
    renameSync(file, elsewhere);
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(workers.length).toBeGreaterThan(3));
    expect(existsSync(file)).toBe(false);
    await expect(publish(engine, id)).rejects.toMatchObject({ outcome: 'unchanged', message: `The journal ${file} is gone.` });
    renameSync(elsewhere, file);
    await vi.waitFor(() => engine.ready());
    await publish(engine, id);
  });

  it('is not restarted while the journal closes', async () => {
    await workers[0]?.terminate();
    await temp.engine.close();
    expect(workers.filter(({ threadId }) => threadId !== -1)).toEqual([]);
  });
});
