import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launchBrowser, openPicture, picturePaths, textPath } from '../../../scripts/picture.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

describeWith(needs.chromium, 'the page in the picture of the README', (chromium) => {
  it('has the text that the picture shows (otherwise run npm run picture)', async () => {
    await using browser = await launchBrowser(chromium);
    await using picture = await openPicture(browser);
    expect(picture.text).toBe(read(textPath));
    expect(picture.text).toContain('1 new post\n');
    expect(picture.text).toMatch(/^Correction, \d\d:\d\d UTC: /m);
  });
});

it('the pictures in the README exist and are small', () => {
  const shown = [...read('README.md').matchAll(/src(?:set)?="(docs\/[^"]+)"/g)].map(([, path]) => path);
  expect(shown.sort()).toEqual(Object.values(picturePaths).sort());
  for (const path of Object.values(picturePaths)) expect(statSync(join(root, path)).size, path).toBeLessThan(150_000);
});
