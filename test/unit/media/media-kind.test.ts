import { describe, expect, it } from 'vitest';
import { bytesMost, judgeKind, type MediaKind } from '../../../src/media/media-kind.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { box, words } from '../../support/samples/movies.ts';

const ftyp = (...brands: string[]) => box('ftyp', brands[0] ?? '', words(0), ...brands);
const heads = {
  'image/jpeg': Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  'image/png': Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  'image/webp': Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'),
  'image/gif': Buffer.from('GIF89a'),
  'image/avif': ftyp('avif', 'mif1'),
  'video/mp4': ftyp('isom', 'mp41'),
  'audio/mp4': ftyp('M4A ', 'isom'),
};

it('an upload may have mediaPictureBytes, mediaVideoBytes or mediaSoundBytes, depending on its type', () => {
  const { mediaPictureBytes, mediaVideoBytes, mediaSoundBytes } = mediaLimits;
  const most = (mimeType: keyof typeof heads) => {
    const judgement = judgeKind(heads[mimeType], mimeType) as { kind: MediaKind };
    return bytesMost(judgement.kind);
  };
  for (const picture of ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'] as const)
    expect([picture, most(picture)]).toEqual([picture, mediaPictureBytes]);
  expect([most('video/mp4'), most('audio/mp4')]).toEqual([mediaVideoBytes, mediaSoundBytes]);
});

describe('the type of an upload', () => {
  it.each(Object.entries(heads))('is recognised by its first bytes: %s', (mimeType, head) => {
    expect(judgeKind(head, mimeType)).toEqual({ kind: expect.any(String) });
    expect(judgeKind(head, `${mimeType.toUpperCase()}; a=b`)).toEqual(judgeKind(head, mimeType));
  });

  it('must be the declared one', () => {
    for (const [mimeType, head] of Object.entries(heads)) {
      for (const other of [...Object.keys(heads), 'text/html', 'application/octet-stream', '']) {
        // An MP4 file may hold only sound. Its tracks decide.
        if (other === mimeType || (mimeType === 'video/mp4' && other === 'audio/mp4')) continue;
        expect([mimeType, other, judgeKind(head, other)]).toEqual([
          mimeType,
          other,
          { refusal: expect.stringMatching(/was sent as/) },
        ]);
      }
    }
  });

  it.each([
    ['<svg xmlns="http://www.w3.org/2000/svg">', 'image/png'],
    ['\uFEFF <?xml version="1.0"?><!-- a --><SVG >', 'image/png'],
    ['<x:svg xmlns:x="http://www.w3.org/2000/svg">', 'image/jpeg'],
    ['anything', 'image/svg+xml'],
  ])('is refused as SVG: %s', (text, mimeType) => {
    expect(judgeKind(Buffer.from(text), mimeType)).toEqual({ refusal: expect.stringMatching(/^SVG .* PNG or WebP\.$/) });
  });

  it('is refused as HEIC or QuickTime with what helps', () => {
    for (const brands of [['heic', 'mif1'], ['mif1', 'heic'], ['mif1'], ['hevc']]) {
      expect(judgeKind(ftyp(...brands), 'image/jpeg')).toEqual({ refusal: expect.stringMatching(/^HEIC .* JPEG/) });
    }
    expect(judgeKind(ftyp('qt  '), 'video/quicktime')).toEqual({ refusal: expect.stringMatching(/\.mov.* MP4/) });
  });

  it('is refused if it is unknown, short or empty', () => {
    for (const text of ['', 'x', '%PDF-1.7', 'PK\x03\x04', '<html>', '\0\0\0\x18ftyp', 'II*\0']) {
      expect(judgeKind(Buffer.from(text, 'latin1'), 'image/jpeg')).toEqual({ refusal: expect.stringMatching(/no known type/) });
    }
  });
});
