import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type MediaDirectory, openMediaDirectory } from '../../../src/media/media-directory.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { MediaUnavailable } from '../../../src/media/media-store.ts';
import { Renderer } from '../../../src/media/renderer.ts';
import { photograph } from '../../support/samples/photographs.ts';
import { pngChunk, withPngChunks } from '../../support/samples/png-chunks.ts';
import { patient, stored, upload } from '../../support/samples/uploads.ts';

async function open(renderer = new Renderer(patient)): Promise<{ store: MediaDirectory; renderer: Renderer; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-renderer-'));
  const store = await openMediaDirectory(folder, { isShared: false, renderer });
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { store, renderer, folder };
}

const small = (background = '#123') =>
  sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
/** Takes some hundred milliseconds at least. */
const slow = () =>
  sharp({ create: { width: 4_000, height: 3_000, channels: 3, background: '#456' } })
    .jpeg()
    .toBuffer();
/** Also on a fast machine its decoding takes longer than `rendererWatchMs`, because interlaced pixels are spread over the file. */
const slowToDecode = () =>
  sharp({ create: { width: 9_000, height: 6_500, channels: 3, background: '#456' } })
    .png({ progressive: true, compressionLevel: 1 })
    .toBuffer();
/** Resolves when so many uploads wait or are being rendered. */
const inWork = (folder: string, count = 1) =>
  vi.waitFor(async () => {
    const paths = await readdir(join(folder, '.incoming'), { recursive: true });
    expect(paths.filter((path) => /^[^/]+\/[^/.]+~[^/.]+$/.test(path))).toHaveLength(count);
  });

it('refuses the upload in work if the decoder is killed, and the same content that waits, and goes on with the others', async () => {
  const { store, renderer, folder } = await open();
  await stored(store, 'a', await small(), 'image/png');
  const killed = renderer.pid as number;
  const bytes = await slow();
  const first = upload(store, 'a', bytes, 'image/jpeg');
  await inWork(folder);
  const same = upload(store, 'b', bytes, 'image/jpeg');
  const other = upload(store, 'b', await small('#fff'), 'image/png');
  await inWork(folder, 3);
  process.kill(killed, 'SIGKILL');
  const refused = { status: 'refused', code: 'media-unreadable', detail: expect.stringMatching(/decoder failed/) };
  expect([await first, await same]).toEqual([refused, refused]);
  expect(await other).toMatchObject({ status: 'added' });
  expect(renderer.pid).not.toBe(killed);
  expect(await readdir(join(folder, '.incoming'))).toEqual([]);
});

it.each([
  ['takes too long', new Renderer({ jobMs: 50 }), /takes too long/],
  ['needs too much memory', new Renderer({ bytes: 1 }), /too much memory/],
  ['needs too much processor time to decode', new Renderer({ decodeMs: 10 }), /too long to decode/],
])('kills the decoder if an upload %s, and refuses that upload', async (_, renderer, detail) => {
  const { store } = await open(renderer);
  const result = await upload(store, 'a', await slowToDecode(), 'image/png');
  expect(result).toEqual({ status: 'refused', code: 'media-unreadable', detail: expect.stringMatching(detail) });
  await vi.waitFor(() => expect(renderer.pid).toBeUndefined());
});

it('waits for one upload and rendererQueue more, and refuses a further one', async () => {
  const renderer = new Renderer(patient);
  const task = { kind: 'png', file: '/nowhere', directory: '/nowhere', sha256: '', by: 'ada' } as const;
  const waiting = Array.from({ length: mediaLimits.rendererQueue + 1 }, () => renderer.render(task).catch(String));
  await expect(renderer.render(task)).rejects.toThrow('Too many uploads');
  await renderer.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([expect.stringContaining('The server is ending')]));
});

