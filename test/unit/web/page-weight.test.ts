import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { languages } from '../../../client/browser/i18n/languages.ts';
import type { PageData } from '../../../client/browser/view/data.ts';
import { asyncApi } from '../../../src/apidocs/asyncapi.ts';
import { openApi } from '../../../src/apidocs/openapi.ts';
import { assetsDirectory, loadAssets } from '../../../src/web/pages/assets.ts';

/** What a reader's browser loads beside the page itself. Bytes, by the older of the ways in which they are compressed. */
const mostBytes = 35_300;
/** What keeps the page of a post's earlier versions, or of one that was withdrawn, current. Bytes, likewise. */
const mostFollowPostBytes = 1_200;

/** What a page brings its script. A field that does not stand here does not compile. */
const ofPage: Record<keyof PageData, true> = {
  at: true,
  snapshot: true,
  offset: true,
  floor: true,
  ceiling: true,
  newest: true,
  marked: true,
};

const weigh = (address: string) =>
  gzipSync(readFileSync(join(assetsDirectory(), address.replace('/assets/', ''))), { level: 9 }).length;

it('the script and style of the page of a channel weigh less than 35.3 kB together, compressed, in every language', () => {
  const { script, style, words } = loadAssets();
  expect(Object.keys(words).sort()).toEqual(languages.filter((language) => language !== 'en').sort());
  for (const [language, file] of [['en', undefined], ...Object.entries(words)]) {
    const weights = [script, style, ...(file === undefined ? [] : [file])].map(weigh);
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    expect(all, `${language}: ${weights.join(' + ')} bytes`).toBeLessThan(mostBytes);
  }
});

it('the script of what a post said before, and of what was withdrawn, weighs less than 1.2 kB, compressed', () => {
  expect(weigh(loadAssets().followPost)).toBeLessThan(mostFollowPostBytes);
});

it('no field that is given a short name in the scripts of pages is one of the wire, or of what a page tells its script', async () => {
  const { inside } = await import(new URL('../../../scripts/build-pages.mjs', import.meta.url).href);
  const names = new Set<string>();
  const url = 'https://live.example.org';
  JSON.stringify([openApi(url), asyncApi(url)], (name, value) => {
    names.add(name);
    return value;
  });
  for (const name of Object.keys(ofPage)) names.add(name);
  expect([...names]).toEqual(expect.arrayContaining(['offset', 'keyEvents', 'headline']));
  expect([...names].filter((name) => inside.test(name))).toEqual([]);
  expect(inside.test('newestSeq')).toBe(true);
});
