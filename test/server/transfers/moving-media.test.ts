import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import { Renderer } from '../../../src/media/renderer.ts';
import { mediaUses } from '../../../src/newsroom/uploads.ts';
import type { StoredUpload, UploadedMedia } from '../../../src/protocol/model.ts';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { movie } from '../../support/samples/movies.ts';
import { patient } from '../../support/samples/uploads.ts';
import { run } from '../../support/servers/command.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** `pressbox export --media` and `pressbox import --media`: a coverage moves to another server with its pictures. */

const dayMs = 24 * 60 * 60 * 1_000;

interface Place {
  server: TestServer;
  author: AuthorClient;
  token: string;
  mediaFolder: string;
  /** Sweeps as two days later. */
  sweepLater(): Promise<void>;
  command(...argv: string[]): Promise<{ code: number; out: string; err: string }>;
}

async function startPlace(): Promise<Place> {
  const mediaFolder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  let laterMs = 0;
  const store = await openMediaDirectory(mediaFolder, {
    isShared: false,
    now: () => Date.now() + laterMs,
    renderer: new Renderer(patient),
  });
  const server = await startTestServer({}, { media: store });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await store.close();
    await rm(mediaFolder, { recursive: true, force: true });
  });
  const token = await server.token({ editor: ['*'], admin: true });
  return {
    server,
    token,
    mediaFolder,
    author: new AuthorClient({ url: server.url, token }),
    async sweepLater() {
      laterMs += 2 * dayMs;
      await store.sweep(mediaUses(server.server.engine, server.url));
    },
    async command(...argv) {
      const running = run(argv, { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: token });
      return { code: await running.code, out: running.out, err: running.err };
    },
  };
}

const picture = (shade: number) =>
  sharp({ create: { width: 900, height: 600, channels: 3, background: { r: shade, g: 20, b: 40 } } })
    .png()
    .toBuffer();
const sound = (text: string) => movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(`the samples of ${text}`) });
const soundLink = ({ url }: UploadedMedia) => ({ type: 'link' as const, url, title: 'Listen' });

let folder: string;
let source: Place;
let target: Place;
let id: string;
let shown: UploadedMedia;
let heard: UploadedMedia;
let head: UploadedMedia;
let retracted: UploadedMedia;
let soundPost: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pressbox-moving-media-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  [source, target] = await Promise.all([startPlace(), startPlace()]);
  const { author } = source;
  id = (await author.createChannel({ headline: 'Harbour fire' })).channel.id;
  shown = await author.uploadMedia(id, new Uint8Array(await picture(200)), 'image/png');
  head = await author.uploadMedia(id, new Uint8Array(await picture(100)), 'image/png');
  heard = await author.uploadMedia(id, new Uint8Array(sound('a siren')), 'audio/mp4');
  retracted = await author.uploadMedia(id, new Uint8Array(sound('a rumour')), 'audio/mp4');
  await author.uploadMedia(id, new Uint8Array(sound('nobody uses')), 'audio/mp4');
  await author.publish(id, { media: [{ type: 'image', url: shown.url, alt: 'Flames' }] });
  soundPost = (await author.publish(id, { media: [soundLink(heard)] })).post.id;
  const rumour = await author.publish(id, { media: [soundLink(retracted)] });
  await author.retract(id, rumour.post.id, { note: 'It was not so.' });
  await author.updateChannel(id, '*', { picture: { url: head.url, alt: 'The harbour' } });
});

const file = () => join(folder, 'fire.ndjson');
const uploads = () => join(folder, 'uploads');
const exporting = () => source.command('export', id, '--output', file(), '--media', uploads());
const importing = () => target.command('import', file(), '--media', uploads());
const bytesOf = async ({ server }: Place, { id: media }: UploadedMedia, name: string) => {
  const answer = await fetch(`${server.url}/media/${id}/${media}/${name}`);
  return answer.ok ? Buffer.from(await answer.arrayBuffer()) : answer.status;
};

