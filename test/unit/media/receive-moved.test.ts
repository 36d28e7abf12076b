import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { receiveMoved } from '../../../src/media/receive-moved.ts';

it('the files of a moved upload may have mediaMovedBytes together', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-moved-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const half = mediaLimits.mediaMovedBytes / 2;
  const files = (...sizes: number[]) =>
    sizes.map((bytes, at) => ({
      ...{ name: `${at + 1}-${bytes}.jpg`, bytes, width: 1 },
      ...({ mimeType: 'image/jpeg', sha256: '0'.repeat(64) } as const),
    }));
  const received = async (...sizes: number[]) => {
    const about = { type: 'image', width: 1, height: 1, durationSeconds: null, uploadedAt: '', by: 'ada' } as const;
    const body = (async function* () {})();
    const renderer = { render: () => Promise.reject(new Error('A picture is not rendered again.')) };
    return await receiveMoved({ ...about, body, files: files(...sizes) }, body, { directory, renderer });
  };
  // The body ends before the first file.
  expect(await received(half, half)).toMatchObject({ status: 'refused', code: 'invalid-body' });
  expect(await received(half, half + 1)).toMatchObject({ status: 'refused', code: 'too-large' });
});
