import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { assetsDirectory, loadAssets } from '../../src/reader/pages/assets.ts';

/** What a reader's browser loads beside the page itself. Bytes, as they are sent over HTTPS. */
const mostBytes = 35_000;

it('the script and style of the page of a channel weigh less than 35 kB together, compressed', () => {
  const { script, style } = loadAssets();
  const weights = [script, style].map((address) => {
    const file = readFileSync(join(assetsDirectory(), address.replace('/assets/', '')));
    return brotliCompressSync(file).length;
  });
  expect(weights[0]! + weights[1]!, `script and style: ${weights.join(' + ')} bytes`).toBeLessThan(mostBytes);
});
