import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { channelKeys } from '../../../src/journal/redis/keys.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { startRedis } from '../../support/stores/redis.ts';

const secret = 'a secret that the script knows as well, of 32 bytes';

/** Runs deploy/systemd/pressbox-verify.sh in `folder`, as its unit does. */
function night(folder: string, env: Record<string, string>): Promise<{ code: number; err: string }> {
  const script = join(root, 'deploy/systemd/pressbox-verify.sh');
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(':');
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, PATH: path, ...env } };
    execFile('sh', ['-c', 'umask 077; exec "$@"', 'sh', script, join(root, 'bin/pressbox.mjs')], options, (error, _, err) =>
      resolve({ code: error ? Number(error.code) : 0, err }),
    );
  });
}

it('the nightly timer exports every channel, drops what was erased, and fails until somebody accepts that a channel is gone', async () => {
  await using server = await startServerProcess({ env: { PRESSBOX_JWT_SECRET: secret } });
  const token = await server.token({ editor: ['*'], admin: true });
  const [one, two] = [await createChannel(server, token), await createChannel(server, token)];
  const { post } = await publish(server, token, one.id, { headline: 'Smoke over pier four' });
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-nightly-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const env = { PRESSBOX_URL: server.url, PRESSBOX_JWT_SECRET: secret, PRESSBOX_DATA_DIR: server.dataDir };
  const exports = () => readdir(join(folder, 'exports'));
  const exported = () => readFile(join(folder, 'exports', `${one.id}.ndjson`), 'utf8');

  expect((await night(folder, env)).code).toBe(0);
  expect(await exports()).toEqual([one.id, two.id].map((id) => `${id}.ndjson`).sort());
  expect(await exported()).toContain('Smoke over pier four');

  await write(server, token, { path: `/v1/channels/${one.id}/posts/${post.id}/takedown`, body: {} });
  await write(server, token, { method: 'DELETE', path: `/v1/channels/${two.id}` });
  const { code, err } = await night(folder, env);
  expect([code, err]).toEqual([1, expect.stringMatching(`"channelId":"${two.id}".*no longer exists`)]);
  expect(await exports()).toEqual([`${one.id}.ndjson`]);
  expect(await exported()).not.toContain('Smoke over pier four');
  const [, from = '', to = ''] = /To accept what it found: mv (\S+) (\S+)/.exec(err) ?? [];
  await rename(from, to);
  expect((await night(folder, env)).code).toBe(0);

  const metrics = join(folder, 'pressbox-verify.prom');
  const before = await readFile(metrics, 'utf8');
  expect(before).toMatch(/^pressbox_verify_faults 0$/m);
  expect((await stat(metrics)).mode & 0o777).toBe(0o644);

  await server.stop();
  expect((await night(folder, env)).code).toBe(1);
  // A verification that could not be made is no newer one: the alert on an old one rings.
  expect(await readFile(metrics, 'utf8')).toBe(before);
  expect(await exports()).toEqual([`${one.id}.ndjson`]);
});

it('the nightly timer archives what ended if its operator wants it, and does not miss it in the next night', async () => {
  await using server = await startServerProcess({ env: { PRESSBOX_JWT_SECRET: secret } });
  const token = await server.token({ editor: ['*'], admin: true });
  const [live, ended] = [await createChannel(server, token), await createChannel(server, token)];
  await write(server, token, { method: 'PATCH', path: `/v1/channels/${ended.id}`, body: { state: 'ended' }, ifMatch: '*' });
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-nightly-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const env = { PRESSBOX_URL: server.url, PRESSBOX_JWT_SECRET: secret, PRESSBOX_DATA_DIR: server.dataDir };
  const exports = () => readdir(join(folder, 'exports'));

  expect((await night(folder, { ...env, ARCHIVE_AFTER: '0d' })).code).toBe(0);
  expect((await exports()).toSorted()).toEqual([live.id, ended.id].map((id) => `${id}.ndjson`).toSorted());
  expect((await readdir(join(folder, 'archive'))).toSorted()).toEqual(['archive.lock', ended.id].toSorted());
  expect((await call(`${server.url}/v1/channels/${ended.id}`)).status).toBe(410);
  expect(await readFile(join(folder, 'pressbox-archive.prom'), 'utf8')).toMatch(/^pressbox_archive_channels 1$/m);

  const { code, err } = await night(folder, env);
  expect([code, err]).toEqual([0, expect.not.stringContaining('no longer exists')]);
  expect(await exports()).toEqual([`${live.id}.ndjson`]);
  expect(await readdir(join(folder, 'archive', ended.id))).toContain(`${ended.id}.ndjson`);
});

describeWith(needs.redis, 'the nightly timer on Redis', (binary) => {
  it('keeps the last export of a channel that is damaged, and fails', async () => {
    await using redis = await startRedis(binary);
    await using server = await startServerProcess({ env: { PRESSBOX_JWT_SECRET: secret, PRESSBOX_REDIS_URL: redis.url } });
    const token = await server.token({ editor: ['*'], admin: true });
    const [whole, damaged] = [await createChannel(server, token), await createChannel(server, token)];
    await publish(server, token, damaged.id, { headline: 'Smoke over pier four' });
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-nightly-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const env = { PRESSBOX_URL: server.url, PRESSBOX_JWT_SECRET: secret };
    const files = [whole.id, damaged.id].map((id) => `${id}.ndjson`).sort();
    expect([(await night(folder, env)).code, await readdir(join(folder, 'exports'))]).toEqual([0, files]);

    await redis.admin.del(channelKeys(damaged.id)[3] as string);
    await vi.waitFor(async () => expect((await call(`${server.url}/v1/channels`)).body).toMatchObject({ complete: false }));
    expect([(await night(folder, env)).code, await readdir(join(folder, 'exports'))]).toEqual([1, files]);
  });
});
