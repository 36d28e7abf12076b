import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory, with those above it, for its owner alone, so that it is still there after a power cut: a new directory's name stands in
 * the one above it, which is what has to be synced. Throws where one cannot be made. (Node's own recursive `mkdir` tries for ever below
 * directories in which nothing can be made and that say ENOENT, such as `/proc`.)
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) {
    try {
      mkdirSync(path, 0o700);
    } catch (error) {
      // Another process was first.
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
