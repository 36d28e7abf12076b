import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { MediaDirectory } from '../../../src/media/media-directory.ts';
import { MediaUnavailable, type StoredMedia } from '../../../src/media/media-store.ts';
import { Renderer } from '../../../src/media/renderer.ts';
import { box, movie, place, words } from '../../support/samples/movies.ts';
import { openStoreForUploads, patient, stored, upload } from '../../support/samples/uploads.ts';
import { filesBelow } from '../../support/stores/files-below.ts';

let folder: string;
let store: MediaDirectory;
let close: () => PromiseLike<void>;
beforeAll(async () => {
  const opened = await openStoreForUploads();
  ({ folder, store } = opened);
  close = () => opened[Symbol.asyncDispose]();
});
afterAll(() => close());

const channel = 'election-night';
const picture = (width: number, height: number, background = '#2a6') =>
  sharp({ create: { width, height, channels: 3, background } });
const text = (value: string) => Buffer.from(value, 'latin1');

async function fileOf(media: StoredMedia, name = media.name): Promise<Buffer> {
  const file = await store.open(media.channelId, media.id, name);
  if (file === undefined) throw new Error(`There is no ${name}.`);
  return readFile(file.path);
}

/** All bytes that the store has. */
async function everything(): Promise<Buffer> {
  return Buffer.concat((await filesBelow(folder)).map(({ content }) => content));
}

