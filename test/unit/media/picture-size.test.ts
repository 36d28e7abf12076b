import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../src/media/byte-source.ts';
import type { PictureKind } from '../../../src/media/media-kind.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { pictureSize, sizeRefusal } from '../../../src/media/picture-size.ts';
import { box, words } from '../../support/samples/movies.ts';

const latin = (text: string) => Buffer.from(text, 'latin1');
const size = (kind: PictureKind, ...parts: (string | Buffer)[]) =>
  pictureSize(kind, bytesOf(Buffer.concat(parts.map((part) => (typeof part === 'string' ? latin(part) : part)))));

const png = (width: number, height: number) => ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', words(width, height), '\b\x02\0\0\0'] as const;
const jpegFrame = '\xff\xc2\0\x11\b\x01\x02\x03\x04\x03';
const gifFrame = (left: string, width: string) => `,${left}\0\0${width}\x05\0\0\x02\x01\x00\0`;
const ispe = (width: number, height: number) => box('ispe', words(0, width, height));
const avif = (...properties: Buffer[]) =>
  Buffer.concat([
    box('ftyp', 'avif', words(0), 'avif'),
    box('meta', words(0), box('iprp', box('ipco', ...properties))),
    box('mdat', 'data'),
  ]);

describe('the size of a picture', () => {
  it('is read from its header', async () => {
    expect(await size('png', ...png(60_000, 40_000))).toEqual({ width: 60_000, height: 40_000, frames: 1, pixelBytes: 3 });
    expect(await size('jpeg', '\xff\xd8', '\xff\xe1\0\x06Exif', '\xff\xff\xdb\0\x03x', jpegFrame)).toEqual({
      width: 0x304,
      height: 0x102,
      frames: 1,
      pixelBytes: 4,
    });
    expect(await size('webp', 'RIFF\0\0\0\0WEBPVP8 \x10\0\0\0\0\0\0\x9d\x01\x2a\x40\x41\x30\0')).toMatchObject({
      width: 0x140,
      height: 0x30,
    });
    expect(await size('webp', 'RIFF\0\0\0\0WEBPVP8L\x10\0\0\0\x2f\x3f\xc1\x05\0\0\0\0\0')).toMatchObject({
      width: 320,
      height: 24,
    });
    expect(await size('avif', avif(ispe(64, 64), ispe(4_000, 3_000), ispe(512, 512)))).toMatchObject({
      width: 4_000,
      height: 3_000,
    });
  });

  it('says how many bytes a pixel has once it is decoded', async () => {
    const bytesOfPng = async (depth: number, colourType: number) =>
      (await size('png', png(5, 5)[0], words(5, 5), Buffer.from([depth, colourType])))?.pixelBytes;
    expect(await Promise.all([0, 2, 3, 4, 6].map((colourType) => bytesOfPng(8, colourType)))).toEqual([1, 3, 4, 2, 4]);
    expect(await Promise.all([0, 2, 4, 6].map((colourType) => bytesOfPng(16, colourType)))).toEqual([2, 6, 4, 8]);
    const av1C = (flags: number) => box('av1C', Buffer.from([0x81, 0x04, flags, 0]));
    expect(await size('avif', avif(av1C(0x0c), ispe(64, 64)))).toMatchObject({ pixelBytes: 4 });
    expect(await size('avif', avif(ispe(64, 64), av1C(0x4c)))).toMatchObject({ pixelBytes: 8 });
  });

  it('counts frames, and what they need beyond the screen', async () => {
    const screen = 'GIF89a\x0a\0\x05\0\0\0\0';
    expect(await size('gif', screen, gifFrame('\0\0', '\x0a\0'), ';')).toEqual({
      width: 10,
      height: 5,
      frames: 1,
      pixelBytes: 4,
    });
    const moving = ['!\xf9\x04\0\0\0\0\0', gifFrame('\0\0', '\x0a\0'), gifFrame('\0\x10', '\x0a\0'), ';'];
    expect(await size('gif', screen, ...moving)).toEqual({ width: 0x100a, height: 5, frames: 2, pixelBytes: 4 });
    const chunk = (name: string, bytes: number) => [name, Buffer.from([bytes, 0, 0, 0]), 'x'.repeat(bytes + (bytes % 2))];
    const webp = [
      'RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x1f\0\0\x0f\0\0',
      ...chunk('ANIM', 6),
      ...chunk('ANMF', 7),
      ...chunk('ANMF', 2),
    ];
    expect(await size('webp', ...webp)).toEqual({ width: 32, height: 16, frames: 2, pixelBytes: 4 });
  });

  it('is unknown if the header is malformed or cut off', async () => {
    expect(await size('png', ...png(0, 5))).toBeUndefined();
    expect(await size('png', '\x89PNG\r\n\x1a\n')).toBeUndefined();
    expect(await size('jpeg', '\xff\xd8\xff\xda\0\x02', jpegFrame)).toBeUndefined();
    expect(await size('jpeg', '\xff\xd8\xff\xe1\xff\xff')).toBeUndefined();
    expect(await size('gif', 'GIF89a\x0a\0\x05\0\0\0\0;')).toBeUndefined();
    expect(await size('webp', 'RIFF\0\0\0\0WEBPVP9 and nothing known')).toBeUndefined();
    expect(await size('avif', avif())).toBeUndefined();
    expect(await size('avif', words(99), 'meta')).toBeUndefined();
  });

  it('is read of a JPEG with as many as pictureParts segments', async () => {
    const segment = latin('\xff\xe1\0\x02');
    // The frame has a head and a size.
    const jpegOf = (segments: number) => size('jpeg', '\xff\xd8', Buffer.alloc(segments * segment.length, segment), jpegFrame);
    expect(await jpegOf(mediaLimits.pictureParts - 2)).toMatchObject({ frames: 1 });
    expect(await jpegOf(mediaLimits.pictureParts - 1)).toBeUndefined();
  });

  it('is read of a JPEG with endless segments only so far', async () => {
    expect(await size('jpeg', '\xff\xd8', Buffer.alloc(2_000_000, latin('\xff\xe1\0\x02')))).toBeUndefined();
  });
});

