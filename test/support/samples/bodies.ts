import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asides } from '../../../demo/asides.ts';
import { story } from '../../../demo/story.ts';
import { newspaperCoverage } from './newspaper-coverage.ts';
import { sampleDay } from './sample-day.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Every Markdown text of the demo, of the samples, of the conformance cases, of the tests and of the docs, each once. */
export function allBodies(): string[] {
  const bodies = [
    ...textsIn(story),
    ...textsIn(asides),
    ...textsIn(newspaperCoverage('https://pictures.example')),
    ...textsIn(sampleDay(7)),
    ...filesIn('conformance', 'test', 'demo', 'examples').flatMap((path) => literals(readFileSync(path, 'utf8'))),
    ...filesIn('docs').flatMap((path) => pages(readFileSync(path, 'utf8'))),
  ];
  return [...new Set(bodies)].filter((body) => body !== '');
}

/** The values of all fields named `body`. */
function textsIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, field]) =>
    name === 'body' && typeof field === 'string' ? [field] : textsIn(field),
  );
}

function filesIn(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && /\.(?:ts|mjs|json|md)$/.test(file.name))
      .map((file) => join(file.parentPath, file.name)),
  );
}

/** The texts that a source gives as `body`, or renders. */
function literals(source: string): string[] {
  const literal = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.)*`/.source;
  const uses = source.matchAll(new RegExp(String.raw`(?:"?\bbody"?:|\b(?:render|html|expectSafe)\()\s*(${literal})`, 'g'));
  return Array.from(uses, ([, written = '']) => textOf(written));
}

function textOf(literal: string): string {
  const inner = literal.slice(1, -1).replace(/\\\n/g, '');
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', 0: '\0' };
  return inner.replace(/\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gis, (_, long, short, byte, letter) => {
    const code = long ?? short ?? byte;
    return code === undefined ? (escapes[letter] ?? letter) : String.fromCodePoint(Number.parseInt(code, 16));
  });
}

/** A page of the docs in parts of the length of a post. */
function pages(text: string): string[] {
  return [text, ...text.split(/^(?=## )/m)].filter((part) => part.length <= 50_000);
}