describe('a picture', () => {
  it('is rendered at five widths as WebP and JPEG, none wider than it is', async () => {
    const media = await stored(store, channel, await picture(3_000, 200).jpeg().toBuffer(), 'image/jpeg');
    expect(media).toMatchObject({ type: 'image', name: '1200.jpg', mimeType: 'image/jpeg', width: 2_400, height: 160 });
    expect(media.renditions.map(({ name }) => name)).toEqual(
      [400, 800, 1200, 1600, 2400].flatMap((width) => [`${width}.webp`, `${width}.jpg`]),
    );
    for (const { name, width, mimeType, bytes } of media.renditions) {
      const file = await fileOf(media, name);
      expect(file.length).toBe(bytes);
      expect(await sharp(file).metadata()).toMatchObject({ width, format: mimeType.slice(6) });
    }
    const small = await stored(store, channel, await picture(820, 300).png().toBuffer(), 'image/png');
    expect(small.renditions.map(({ name }) => name)).toEqual(['400.webp', '400.jpg', '820.webp', '820.jpg']);
    expect(small).toMatchObject({ name: '820.jpg', width: 820, height: 300 });
  });

  it('is turned upright and loses its place, its camera and its profile', async () => {
    const marks = ['GPS of the source', 'Camera of the reporter', 'Title in XMP'];
    const exif = {
      IFD0: { Make: marks[1] },
      IFD3: { GPSLatitude: '51/1 30/1 0/1', GPSMapDatum: marks[0] },
    };
    const bytes = await picture(300, 200)
      .withMetadata({ orientation: 6 })
      .withExif(exif as never)
      .withXmp(`<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'>${marks[2]}</x:xmpmeta>`)
      .withIccProfile('p3')
      .jpeg()
      .toBuffer();
    for (const mark of marks) expect(bytes.includes(mark as string)).toBe(true);
    const media = await stored(store, channel, bytes, 'image/jpeg');
    expect(media).toMatchObject({ width: 200, height: 300 });
    for (const { name } of media.renditions) {
      const { exif, xmp, icc, iptc, orientation } = await sharp(await fileOf(media, name)).metadata();
      expect({ exif, xmp, icc, iptc, orientation }).toEqual({});
    }
    const all = await everything();
    // Shorter ones occur in compressed pictures and in ids by chance.
    for (const mark of [...marks, 'Exif\0']) expect(all.includes(mark as string)).toBe(false);
  });

  it('keeps moving as WebP, and has a still JPEG', async () => {
    const frames = await Promise.all(['#f00', '#0f0', '#00f'].map((colour) => picture(60, 40, colour).png().toBuffer()));
    const moving = sharp(frames, { join: { animated: true } });
    for (const [form, bytes] of [
      [
        'gif',
        await moving
          .clone()
          .gif({ delay: [100, 200, 300], loop: 0 })
          .toBuffer(),
      ],
      [
        'webp',
        await moving
          .clone()
          .webp({ delay: [100, 200, 300] })
          .toBuffer(),
      ],
    ] as const) {
      const media = await stored(store, channel, bytes, `image/${form}`);
      expect(media).toMatchObject({ name: '60.jpg', width: 60, height: 40 });
      expect(await sharp(await fileOf(media, '60.webp')).metadata()).toMatchObject({ pages: 3, delay: [100, 200, 300] });
      expect((await sharp(await fileOf(media)).metadata()).pages).toBeUndefined();
    }
  });

  it('becomes sRGB with 8 bits from 16 bits, CMYK, grey and AVIF, on white where it is transparent', async () => {
    const forms: [string, Promise<Buffer>][] = [
      ['png', picture(50, 40).toColourspace('rgb16').png().toBuffer()],
      ['jpeg', picture(50, 40).toColourspace('cmyk').jpeg().toBuffer()],
      ['png', picture(50, 40).greyscale().png().toBuffer()],
      ['avif', picture(64, 48).avif().toBuffer()],
      [
        'png',
        sharp({ create: { width: 9, height: 9, channels: 4, background: '#0000' } })
          .png()
          .toBuffer(),
      ],
    ];
    const seen: Buffer[] = [];
    for (const [form, bytes] of forms) {
      const media = await stored(store, channel, await bytes, `image/${form}`);
      for (const { name } of media.renditions) {
        expect(await sharp(await fileOf(media, name)).metadata()).toMatchObject({ space: 'srgb', depth: 'uchar' });
      }
      seen.push(
        await sharp(await fileOf(media))
          .raw()
          .toBuffer(),
      );
    }
    expect([...(seen.at(-1) as Buffer).subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it('loses an archive behind its end', async () => {
    const bytes = Buffer.concat([await picture(40, 30).jpeg().toBuffer(), text('PK\x03\x04 secret archive')]);
    await stored(store, channel, bytes, 'image/jpeg');
    expect((await everything()).includes('secret archive')).toBe(false);
  });
});

describe('a video or sound', () => {
  it('is stored with its size and duration, and without its place', async () => {
    const video = await stored(store, channel, movie({ after: [box('uuid', 'x'.repeat(16), place)] }), 'video/mp4');
    expect(video).toMatchObject({ type: 'video', name: 'video.mp4', width: 1280, height: 720, durationSeconds: 12.5 });
    expect((await fileOf(video)).includes('samples of the movie')).toBe(true);
    const sound = await stored(store, channel, movie({ brand: 'M4A ', tracks: ['soun'] }), 'audio/mp4');
    expect(sound).toMatchObject({ type: 'audio', name: 'audio.m4a', mimeType: 'audio/mp4', width: null, height: null });
    expect((await everything()).includes(place)).toBe(false);
  });

  it('must be sent as what it has', async () => {
    const refused = { status: 'refused', code: 'wrong-type' };
    expect(await upload(store, channel, movie({ tracks: ['soun'] }), 'video/mp4')).toMatchObject(refused);
    expect(await upload(store, channel, movie(), 'audio/mp4')).toMatchObject(refused);
  });
});

describe('an upload is refused', () => {
  const bomb = Buffer.concat([
    text('\x89PNG\r\n\x1a\n'),
    text('\0\0\0\rIHDR'),
    words(60_000, 60_000),
    text('\b\x02\0\0\0'),
    words(0),
    text('\0\0\0\0IEND'),
    words(0),
  ]);
  it.each<[string, string, string, () => Promise<Buffer> | Buffer]>([
    ['as another type than it is', 'wrong-type', 'image/png', () => picture(9, 9).jpeg().toBuffer()],
    ['as SVG', 'wrong-type', 'image/svg+xml', () => text('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['as HEIC', 'wrong-type', 'image/heic', () => box('ftyp', 'heic', words(0), 'heicmif1')],
    ['as a page', 'wrong-type', 'image/jpeg', () => text('<!doctype html><script>alert(1)</script>')],
    ['if it is empty', 'wrong-type', 'image/jpeg', () => text('')],
    ['if it would decode to 3,600 megapixels', 'too-large', 'image/png', () => bomb],
    ['if it is a JPEG that is cut off', 'media-unreadable', 'image/jpeg', async () => (await noise('jpeg')).subarray(0, 2_000)],
    ['if it is a PNG that is cut off', 'media-unreadable', 'image/png', async () => (await noise('png')).subarray(0, 2_000)],
    ['if it is a WebP that is cut off', 'media-unreadable', 'image/webp', async () => (await noise('webp')).subarray(0, 2_000)],
    ['if it is an AVIF that is cut off', 'media-unreadable', 'image/avif', async () => (await noise('avif')).subarray(0, 2_000)],
    ['if it is a GIF that is cut off', 'media-unreadable', 'image/gif', async () => (await noise('gif')).subarray(0, 2_000)],
    [
      'if it only begins like a picture',
      'media-unreadable',
      'image/jpeg',
      () => Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 2, 1, 2, 3]),
    ],
    ['if it is a video with positions of a camera', 'media-unreadable', 'video/mp4', () => movie({ tracks: ['vide', 'meta'] })],
    ['if it is a video that is cut off', 'media-unreadable', 'video/mp4', () => movie().subarray(0, -5)],
  ])('%s', async (_, code, mimeType, make) => {
    const result = await upload(store, channel, await make(), mimeType);
    expect(result).toEqual({ status: 'refused', code, detail: expect.stringMatching(/\.$/) });
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
  });

  const noise = async (form: 'jpeg' | 'png' | 'webp' | 'avif' | 'gif') =>
    sharp({
      create: { width: 120, height: 90, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
    })
      .toFormat(form)
      .toBuffer();

  it('early, if it is 200 MB, whether it says so or not', async () => {
    let sent = 0;
    const body = () =>
      Readable.from(
        (function* () {
          for (sent = 0; sent < 200; sent += 1) {
            yield sent === 0 ? Buffer.concat([text('\xff\xd8\xff\xe0'), Buffer.alloc(1_048_572)]) : Buffer.alloc(1_048_576);
          }
        })(),
        { objectMode: true, highWaterMark: 1 },
      );
    const told = await store.add(channel, { body: body(), mimeType: 'image/jpeg', length: 200 * 1_048_576, by: 'reporter' });
    expect(told).toMatchObject({ status: 'refused', code: 'too-large' });
    expect(sent).toBeLessThan(5);
    const untold = await store.add(channel, { body: body(), mimeType: 'image/jpeg', length: undefined, by: 'reporter' });
    expect(untold).toMatchObject({ status: 'refused', code: 'too-large' });
    expect(sent).toBeLessThan(25);
    expect(await readdir(join(folder, '.incoming'))).toEqual([]);
  });

  it('if its body breaks off or is shorter than declared', async () => {
    const bytes = await picture(40, 30).jpeg().toBuffer();
    const broken = Readable.from(
      (async function* () {
        yield bytes.subarray(0, 100);
        throw new Error('The connection was lost.');
      })(),
    );
    for (const body of [broken, Readable.from([bytes])]) {
      const result = await store.add(channel, { body, mimeType: 'image/jpeg', length: 99_999, by: 'reporter' });
      expect(result).toMatchObject({ status: 'refused', code: 'invalid-body' });
    }
  });
});

it('says that processing is unavailable, not that the file is damaged, if files cannot be written', async () => {
  const renderer = new Renderer(patient);
  onTestFinished(() => renderer.close());
  const file = join(folder, 'whole.jpg');
  await writeFile(file, await picture(40, 30).jpeg().toBuffer());
  const task = { kind: 'jpeg', file, directory: join(folder, 'missing'), sha256: '', by: 'reporter' } as const;
  await expect(renderer.render(task)).rejects.toThrow(MediaUnavailable);
  expect(await renderer.render({ ...task, directory: folder })).toMatchObject({ status: 'rendered' });
});
