import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { allPosts, createChannel, publish } from '../../support/authors/writers.ts';
import { run } from '../../support/servers/command.ts';
import { startServerProcess } from '../../support/servers/process.ts';

const ended = async (...argv: string[]) => {
  const command = run(argv, {});
  return { code: await command.code, out: command.out, err: command.err };
};

it('pressbox backup copies the journal of a server that is being written to, and a server starts on the copy', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'pressbox-backup-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, 'copy');
  await using server = await startServerProcess();
  const token = await server.token({ admin: true });
  const { id } = await createChannel(server, token);
  const before: string[] = [];
  for (let count = 0; count < 20; count += 1) before.push((await publish(server, token, id, { body: `Post ${count}.` })).post.id);

  // Authors publish for as long as the copy is made.
  let isOver = false;
  let during = 0;
  const publishing = (async () => {
    for (; !isOver; during += 1) await publish(server, token, id, { body: 'word '.repeat(5_000) });
  })();
  const { code, err } = await ended('backup', folder, '--data-dir', server.dataDir);
  isOver = true;
  await publishing;
  expect(code, err).toBe(0);
  expect(err).toMatch(/^The journal, [\d,]+ bytes, was copied to .*copy\.$/m);
  expect(during).toBeGreaterThan(0);
  const file = (await readdir(folder)).find((name) => name.startsWith('journal')) ?? '';
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);

  const verified = await ended('verify', '--data-dir', folder);
  expect(verified.code, verified.out).toBe(0);
  const again = await ended('backup', folder, '--data-dir', server.dataDir);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('There is a journal in') });

  await using restored = await startServerProcess({ dataDir: folder });
  const ids = new Set((await allPosts(restored, id)).map((post) => post.id));
  expect(before.filter((one) => !ids.has(one))).toEqual([]);
}, 120_000);

it('pressbox backup says that there is no journal, and leaves nothing behind', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'pressbox-backup-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const { code, err } = await ended('backup', join(parent, 'copy'), '--data-dir', join(parent, 'missing'));
  expect([code, err]).toEqual([1, expect.stringContaining('There is no journal in')]);
  expect(await readdir(parent)).toEqual([]);
});
