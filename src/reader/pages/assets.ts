import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assets } from './document.ts';

/** What `scripts/build.mjs` made for browsers, under names that carry a hash of the content. */
export const assetsDirectory = join(import.meta.dirname, '../../../dist/web');

/** The addresses of the built files. Throws, with what to do, where nothing was built. */
export function loadAssets(): Assets {
  let manifest: Record<string, string>;
  try {
    manifest = JSON.parse(readFileSync(join(assetsDirectory, 'manifest.json'), 'utf8'));
  } catch (error) {
    throw new Error('The scripts for browsers are not built. Run: npm run prepare', { cause: error });
  }
  const address = (name: string) => {
    const file = manifest[name];
    if (file === undefined) throw new Error(`The built scripts lack ${name}. Run: npm run prepare`);
    return `/assets/${file}`;
  };
  return { script: address('live.js'), style: address('live.css') };
}
