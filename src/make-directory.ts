import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a directory and its parents, readable by their owner alone, so that they survive a power cut: the parent of a new
 * directory has its name, so the parent is synced. Throws if a directory cannot be created. (Node's recursive `mkdir` loops for
 * ever under `/proc`, where creating a directory fails with ENOENT.)
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
