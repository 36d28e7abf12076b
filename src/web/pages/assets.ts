import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Brand } from '../brand/brand.ts';
import type { Assets } from './document.ts';

/** The message is a sentence for the operator. */
export class NotBuilt extends Error {
  constructor(cause: unknown) {
    super('The scripts for browsers are not built, as after `npm ci --ignore-scripts`. Run: npm run prepare', { cause });
    this.name = 'NotBuilt';
  }
}

/**
 * The manifest of the files that `scripts/build.mjs` built for browsers, with hashed names. `#web` in package.json locates it in a checkout
 * and in the package. Throws `NotBuilt` with instructions if nothing was built.
 */
function findManifest(): string {
  try {
    return createRequire(import.meta.url).resolve('#web/manifest.json');
  } catch (error) {
    throw new NotBuilt(error);
  }
}

export function assetsDirectory(): string {
  return dirname(findManifest());
}

/** The names of the built files. */
export function assetNames(): ReadonlySet<string> {
  return new Set(Object.values(readManifest()));
}

function readManifest(): Record<string, string> {
  return JSON.parse(readFileSync(findManifest(), 'utf8'));
}

/** The URLs of the built files, and the brand. Throws `NotBuilt` with instructions if nothing was built. */
export function loadAssets({ basePath = '', brand }: { basePath?: string; brand?: Brand | undefined } = {}): Assets {
  const address = (name: string) => `${basePath}/assets/${fileOf(name)}`;
  const words = Object.keys(readManifest()).flatMap((name) => {
    const [, language] = /^words-(\w+)\.js$/.exec(name) ?? [];
    return language === undefined ? [] : [[language, address(name)]];
  });
  return {
    basePath,
    script: address('live.js'),
    words: Object.fromEntries(words),
    front: address('channel-list.js'),
    followPost: address('follow-post.js'),
    keepSession: address('keep-session.js'),
    style: address('live.css'),
    print: address('print.css'),
    site: address('site.css'),
    docs: address('docs.css'),
    brand,
  };
}

/** URLs of the files of the desk. */
export interface DeskFiles {
  script: string;
  /** The files that the script imports before it runs. */
  imported: readonly string[];
  style: string;
  icon: string;
}

export function loadDeskFiles(basePath = ''): DeskFiles {
  const imported: string[] = JSON.parse(readFileSync(join(assetsDirectory(), 'desk.json'), 'utf8'));
  const address = (name: string) => `${basePath}/assets/${name}`;
  return {
    script: address(fileOf('desk.js')),
    imported: imported.map(address),
    style: address(fileOf('desk.css')),
    icon: address(fileOf('desk-icon.svg')),
  };
}

/** The styles that every branded page has in addition, as text. */
export function brandedStyles(): string {
  return readFileSync(join(assetsDirectory(), fileOf('brand.css')), 'utf8');
}

/** The hashed name of a built file. Throws `NotBuilt` with instructions if it was not built. */
export function fileOf(name: string): string {
  const file = readManifest()[name];
  if (file === undefined) throw new Error(`The built scripts lack ${name}. Run: npm run prepare`);
  return file;
}
