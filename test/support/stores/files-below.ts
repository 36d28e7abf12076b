import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const triesMost = 10;

export interface ReadFile {
  path: string;
  content: Buffer;
}

/**
 * Every file below a directory, read. If a file disappears meanwhile, all are listed and read again, because it may have another name
 * by then. A file that disappears every time is left out.
 */
export async function filesBelow(directory: string): Promise<ReadFile[]> {
  for (let tries = 1; ; tries += 1) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(unlessGone);
    const paths = entries?.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const files = await Promise.all(
      (paths ?? []).map((path) => readFile(path).then((content) => ({ path, content }), unlessGone)),
    );
    const read = files.filter((file) => file !== undefined);
    if ((entries !== undefined && read.length === files.length) || tries === triesMost) return read;
  }
}

/** Whether a file below the directory contains this text. */
export async function isBelow(directory: string, text: string): Promise<boolean> {
  return (await filesBelow(directory)).some(({ content }) => content.includes(text));
}

/**
 * What matches the pattern in each file below a directory. The search runs in a process of its own, because closing a file that
 * SQLite has open would release the locks of this process.
 */
export async function matchesBelow(directory: string, { source }: RegExp): Promise<{ name: string; matches: string[] }[]> {
  const argv = [fileURLToPath(import.meta.url), directory, source];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 1e9 });
  return JSON.parse(stdout) as { name: string; matches: string[] }[];
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

if (import.meta.main) {
  const [directory = '', source = ''] = process.argv.slice(2);
  const files = await filesBelow(directory);
  const found = files.map(({ path, content }) => {
    const matches = content.toString('latin1').match(new RegExp(source, 'g')) ?? [];
    return { name: basename(path), matches: [...new Set(matches)] };
  });
  console.log(JSON.stringify(found));
}
