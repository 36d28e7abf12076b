import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Brand, BrandFile, BrandMistake, BrandPicture } from './brand.ts';
import { parseBrandFile } from './brand-file.ts';
import { brandLimits } from './brand-limits.ts';
import { lowContrasts } from './contrast.ts';
import { parseMarkup } from './markup.ts';
import { parseStyleSheet } from './style-sheet.ts';
import { frameSheetOf, pageSheetOf } from './written-sheets.ts';

/** Reads the folder of a brand, and checks all of it. */
export type ReadBrand = { status: 'read'; brand: Brand } | { status: 'mistakes'; mistakes: readonly BrandMistake[] };

export interface BrandContext {
  /** The style sheet of every branded page, which comes before `brand.css`. */
  pageStyles: string;
  /** Origins whose scripts pages may load. */
  sources: readonly string[];
  /** What the URLs of its files begin with. Default: nothing. */
  basePath?: string;
}

const pictureTypes: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.gif': 'image/gif',
};
const fontTypes: Readonly<Record<string, string>> = {
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
};
const texts = ['brand.json', 'brand.css', 'header.html', 'footer.html'] as const;
const isText = (name: string) => (texts as readonly string[]).includes(name);
/** Licences and notes, and what file systems and Kubernetes keep in a folder. */
const isIgnored = (name: string) => name.startsWith('.') || /\.(?:md|txt)$|^licen[cs]e$/i.test(name);
const accepted =
  'A brand has brand.json, brand.css, header.html, footer.html, logo.svg, favicon.svg or favicon.png, further pictures (.svg, .png, .jpg, .webp, .avif, .gif) and fonts/ (.woff2, .woff, .ttf, .otf).';

export async function readBrand(directory: string, { pageStyles, sources, basePath = '' }: BrandContext): Promise<ReadBrand> {
  const { contents, mistakes } = await readFolder(directory);
  if (contents === undefined) return { status: 'mistakes', mistakes };
  const textOf = (name: (typeof texts)[number]) => {
    const bytes = contents.get(name);
    if (bytes === undefined) return undefined;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      mistakes.push({ file: name, message: 'is not UTF-8.' });
      return undefined;
    }
  };
  const files = new Map<string, BrandFile>();
  for (const [name, bytes] of contents) {
    if (!isText(name)) files.set(name, served(basePath, name, bytes));
  }

  const json = textOf('brand.json');
  if (json === undefined && !contents.has('brand.json')) {
    mistakes.push({ file: 'brand.json', message: 'is missing. It needs at least {"name": "The name of the paper"}.' });
  }
  const { settings, mistakes: ofSettings } =
    json === undefined ? { settings: undefined, mistakes: [] } : parseBrandFile(json, sources);
  const fonts = new Set([...files.keys()].filter((name) => name.startsWith('fonts/')));
  const { sheet, mistakes: ofSheet } = parseStyleSheet(textOf('brand.css') ?? '', fonts);
  const pictures = new Map([...files].flatMap(([name, { url }]) => (fonts.has(name) ? [] : [[name, url] as const])));
  const partOf = (name: 'header.html' | 'footer.html') => {
    const text = textOf(name);
    if (text === undefined) return undefined;
    const { markup, mistakes: found } = parseMarkup(name, text, pictures);
    mistakes.push(...found);
    return markup;
  };
  mistakes.push(...ofSettings, ...ofSheet);
  const [header, footer] = [partOf('header.html'), partOf('footer.html')];
  const logo = logoIn(files, mistakes);
  if (settings?.logoShowsName && logo === undefined) {
    mistakes.push({ file: 'brand.json', message: 'logoShowsName: there is no logo.svg that could show the name.' });
  }
  if (mistakes.length > 0 || settings === undefined) return { status: 'mistakes', mistakes: inOrder(mistakes) };

  const addressOf = (name: string) => files.get(name)?.url ?? '';
  const addSheet = (name: string, text: string) => {
    const file = served(basePath, name, Buffer.from(text));
    files.set(name, file);
    return file.url;
  };
  const pageSheet = addSheet('pages.css', pageStyles + pageSheetOf(sheet, addressOf));
  const frameSheet = addSheet('frame.css', frameSheetOf(sheet, addressOf));
  const favicons = ['favicon.svg', 'favicon.png'].flatMap((name): BrandPicture[] => {
    const file = files.get(name);
    return file === undefined ? [] : [{ url: file.url, type: file.type }];
  });
  const bytes = [...files.values()].reduce((sum, file) => sum + file.bytes.length + (file.gzipped?.length ?? 0), 0);
  return {
    status: 'read',
    brand: {
      ...settings,
      logo,
      favicons,
      pageSheet,
      frameSheet,
      header,
      footer,
      files,
      bytes,
      lowContrasts: lowContrasts(sheet),
    },
  };
}

