import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { type MediaDirectory, openMediaDirectory } from '../../../src/media/media-directory.ts';
import { mediaUses } from '../../../src/newsroom/uploads.ts';
import type { LinkMedia, UploadedMedia } from '../../../src/protocol/model.ts';
import { exportOf, plainPost, sendTo } from '../../support/authors/transfer.ts';
import { movie } from '../../support/samples/movies.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { isBelow } from '../../support/stores/files-below.ts';

/** Imports of posts with uploads. The directory of uploads is copied to the other server, as when a server is moved. */

const dayMs = 24 * 60 * 60 * 1_000;

interface Place {
  server: TestServer;
  store: MediaDirectory;
  folder: string;
  author: AuthorClient;
  /** Sweeps as two days later. */
  sweepLater(): Promise<void>;
}

async function startPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  let laterMs = 0;
  const store = await openMediaDirectory(folder, { isShared: false, now: () => Date.now() + laterMs });
  const server = await startTestServer({}, { media: store });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  const author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'], admin: true }) });
  const sweepLater = async () => {
    laterMs += 2 * dayMs;
    await store.sweep(mediaUses(server.server.engine, server.url));
  };
  return { server, store, folder, author, sweepLater };
}

const sound = (text: string) => movie({ brand: 'M4A ', tracks: ['soun'], samples: Buffer.from(`the samples of ${text}`) });
const link = (url: string): LinkMedia => ({ type: 'link', url, title: 'Listen' });

const upload = (place: Place, channelId: string, text: string): Promise<UploadedMedia> =>
  place.author.uploadMedia(channelId, new Uint8Array(sound(text)), 'audio/mp4');

const has = ({ folder }: Place, text: string) => isBelow(folder, `the samples of ${text}`);

/** Copies the files of a channel's uploads, without the claims of posts. */
async function copyFiles(from: Place, to: Place, channelId: string): Promise<void> {
  await cp(join(from.folder, channelId), join(to.folder, channelId), { recursive: true });
  await rm(join(to.folder, channelId, 'by-post'), { recursive: true });
  for (const name of await readdir(join(to.folder, channelId))) {
    const claims = join(to.folder, channelId, name, 'claims');
    for (const claim of await readdir(claims).catch(() => [])) await rm(join(claims, claim));
  }
}

const status = async (place: Place, channelId: string, { id }: UploadedMedia) =>
  (await call(`${place.server.url}/media/${channelId}/${id}/audio.m4a`)).status;

it('an import claims the uploads of its posts, and a takedown or an erasure in it erases them', async () => {
  const [source, target] = [await startPlace(), await startPlace()];
  const { id } = (await source.author.createChannel({ headline: 'Harbour fire' })).channel;
  const names = ['used', 'retracted', 'taken down', 'erased earlier', 'of the channel', 'replaced'] as const;
  const uploads = {} as Record<(typeof names)[number], UploadedMedia>;
  for (const name of names) uploads[name] = await upload(source, id, name);
  const publish = async (name: (typeof names)[number]) =>
    (await source.author.publish(id, { headline: name, media: [link(uploads[name].url)] })).post;
  await publish('used');
  const retracted = await publish('retracted');
  await source.author.retract(id, retracted.id, { note: 'It was not so.' });
  const down = await publish('taken down');
  const erased = await publish('erased earlier');
  const replaced = await publish('replaced');
  await source.author.revise(id, replaced.id, 1, { kind: 'update', changes: { media: [] } });

  await copyFiles(source, target, id);
  const before = await exportOf(source.server, id);
  expect(before).not.toContain(source.server.url);
  expect(await sendTo(target.server, before)).toMatchObject({ status: 200, body: { posts: 5, sameHistory: true } });
  await target.sweepLater();
  // The one upload that no entry names is gone.
  const kept = await Promise.all(names.map((name) => has(target, name)));
  expect(kept).toEqual([true, true, true, true, false, true]);
  const statuses = () => Promise.all(names.map((name) => status(target, id, uploads[name])));
  expect(await statuses()).toEqual([200, 404, 200, 200, 404, 404]);

  await source.author.takedown(id, down.id);
  await source.author.revise(id, erased.id, 1, { kind: 'update', changes: { media: [] }, eraseEarlier: true });
  expect(await sendTo(target.server, await exportOf(source.server, id))).toMatchObject({ status: 200, body: { revisions: 2 } });
  expect(await Promise.all(names.map((name) => has(target, name)))).toEqual([true, true, false, false, false, true]);
  expect(await statuses()).toEqual([200, 404, 404, 404, 404, 404]);

  // An export from before the takedown brings nothing back.
  expect(await sendTo(target.server, before)).toMatchObject({ status: 200, body: { revisions: 0 } });
  expect(await statuses()).toEqual([200, 404, 404, 404, 404, 404]);
});

it('a line of another system claims the upload whose address on this server it names', async () => {
  const place = await startPlace();
  const { id } = (await place.author.createChannel({ headline: 'Harbour fire' })).channel;
  const uploaded = await upload(place, id, 'an address');
  const facts = { at: '2026-11-24T12:00:00.000Z', by: 'ruth' };
  const post = plainPost(id, { media: [link(uploaded.files[0]?.url as string)], publishedAt: facts.at });
  const first = `${JSON.stringify({ post, revision: facts })}\n`;
  expect(await sendTo(place.server, first)).toMatchObject({ status: 200, body: { posts: 1 } });
  const retraction = { revision: 2, kind: 'retraction', note: 'No.', ...facts };
  const emptied = { headline: null, body: '', media: [], authors: [], sources: [], derivedFrom: [] };
  const gone = { ...post, ...emptied, keyEvent: false, verification: null, developing: false };
  const second = { ...gone, status: 'retracted', revision: 2, updatedAt: facts.at, history: [retraction] };
  const sent = await sendTo(place.server, `${JSON.stringify({ post: second, revision: { ...facts, kind: 'retraction' } })}\n`);
  expect(sent, JSON.stringify(sent.body)).toMatchObject({ status: 200, body: { revisions: 1 } });
  await place.sweepLater();
  expect(await has(place, 'an address')).toBe(true);
  await place.author.takedown(id, post.id);
  expect(await has(place, 'an address')).toBe(false);
});

it('an import stops with a problem while the store of uploads cannot be used, and continues afterwards', async () => {
  const [source, target] = [await startPlace(), await startPlace()];
  const { id } = (await source.author.createChannel({ headline: 'Harbour fire' })).channel;
  const uploaded = await upload(source, id, 'one');
  await source.author.publish(id, { headline: 'Before' });
  await source.author.publish(id, { media: [link(uploaded.url)] });
  await source.author.publish(id, { headline: 'After' });
  await copyFiles(source, target, id);
  const lines = await exportOf(source.server, id);
  const claims = join(target.folder, id, uploaded.id, 'claims');
  await rm(claims, { recursive: true });
  await writeFile(claims, '');
  const refused = await sendTo(target.server, lines);
  expect([refused.status, refused.body.code, refused.body.imported]).toMatchObject([
    503,
    'media-unavailable',
    { channels: 1, posts: 1, revisions: 2 },
  ]);
  expect(refused.headers.get('retry-after')).not.toBeNull();
  await rm(claims);
  await mkdir(claims);
  expect(await sendTo(target.server, lines)).toMatchObject({ status: 200, body: { posts: 2, revisions: 2, skipped: 2 } });
  expect(await status(target, id, uploaded)).toBe(200);
});
