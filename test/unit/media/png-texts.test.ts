import { expect, it } from 'vitest';
import { bytesOf } from '../../../src/media/byte-source.ts';
import { hideTexts } from '../../../src/media/png-texts.ts';
import { pngChunk, pngTypes, withPngChunks } from '../../support/samples/png-chunks.ts';

const plain = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  pngChunk('IHDR', Buffer.alloc(13)),
  ...[pngChunk('IDAT', Buffer.from('pixels')), pngChunk('IEND', Buffer.alloc(0))],
]);

async function hidden(picture: Buffer): Promise<Buffer> {
  const after = Buffer.from(picture);
  const write = async (bytes: Buffer, offset: number, length: number, at: number) => {
    bytes.copy(after, at, offset, offset + length);
    return { bytesWritten: length, buffer: bytes };
  };
  await hideTexts({ write } as unknown as Parameters<typeof hideTexts>[0], bytesOf(picture));
  return after;
}

it('texts of a PNG, and colour profiles after the first, become chunks that no decoder knows', async () => {
  const types = ['iCCP', 'tEXt', 'zTXt', 'eXIf', 'iTXt', 'iCCP', 'tRNS'];
  const picture = withPngChunks(
    plain,
    types.map((type) => pngChunk(type, Buffer.from(`content of ${type}`))),
  );
  const kept = ['IHDR', 'iCCP', 'skIp', 'skIp', 'eXIf', 'skIp', 'skIp', 'tRNS', 'IDAT', 'IEND'];
  expect(pngTypes(await hidden(picture))).toEqual(kept);
});

it('a PNG that is cut off or without texts is not changed', async () => {
  expect((await hidden(plain)).equals(plain)).toBe(true);
  const cut = withPngChunks(plain, [pngChunk('tEXt', Buffer.alloc(99))]).subarray(0, 80);
  expect((await hidden(cut)).equals(cut)).toBe(true);
});