/** By file and line. */
function inOrder(mistakes: readonly BrandMistake[]): BrandMistake[] {
  return mistakes.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : (a.line ?? 0) - (b.line ?? 0)));
}

/** The bytes of all files of the folder, by name. Undefined if the folder cannot be read, or its files are too many or too large. */
async function readFolder(
  directory: string,
): Promise<{ contents: ReadonlyMap<string, Buffer> | undefined; mistakes: BrandMistake[] }> {
  const mistakes: BrandMistake[] = [];
  const names: string[] = [];
  const list = async (folder: string) => (await readdir(join(directory, folder))).filter((name) => !isIgnored(name)).sort();
  try {
    for (const name of await list('')) {
      if (name !== 'fonts') names.push(name);
      else names.push(...(await list('fonts')).map((font) => `fonts/${font}`));
    }
  } catch (error) {
    const file = (error as { path?: string }).path === join(directory, 'fonts') ? 'fonts' : '';
    return { contents: undefined, mistakes: [{ file, message: 'is no folder that this process can read.' }] };
  }
  const { brandFilesMost, brandFileBytes, brandTextBytes, brandBytes } = brandLimits;
  if (names.length > brandFilesMost) {
    return { contents: undefined, mistakes: [{ file: '', message: `has more than ${brandFilesMost} files.` }] };
  }
  const contents = new Map<string, Buffer>();
  let bytes = 0;
  for (const name of names) {
    const isFont = name.startsWith('fonts/');
    if (!isText(name) && typeOf(name) === undefined) {
      mistakes.push({ file: name, message: `is not part of a brand. ${accepted}` });
      continue;
    }
    if (!/^(?:fonts\/)?\w[\w.-]*$/.test(name)) {
      mistakes.push({ file: name, message: `must have a name of letters, digits, dots, hyphens and underscores.` });
      continue;
    }
    const most = isText(name) ? brandTextBytes : brandFileBytes;
    try {
      const { size } = await stat(join(directory, name));
      bytes += size;
      if (size > most) mistakes.push({ file: name, message: `is larger than ${most / 1024} KiB.` });
      else if (bytes <= brandBytes) contents.set(name, await readFile(join(directory, name)));
    } catch {
      mistakes.push({
        file: name,
        message: isFont ? 'is no font that this process can read.' : 'is no file that this process can read.',
      });
    }
  }
  if (bytes > brandBytes) mistakes.push({ file: '', message: `has more than ${brandBytes / 1024} KiB of files.` });
  return { contents, mistakes };
}

function typeOf(name: string): string | undefined {
  return (name.startsWith('fonts/') ? fontTypes : pictureTypes)[extname(name).toLowerCase()];
}

/** The URL has a hash of the content, so a cache may keep the file for ever. */
function served(basePath: string, name: string, bytes: Buffer): BrandFile {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 12);
  const extension = extname(name);
  const type = name.endsWith('.css') ? 'text/css; charset=utf-8' : (typeOf(name) ?? 'application/octet-stream');
  const gzipped = /css|svg/.test(type) ? gzipSync(bytes) : undefined;
  return { url: `${basePath}/brand/${name.slice(0, -extension.length)}.${hash}${extension}`, bytes, gzipped, type };
}

function logoIn(files: ReadonlyMap<string, BrandFile>, mistakes: BrandMistake[]): BrandPicture | undefined {
  const file = files.get('logo.svg');
  if (file === undefined) {
    const other = [...files.keys()].find((name) => /^logo\./i.test(basename(name)));
    if (other !== undefined) mistakes.push({ file: other, message: 'must be logo.svg, which is sharp at every size.' });
    return undefined;
  }
  const size = svgSize(file.bytes.toString('utf8'));
  if (size === undefined) {
    mistakes.push({
      file: 'logo.svg',
      message: 'needs a viewBox such as viewBox="0 0 240 40", which gives the room of the logo.',
    });
    return undefined;
  }
  return { url: file.url, type: file.type, size };
}

function svgSize(text: string): { width: number; height: number } | undefined {
  const [tag] = /<svg\b[^>]*>/.exec(text) ?? [];
  const [, , box] = /\sviewBox\s*=\s*(["'])([^"']*)\1/.exec(tag ?? '') ?? [];
  const [, , width = 0, height = 0] = (box ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  return width > 0 && height > 0 ? { width, height } : undefined;
}
