import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { UploadedMedia } from '../../../src/protocol/model.ts';
import { createChannel, publish, writeAndErase } from '../../support/authors/writers.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { movie } from '../../support/samples/movies.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { isBelow } from '../../support/stores/files-below.ts';
import { type RedisServer, startRedis } from '../../support/stores/redis.ts';

/** Two servers, one with two workers, that share a Redis and a directory of uploads. */

const secret = 'a secret that both nodes know, of 32 bytes or more';
const patient = { timeout: 30_000, interval: 50 };
const sound = (text: string) => movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(`the samples of ${text}`) });

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `two servers with one directory of uploads on one ${kind}`, (binary) => {
    let redis: RedisServer;
    let folder: string;
    let [a, b]: ServerProcess[] = [];
    let token: string;
    beforeAll(async () => {
      redis = await startRedis(binary);
      folder = await mkdtemp(join(tmpdir(), 'pressbox-shared-media-'));
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret, PRESSBOX_MEDIA_DIR: folder };
      [a, b] = await Promise.all([startServerProcess({ env }), startServerProcess({ env: { ...env, PRESSBOX_WORKERS: '2' } })]);
      token = await a.token({ editor: ['*'], admin: true });
    });
    afterAll(async () => {
      await Promise.all([a?.[Symbol.asyncDispose](), b?.[Symbol.asyncDispose]()]);
      await redis?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function upload(server: ServerProcess, channelId: string, text: string): Promise<UploadedMedia> {
      const headers = { 'content-type': 'audio/mp4' };
      const url = `${server.url}/v1/channels/${channelId}/media`;
      const answer = await call(url, { method: 'POST', token, body: sound(text), headers });
      expect(answer.status, answer.text).toBeLessThan(202);
      return (answer.body as { media: UploadedMedia }).media;
    }
    const use = (server: ServerProcess, channelId: string, { url }: UploadedMedia) =>
      publish(server, token, channelId, { media: [{ type: 'link', url, title: 'Listen' }] });
    /** The status for a reader. Each request is a new connection, so that it may reach another worker. */
    const status = async (server: ServerProcess, channelId: string, { id }: UploadedMedia) =>
      (await call(`${server.url}/media/${channelId}/${id}/audio.m4a`, { headers: { connection: 'close' } })).status;
    /** The statuses that both nodes answer. The second is asked several times, because it has several workers. */
    const everywhere = async (channelId: string, media: UploadedMedia) =>
      [...new Set(await Promise.all([a!, b!, b!, b!, b!, b!, b!].map((server) => status(server, channelId, media))))].sort();
    const has = (text: string) => isBelow(folder, `the samples of ${text}`);

    it('show an upload to either on both, and at once on none after a takedown on one', async () => {
      const { id } = await createChannel(a!, token);
      for (const [from, to] of [
        [a!, b!],
        [b!, a!],
      ] as const) {
        const text = `an upload to ${from === a ? 'the first' : 'the second'}`;
        const media = await upload(from, id, text);
        expect(await everywhere(id, media)).toEqual([404]);
        const { post } = await use(to, id, media);
        await vi.waitFor(async () => expect(await everywhere(id, media)).toEqual([200]), patient);
        const path = `/v1/channels/${id}/posts/${post.id}/takedown`;
        const down = await writeAndErase(from, token, { path, body: {} });
        expect(await everywhere(id, media)).toEqual([404]);
        expect(down.erasure).toMatchObject({ complete: true, pending: [] });
        expect(await has(text)).toBe(false);
      }
    });

    it('show it on none after a retraction, and 410 after the deletion of the channel', async () => {
      const { id } = await createChannel(a!, token);
      const media = await upload(a!, id, 'a retracted post');
      const { post } = await use(a!, id, media);
      await vi.waitFor(async () => expect(await everywhere(id, media)).toEqual([200]), patient);
      const retraction = { method: 'POST', token, body: { note: 'It was not so.' }, headers: { 'if-match': '*' } };
      expect((await call(`${b!.url}/v1/channels/${id}/posts/${post.id}/retraction`, retraction)).status).toBe(200);
      await vi.waitFor(async () => expect(await everywhere(id, media)).toEqual([404]), patient);
      await use(b!, id, media);
      await vi.waitFor(async () => expect(await everywhere(id, media)).toEqual([200]), patient);
      await vi.waitFor(async () => {
        const answer = await call(`${b!.url}/v1/channels/${id}`, { method: 'DELETE', token });
        expect(answer.status).toBe(204);
      }, patient);
      expect(await everywhere(id, media)).toEqual([410]);
      expect(await has('a retracted post')).toBe(false);
    });

    it('sweep at once when they start, finish what was left, and keep what is used', async () => {
      const { id } = await createChannel(a!, token);
      const { id: gone } = await createChannel(a!, token);
      const used: UploadedMedia[] = [];
      for (let number = 0; number < 8; number += 1) {
        const media = await upload(number % 2 === 0 ? a! : b!, id, `used ${number}.`);
        await use(a!, id, media);
        used.push(media);
      }
      await vi.waitFor(async () => {
        const answer = await call(`${a!.url}/v1/channels/${gone}`, { method: 'DELETE', token });
        expect(answer.status).toBe(204);
      }, patient);
      await Promise.all([a!.stop(), b!.stop()]);
      // As after crashes: files of a deleted channel, a medium that was moved away, and erasures that may not have happened.
      for (let number = 0; number < 20; number += 1) {
        const left = join(folder, gone, String(number).padStart(22, 'x'));
        await mkdir(join(left, 'claims'), { recursive: true });
        await writeFile(join(left, 'audio.m4a'), `the samples of what was left ${number}`);
        const moved = join(folder, '.erasing', `${id}~${String(number).padStart(22, 'y')}`);
        await mkdir(join(moved, 'claims'), { recursive: true });
        await writeFile(join(moved, 'audio.m4a'), `the samples of what was left ${number}`);
      }
      for (const { id: postId } of await postsOf()) await writeFile(join(folder, '.pending', `${id}~${postId}`), '');
      await Promise.all([a!.start(), b!.start()]);
      await vi.waitFor(async () => expect(await has('what was left')).toBe(false), patient);
      await vi.waitFor(async () => expect(await readdir(folder)).not.toContain(gone), patient);
      for (const media of used) expect(await everywhere(id, media)).toEqual([200]);
      const files = await Promise.all(used.map((_, number) => has(`used ${number}.`)));
      expect(files).toEqual(used.map(() => true));

      async function postsOf(): Promise<{ id: string }[]> {
        return (await readdir(join(folder, id, 'by-post'))).map((name) => ({ id: name }));
      }
    });

    it('take the same file once or twice if it is sent to both at once, and erase it with the last post', async () => {
      const { id } = await createChannel(a!, token);
      const uploads = await Promise.all([a!, b!, a!, b!].map((server) => upload(server, id, 'one file')));
      const posts = await Promise.all(uploads.map((media, at) => use(at < 2 ? a! : b!, id, media)));
      for (const { post } of posts) {
        expect(await has('one file')).toBe(true);
        await writeAndErase(b!, token, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
      }
      expect(await has('one file')).toBe(false);
    });
  });
}