it('lets authors take turns', async () => {
  const renderer = new Renderer(patient);
  onTestFinished(() => renderer.close());
  const ended: string[] = [];
  const send = async (by: string, name: string) => {
    const task = { kind: 'png', file: '/nowhere', directory: '/nowhere', sha256: name, by } as const;
    await expect(renderer.render(task)).rejects.toThrow('cannot be used now');
    ended.push(name);
  };
  await Promise.all([send('eve', 'first'), send('eve', 'second'), send('eve', 'third'), send('ada', 'another author')]);
  expect(ended).toEqual(['first', 'second', 'another author', 'third']);
});

it('does not decompress the texts of a PNG', async () => {
  const { store } = await open(new Renderer({ ...patient, decodeMs: 1_000 }));
  const text = pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(59_000_000))]));
  const bytes = withPngChunks(await small(), Array(90).fill(text));
  expect(await upload(store, 'a', bytes, 'image/png')).toMatchObject({ status: 'added', media: { width: 8 } });
});

describe('the decoder', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('is given up if it is not ready within rendererStartMs', async () => {
    const { store, renderer } = await open();
    const waiting = upload(store, 'a', await small(), 'image/png').catch((error: unknown) => error);
    await vi.waitFor(() => expect(renderer.pid).toBeDefined(), { interval: 1 });
    process.kill(renderer.pid as number, 'SIGSTOP');
    vi.advanceTimersByTime(mediaLimits.rendererStartMs);
    expect(await waiting).toBeInstanceOf(MediaUnavailable);
    expect(renderer.pid).toBeUndefined();
  });

  it('ends when it was not used for rendererIdleMs', async () => {
    const { store, renderer } = await open();
    await stored(store, 'a', await small(), 'image/png');
    vi.advanceTimersByTime(mediaLimits.rendererIdleMs - 1);
    expect(renderer.pid).toBeDefined();
    vi.advanceTimersByTime(1);
    expect(renderer.pid).toBeUndefined();
  });
});

it.skipIf(process.platform !== 'linux')(
  'runs at a lower priority than the server, without the environment, and ends first without memory',
  async () => {
    const { store, renderer } = await open();
    await stored(store, 'a', await small(), 'image/png');
    const about = (name: string) => readFile(`/proc/${renderer.pid}/${name}`, 'utf8');
    expect((await about('environ')).split('\0').filter((line) => !/^(?:$|VIPS_|MALLOC_|NODE_CHANNEL_)/.test(line))).toEqual([]);
    expect((await about('stat')).split(') ')[1]?.split(' ')[16]).toBe('5');
    expect(await about('oom_score_adj')).toBe('1000\n');
  },
);

it('fails what waits when the store is closed, so that it can be sent again', async () => {
  const { store, renderer, folder } = await open();
  const waiting = upload(store, 'a', await slow(), 'image/jpeg').catch((error: unknown) => error);
  await inWork(folder);
  await store.close();
  expect(await waiting).toBeInstanceOf(MediaUnavailable);
  expect(renderer.pid).toBeUndefined();
  await expect(upload(store, 'a', await small(), 'image/png')).rejects.toThrow(MediaUnavailable);
});

it('answers others while it renders', async () => {
  const { store } = await open();
  await stored(store, 'a', await small(), 'image/png');
  const rendering = upload(store, 'a', await slow(), 'image/jpeg');
  let [isOver, turns] = [false, 0];
  void rendering.finally(() => {
    isOver = true;
  });
  for (; !isOver; turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(await rendering).toMatchObject({ status: 'added' });
  expect(turns).toBeGreaterThan(20);
});

it('makes files for a phone of less than 80 kB, even of a dense portrait that has no width but its own for one', async () => {
  const { store } = await open();
  const { renditions } = await stored(store, 'a', await photograph(870, 1_160, 20), 'image/jpeg');
  expect(renditions.map(({ name }) => name)).toEqual(['400.webp', '400.jpg', '870.webp', '870.jpg']);
  for (const { name, bytes } of renditions) expect(bytes, name).toBeLessThan(80_000);
  for (const { name, bytes } of renditions.slice(2)) expect(bytes, name).toBeGreaterThan(30_000);
});
