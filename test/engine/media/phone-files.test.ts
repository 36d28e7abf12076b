import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MediaDirectory } from '../../../src/media/media-directory.ts';
import { movie } from '../../support/samples/movies.ts';
import { phoneMovie, phonePicture, placeIn, placesOfMovie, placesOfPicture } from '../../support/samples/phone-files.ts';
import { openStoreForUploads, stored, upload } from '../../support/samples/uploads.ts';
import { filesBelow } from '../../support/stores/files-below.ts';

/** Files of phones, whose places nobody may learn. */

let folder: string;
let store: MediaDirectory;
let close: () => PromiseLike<void>;
beforeAll(async () => {
  const opened = await openStoreForUploads();
  ({ folder, store } = opened);
  close = () => opened[Symbol.asyncDispose]();
});
afterAll(() => close());

/** All bytes that the store has, and the names of its files. */
async function everything(): Promise<Buffer> {
  const files = await filesBelow(folder);
  return Buffer.concat(files.flatMap(({ path, content }) => [content, Buffer.from(basename(path)), Buffer.from('\n')]));
}

/** Texts that belong to places, whatever the place. */
const tellTales = ['+48.8577', 'ISO6709', 'loci', '\u00a9xyz', 'GPMF', 'SDLN', 'Exif', 'xmpmeta', '8BIM', 'Photoshop', 'earth'];
async function left(places: readonly string[]): Promise<string[]> {
  const bytes = await everything();
  return [...places, ...tellTales].filter((text) => bytes.includes(Buffer.from(text, 'latin1')));
}

it('a video loses its place wherever phones and cameras write it, and keeps its samples', async () => {
  const bytes = phoneMovie();
  expect(placesOfMovie.filter((place) => !bytes.includes(place))).toEqual([]);
  const { name, channelId, id } = await stored(store, 'videos', bytes, 'video/mp4');
  expect(await left(placesOfMovie)).toEqual([]);
  const file = await store.open(channelId, id, name);
  expect((await readFile(file?.path ?? '')).includes('samples of the phone')).toBe(true);
});

it('a video with a track of places is refused', async () => {
  const bytes = movie({ tracks: ['vide', 'meta'], samples: Buffer.from(placeIn('a track')) });
  const refused = { status: 'refused', code: 'media-unreadable', detail: expect.stringContaining('positions of a camera') };
  expect(await upload(store, 'videos', bytes, 'video/mp4')).toEqual(refused);
  expect(await left([placeIn('a track')])).toEqual([]);
});

it('a picture loses its place in Exif, XMP, IPTC, its thumbnail and the video behind it', async () => {
  const bytes = await phonePicture();
  expect(placesOfPicture.filter((place) => !bytes.includes(place))).toEqual([]);
  // The library that renders pictures finds them too, so the file is one that programs read.
  const found = await sharp(bytes).metadata();
  expect(found).toMatchObject({ width: 640, exif: expect.anything(), xmp: expect.anything(), iptc: expect.anything() });
  const media = await stored(store, 'pictures', bytes, 'image/jpeg');
  expect(media).toMatchObject({ width: 640, height: 480 });
  expect(await left(placesOfPicture)).toEqual([]);
  for (const { name } of media.renditions) {
    const file = await store.open('pictures', media.id, name);
    const { exif, xmp, iptc, icc, tifftagPhotoshop } = await sharp(file?.path).metadata();
    expect({ exif, xmp, iptc, icc, tifftagPhotoshop }).toEqual({});
  }
});
