import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a directory and its missing parents, readable only by their owner. They survive a power cut, because the parent of each
 * new directory is synced: the parent records the name. Throws if a directory cannot be created. (Node's recursive `mkdir` loops
 * for ever under `/proc`, where creating a directory fails with ENOENT.)
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) {
    try {
      mkdirSync(path, 0o700);
    } catch (error) {
      // Another process may have created it.
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
    }
    syncDirectory(dirname(path));
  }
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
