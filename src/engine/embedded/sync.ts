import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a directory, with those above it, so that it is still there after a power cut. */
export function makeDirectory(directory: string): void {
  const whole = resolve(directory);
  const first = mkdirSync(whole, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // A new directory's name stands in the one above it: that is what has to be synced.
  for (let made = whole; ; made = dirname(made)) {
    syncDirectory(dirname(made));
    if (made === first) return;
  }
}

/** Afterwards the names of its files are on the disk. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
