import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { UploadedMedia } from '../../../src/protocol/model.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { movie } from '../../support/samples/movies.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { isBelow } from '../../support/stores/files-below.ts';

/** Erasures of uploads that a crash interrupts, on a real directory. */

it('a deletion of a channel that a crash interrupts is finished at the next start', async () => {
  await using server = await startServerProcess();
  const token = await server.token({ editor: ['*'], admin: true });
  const { id } = await createChannel(server, token);
  const { id: other } = await createChannel(server, token);
  const folder = join(server.dataDir, 'media');
  const has = (text: string) => isBelow(folder, text);
  for (const [channelId, text] of [
    [id, 'sound of the deleted'],
    [other, 'sound of another'],
  ] as const) {
    const body = movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(text) });
    const url = `${server.url}/v1/channels/${channelId}/media`;
    const answer = await call(url, { method: 'POST', token, body, headers: { 'content-type': 'audio/mp4' } });
    expect(answer.status, answer.text).toBe(201);
    const { media } = answer.body as { media: UploadedMedia };
    await publish(server, token, channelId, { media: [{ type: 'link', url: media.url, title: 'Listen' }] });
    expect(await has(text)).toBe(true);
  }

  // The store fails after the journal has deleted the channel: it cannot move the files away.
  await rm(join(folder, '.erasing'), { recursive: true });
  await writeFile(join(folder, '.erasing'), '');
  const deletion = { method: 'DELETE', token };
  const answer = await call(`${server.url}/v1/channels/${id}`, deletion);
  expect(answer.status, answer.text).toBe(202);
  expect(answer.body).toMatchObject({ erasure: { complete: false, pending: [{ where: 'media' }] } });
  await server.kill();
  expect(await has('sound of the deleted')).toBe(true);
  await rename(join(folder, '.erasing'), join(folder, '.incoming', 'file'));
  await mkdir(join(folder, '.erasing'));

  await server.start();
  await vi.waitFor(async () => expect(await readdir(folder)).not.toContain(id), { timeout: 20_000 });
  await vi.waitFor(async () => expect(await has('sound of the deleted')).toBe(false), { timeout: 20_000 });
  expect(await has('sound of another')).toBe(true);
  expect((await call(`${server.url}/v1/channels/${id}`, deletion)).status).toBe(204);
});

it('a server does not start with a directory of uploads that it cannot use, and names the setting', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, '.erasing'), '');
  const lines: string[] = [];
  const starting = startServerProcess({ env: { PRESSBOX_MEDIA_DIR: folder }, onLine: (line) => lines.push(line) });
  await expect(starting).rejects.toThrow(/PRESSBOX_MEDIA_DIR/);
});
