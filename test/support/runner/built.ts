import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './imports.ts';

/** Builds the scripts of the pages before the tests that have a browser, so that they are tested as they are written and not as they were installed. */
export default async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(root, 'scripts/build.mjs')]);
}