describe('a coverage with uploads', () => {
  it('is moved with what its posts use, byte for byte, and can be moved again', async () => {
    expect(await exporting()).toMatchObject({ code: 0, err: expect.stringContaining(`3 uploads are in ${uploads()}.`) });
    const names = (await readdir(join(uploads(), id))).sort();
    expect(names).toEqual(['uploads.ndjson', shown.id, heard.id, head.id].sort());
    expect(await importing()).toMatchObject({ code: 0, out: expect.stringContaining('3 uploads sent.') });
    expect(await exportOf(target.server, id)).toBe(await exportOf(source.server, id));

    await target.sweepLater();
    for (const [media, name] of [
      [shown, '800.webp'],
      [shown, '900.jpg'],
      [head, '900.webp'],
      [heard, 'audio.m4a'],
    ] as const) {
      const bytes = await bytesOf(target, media, name);
      expect(bytes, name).toBeInstanceOf(Buffer);
      expect(bytes).toEqual(await bytesOf(source, media, name));
    }
    const { body } = await call(`${target.server.url}/v1/channels/${id}/snapshot`);
    expect(JSON.stringify(body)).toContain(`${target.server.url}/media/${id}/${shown.id}/900.jpg`);

    expect(await exporting()).toMatchObject({ code: 0 });
    expect(await importing()).toMatchObject({ code: 0, out: expect.stringContaining('3 uploads already existed.') });
  });

  it('keeps the promises of posts after the move: a takedown erases, and an older export brings nothing back', async () => {
    await exporting();
    await importing();
    await target.author.takedown(id, soundPost);
    const kept = async () => {
      const names = await readdir(join(target.mediaFolder, id));
      return [shown, heard, head].map((media) => names.includes(media.id));
    };
    expect(await kept()).toEqual([true, false, true]);
    expect(await importing()).toMatchObject({ code: 0, out: expect.stringContaining('1 upload skipped, because no published') });
    expect(await kept()).toEqual([true, false, true]);
  });

  it('loses the picture of the channel after it was replaced, but not one that a post uses', async () => {
    const replacing = async (url: string) => source.author.updateChannel(id, '*', { picture: { url, alt: 'Smoke' } });
    await replacing(shown.url);
    await replacing((await source.author.uploadMedia(id, new Uint8Array(await picture(50)), 'image/png')).url);
    await source.sweepLater();
    const names = await readdir(join(source.mediaFolder, id));
    expect([head, shown, heard].map((media) => names.includes(media.id))).toEqual([false, true, true]);
  });

  it('leaves a folder without what was withdrawn since the export before', async () => {
    await exporting();
    await source.author.takedown(id, soundPost);
    expect(await exporting()).toMatchObject({ code: 0, err: expect.stringContaining('2 uploads are in') });
    expect(await readdir(join(uploads(), id))).not.toContain(heard.id);
  });

  it('continues an export and an import that were interrupted', async () => {
    await exporting();
    await rm(join(uploads(), id, shown.id, '400.jpg'));
    await writeFile(join(uploads(), id, heard.id, 'audio.m4a'), 'half a file');
    await rm(join(uploads(), id, 'uploads.ndjson'));
    expect(await exporting()).toMatchObject({ code: 0, err: expect.stringContaining('3 uploads are in') });

    await writeFile(join(uploads(), id, heard.id, 'audio.m4a'), 'half a file');
    const damaged = await importing();
    expect([damaged.code, damaged.out]).toEqual([1, expect.stringContaining(`were changed:\n  ${heard.id}`)]);
    await exporting();
    const { code, out } = await importing();
    expect([code, out]).toEqual([0, expect.stringContaining('1 upload sent.\n2 uploads already existed.')]);
  });

  it('names an upload whose file is gone on the server', async () => {
    await rm(join(source.mediaFolder, id, shown.id, '400.webp'));
    const { code, err } = await exporting();
    expect([code, err]).toEqual([1, expect.stringContaining(shown.id)]);
  });
});

describe('the uploads of a channel over HTTP', () => {
  const at = (place: Place, path = '') => `${place.server.url}/v1/channels/${id}/media${path}`;

  it('are listed for editors, page by page, with their hashes', async () => {
    const all: StoredUpload[] = [];
    for (let page: string | null = ''; page !== null; ) {
      const { status, body } = await call(`${at(source)}?limit=2${page && `&page=${page}`}`, { token: source.token });
      expect(status).toBe(200);
      const answer = body as { media: StoredUpload[]; next: string | null };
      all.push(...answer.media);
      page = answer.next;
    }
    expect(all.map((one) => one.id)).toEqual(all.map((one) => one.id).sort());
    expect(
      all
        .filter(({ isUsed }) => isUsed)
        .map((one) => one.id)
        .sort(),
    ).toEqual([shown.id, head.id, heard.id].sort());
    expect(all).toHaveLength(5);
    for (const { sha256 } of all.flatMap(({ files }) => files)) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const author = await source.server.token({ author: ['*'] });
    expect((await call(at(source), { token: author })).status).toBe(403);
    expect((await call(at(source))).status).toBe(401);
  });

  it('are taken from administrators, whole, as they were announced, and only if posts use them', async () => {
    await exporting();
    await sendTo(target.server, await readFile(file()));
    const { id: media, ...line } = JSON.parse(
      (await readFile(join(uploads(), id, 'uploads.ndjson'), 'utf8')).split('\n').find((one) => one.includes(heard.id)) ?? '',
    );
    const bytes = await readFile(join(uploads(), id, media, 'audio.m4a'));
    const headers = { 'content-type': 'application/vnd.pressbox.media' };
    const send = async (first: object, rest: Buffer, { as = target.token, to = media } = {}) => {
      const body = Buffer.concat([Buffer.from(`${JSON.stringify(first)}\n`), rest]);
      const answer = await call(at(target, `/${to}`), { method: 'POST', token: as, headers, body });
      return [answer.status, (answer.body as { code?: string }).code];
    };
    const [{ sha256, ...named }] = line.files;
    const editor = await target.server.token({ editor: ['*'] });
    expect(await send(line, bytes, { as: editor })).toEqual([403, 'forbidden']);
    expect(await send(line, bytes, { to: retracted.id })).toEqual([404, 'not-found']);
    expect(await send(line, bytes, { to: 'nonsense' })).toEqual([404, 'not-found']);
    expect(await send(line, bytes.subarray(1))).toEqual([400, 'invalid-body']);
    expect(await send(line, Buffer.concat([bytes, Buffer.from('x')]))).toEqual([400, 'invalid-body']);
    expect(await send({ ...line, files: [{ ...named, sha256: '0'.repeat(64) }] }, bytes)).toEqual([400, 'invalid-body']);
    expect(await send({ ...line, files: [{ ...named, sha256, name: '../../x.m4a' }] }, bytes)).toEqual([400, 'invalid-body']);
    expect(await send({ ...line, type: 'video' }, bytes)).toEqual([415, 'wrong-type']);
    expect(await send({ ...line, by: 'x'.repeat(20_000) }, bytes)).toEqual([400, 'invalid-body']);
    const large = { ...line, files: [{ ...named, sha256, bytes: 300 * 1024 * 1024 }] };
    expect(await send(large, bytes)).toEqual([413, 'too-large']);
    expect(await readdir(join(target.mediaFolder, '.incoming'))).toEqual([]);
    expect(await send(line, bytes)).toEqual([200, undefined]);
    expect(await send(line, Buffer.alloc(0))).toEqual([200, undefined]);
  });
});