describe('the limits of a picture', () => {
  it.each([
    [{ width: 7_750, height: 7_741, frames: 1, pixelBytes: 4 }, undefined],
    [{ width: mediaLimits.pictureSidePixels, height: 1, frames: 1, pixelBytes: 4 }, undefined],
    [{ width: 1, height: mediaLimits.pictureSidePixels, frames: 1, pixelBytes: 4 }, undefined],
    [{ width: mediaLimits.pictureSidePixels + 1, height: 1, frames: 1, pixelBytes: 4 }, /A side may have 16,383/],
    [{ width: 1, height: mediaLimits.pictureSidePixels + 1, frames: 1, pixelBytes: 4 }, /A side may have 16,383/],
    [{ width: 10_000, height: mediaLimits.picturePixels / 10_000, frames: 1, pixelBytes: 4 }, undefined],
    [{ width: 10_000, height: mediaLimits.picturePixels / 10_000 + 1, frames: 1, pixelBytes: 4 }, /It may have 60 megapixels/],
    [{ width: 10_000, height: mediaLimits.pictureDecodedBytes / 80_000, frames: 1, pixelBytes: 8 }, undefined],
    [
      { width: 10_000, height: mediaLimits.pictureDecodedBytes / 80_000 + 1, frames: 1, pixelBytes: 8 },
      /It may have 30 megapixels/,
    ],
    [{ width: 5, height: 5, frames: mediaLimits.movingPictureFrames, pixelBytes: 4 }, undefined],
    [{ width: 5, height: 5, frames: mediaLimits.movingPictureFrames + 1, pixelBytes: 4 }, /more than 1,000 frames/],
    [{ width: 10_000, height: mediaLimits.movingPicturePixels / 20_000, frames: 2, pixelBytes: 4 }, undefined],
    [
      { width: 10_000, height: mediaLimits.movingPicturePixels / 20_000 + 1, frames: 2, pixelBytes: 4 },
      /100 megapixels together/,
    ],
    [{ width: 60_000, height: 60_000, frames: 1, pixelBytes: 4 }, /A side may have 16,383/],
    [{ width: 8_000, height: 7_501, frames: 1, pixelBytes: 4 }, /It may have 60 megapixels/],
    [{ width: 500, height: 200, frames: 1_000, pixelBytes: 4 }, undefined],
    [{ width: 5, height: 5, frames: 1_001, pixelBytes: 4 }, /more than 1,000 frames/],
    [{ width: 1_000, height: 1_000, frames: 101, pixelBytes: 4 }, /100 megapixels together/],
  ])('%o', (picture, refusal) => {
    if (refusal === undefined) expect(sizeRefusal(picture)).toBeUndefined();
    else expect(sizeRefusal(picture)).toMatch(refusal);
  });
});
