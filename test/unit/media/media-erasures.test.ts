import { access, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { IncomingUploads } from '../../../src/media/incoming-uploads.ts';
import { MediaClaims } from '../../../src/media/media-claims.ts';
import { MediaErasures } from '../../../src/media/media-erasures.ts';
import { MediaFacts } from '../../../src/media/media-facts.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { MediaPaths } from '../../../src/media/media-paths.ts';
import type { MediaUses } from '../../../src/media/media-store.ts';

const now = Date.parse('2026-11-25T12:00:00Z');
const hourMs = 3_600_000;
const nothingUsed: MediaUses = {
  isDeleted: async () => false,
  isUsed: async () => false,
  ofPost: async () => [],
  forbid: async () => undefined,
};
const about = '{"sha256":"00"}';
const id = (letter: string) => letter.repeat(22);

async function opened() {
  const root = await mkdtemp(join(tmpdir(), 'pressbox-erasures-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const paths = new MediaPaths(root);
  await mkdir(paths.at('.erasing'));
  const clock = () => now;
  const erasures = new MediaErasures({
    paths,
    claims: new MediaClaims(paths, clock),
    incoming: new IncomingUploads(paths, { isShared: true, now: clock }),
    facts: new MediaFacts(paths),
    now: clock,
  });
  return {
    sweep: (uses: Partial<MediaUses> = {}) => erasures.sweep({ ...nothingUsed, ...uses }),
    async make(name: string, ageMs: number, text = '') {
      await mkdir(dirname(paths.at(name)), { recursive: true });
      await writeFile(paths.at(name), text);
      await utimes(paths.at(name), (now - ageMs) / 1_000, (now - ageMs) / 1_000);
    },
    isThere: (name: string) =>
      access(paths.at(name)).then(
        () => true,
        () => false,
      ),
  };
}

it('what is left of an unfinished upload is deleted when it is older than mediaIncomingHours', async () => {
  const { make, sweep, isThere } = await opened();
  await make('.incoming/fresh', mediaLimits.mediaIncomingHours * hourMs);
  await make('.incoming/old', mediaLimits.mediaIncomingHours * hourMs + 1);
  await sweep();
  expect([await isThere('.incoming/fresh'), await isThere('.incoming/old')]).toEqual([true, false]);
});

it('an expected erasure is forgotten when it is older than mediaPendingMs', async () => {
  const { make, sweep, isThere } = await opened();
  await make('.pending/moon~fresh', mediaLimits.mediaPendingMs);
  await make('.pending/moon~old', mediaLimits.mediaPendingMs + 1);
  await sweep();
  expect([await isThere('.pending/moon~fresh'), await isThere('.pending/moon~old')]).toEqual([true, false]);
});

it('an upload that nothing uses is deleted when it is older than mediaOrphanHours, and no other', async () => {
  const { make, sweep, isThere } = await opened();
  const orphanMs = mediaLimits.mediaOrphanHours * hourMs;
  await make(`moon/${id('a')}/about.json`, orphanMs, about);
  await make(`moon/${id('b')}/about.json`, orphanMs + 1, about);
  await make(`moon/${id('c')}/about.json`, orphanMs + 1, about);
  await sweep({ isUsed: async (_channelId, used) => used === id('c') });
  expect(await Promise.all(['a', 'b', 'c'].map((letter) => isThere(`moon/${id(letter)}`)))).toEqual([true, false, true]);
});

it('a claim keeps an old upload for mediaOrphanHours, and longer once the journal confirms it', async () => {
  const { make, sweep, isThere } = await opened();
  const orphanMs = mediaLimits.mediaOrphanHours * hourMs;
  const claims = { a: orphanMs, b: orphanMs + 1, c: orphanMs + 1, d: 9 * orphanMs };
  for (const [letter, ageMs] of Object.entries(claims)) {
    await make(`moon/${id(letter)}/about.json`, 9 * orphanMs, about);
    await make(`moon/${id(letter)}/claims/post-1`, ageMs, letter === 'd' ? 'c' : '');
  }
  await sweep({ ofPost: async () => [id('c')] });
  expect(await Promise.all(Object.keys(claims).map((letter) => isThere(`moon/${id(letter)}`)))).toEqual([
    true,
    false,
    true,
    true,
  ]);
});
