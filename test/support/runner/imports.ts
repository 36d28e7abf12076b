import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Finds the imports of each file in its source text. */

export const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Import {
  from: string;
  /** A path within the project, or the name of a package: `zod`, `node:fs`. */
  to: string;
  /** Erased at run time. */
  typeOnly: boolean;
}

/** Source files by their path within the project. */
export type Sources = ReadonlyMap<string, string>;

/** All TypeScript files in these folders. A missing folder has none. */
export function readSources(...folders: string[]): Sources {
  const sources = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of entriesOf(folder)) {
      const path = posix.join(folder, entry.split('\\').join('/'));
      if (/\.m?ts$/.test(path)) sources.set(path, readFileSync(posix.join(root, path), 'utf8'));
    }
  }
  return sources;
}

const statement = /^[ \t]*(?:import|export)\s+(?:([\w\s{},*$]+?)\s*from\s*)?(['"])([^'"\n]+)\2/gm;
const dynamic = /\bimport\(\s*(['"])([^'"\n]+)\1/g;

export function importsOf(sources: Sources): Import[] {
  const imports: Import[] = [];
  for (const [from, source] of sources) {
    const text = withoutComments(source);
    for (const [, clause = '', , to = ''] of text.matchAll(statement)) {
      imports.push({ from, to: resolve(from, to), typeOnly: /^type\b(?!\s*,|\s+from)/.test(clause.trim()) });
    }
    for (const [, , to = ''] of text.matchAll(dynamic)) imports.push({ from, to: resolve(from, to), typeOnly: false });
  }
  return imports;
}

/** Everything that is loaded at run time with the entries, with the path of imports to it. */
export function reachableFrom(entries: readonly string[], imports: readonly Import[]): Map<string, string[]> {
  const ways = new Map<string, string[]>();
  const queue = entries.map((entry) => [entry]);
  for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
    const at = way.at(-1) as string;
    if (ways.has(at)) continue;
    ways.set(at, way);
    for (const { from, to, typeOnly } of imports) if (from === at && !typeOnly) queue.push([...way, to]);
  }
  return ways;
}

/**
 * Removes comments. A comment opener inside a string counts as a comment, unless it is part of a URL, which is good enough for
 * the project's own sources.
 */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
}

function resolve(from: string, to: string): string {
  if (to.startsWith('.')) return posix.join(posix.dirname(from), to);
  if (to.startsWith('node:')) return to;
  const [scope = '', name = ''] = to.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function entriesOf(folder: string): string[] {
  try {
    const entries = readdirSync(posix.join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
    // The benchmark installs the servers that it compares inside its folder.
    return entries.filter((entry) => !/(?:^|[\\/])node_modules[\\/]/.test(entry));
  } catch {
    return [];
  }
}
