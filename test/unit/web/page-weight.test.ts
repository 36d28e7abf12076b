import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { languages } from '../../../client/browser/i18n/languages.ts';
import type { PageData } from '../../../client/browser/view/data.ts';
import { asyncApi } from '../../../src/apidocs/asyncapi.ts';
import { openApi } from '../../../src/apidocs/openapi.ts';
import { assetsDirectory, fileOf, loadAssets, loadDeskFiles } from '../../../src/web/pages/assets.ts';

/** The script and style of a channel page in bytes, gzipped. */
const mostBytes = 36_500;
/** The words of a language other than English, which only its readers load, in bytes, gzipped. */
const mostWordsBytes = 2_000;
/** The script that keeps a withdrawn post or its list of versions current, in bytes, gzipped. */
const mostFollowPostBytes = 1_200;
/** The most bytes, gzipped, of the code for a reader who returns, and for one who opens a gallery or a post of another site. */
const mostPartBytes = { 'missed-changes.js': 2_000, 'opened-media.js': 4_000 };
/** What the desk needs to write, in bytes, gzipped. The rest is loaded after a press. */
const mostDeskBytes = 220_000;

/** The fields that a page passes to its script. A missing field does not compile. */
const ofPage: Record<keyof PageData, true> = {
  at: true,
  snapshot: true,
  offset: true,
  floor: true,
  ceiling: true,
  newest: true,
  marked: true,
  embeds: true,
};

const weigh = (address: string) =>
  gzipSync(readFileSync(join(assetsDirectory(), address.replace('/assets/', ''))), { level: 9 }).length;

it('the script and style of the page of a channel weigh less than 36.5 kB together, compressed', () => {
  const { script, style } = loadAssets();
  const weights = [script, style].map(weigh);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  expect(all, `${weights.join(' + ')} bytes`).toBeLessThan(mostBytes);
});

it('the words of each other language weigh less than 2 kB compressed', () => {
  const { words } = loadAssets();
  expect(Object.keys(words).sort()).toEqual(languages.filter((language) => language !== 'en').sort());
  for (const [language, file] of Object.entries(words)) expect(weigh(file), language).toBeLessThan(mostWordsBytes);
});

it('the script for earlier versions and withdrawn posts weighs less than 1.2 kB compressed', () => {
  expect(weigh(loadAssets().followPost)).toBeLessThan(mostFollowPostBytes);
});

it.each(Object.entries(mostPartBytes))(
  '%s, which is loaded when it is needed, weighs less than %d bytes compressed',
  (file, most) => {
    expect(weigh(fileOf(file))).toBeLessThan(most);
  },
);

it('the desk needs less than 220 kB to write, compressed', () => {
  const { script, imported, style } = loadDeskFiles();
  const all = [script, ...imported, style].map(weigh).reduce((sum, weight) => sum + weight, 0);
  console.log(`The desk needs ${(all / 1_000).toFixed(1)} kB compressed.`);
  expect(all).toBeLessThan(mostDeskBytes);
});

it('no short name in the scripts of pages replaces a field of the wire or of the page data', async () => {
  const { mangledNames } = await import(new URL('../../../scripts/build-pages.mjs', import.meta.url).href);
  const names = new Set<string>();
  const url = 'https://live.example.org';
  JSON.stringify([openApi(url), asyncApi(url)], (name, value) => {
    names.add(name);
    return value;
  });
  for (const name of Object.keys(ofPage)) names.add(name);
  expect([...names]).toEqual(expect.arrayContaining(['offset', 'keyEvents', 'headline']));
  expect([...names].filter((name) => mangledNames.test(name))).toEqual([]);
  expect(mangledNames.test('newestSeq')).toBe(true);
});
