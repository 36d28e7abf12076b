import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './imports.ts';

/**
 * Builds the scripts of the pages before the browser tests, so that the tests use the current source. Also below `npx`, which the
 * build takes for the first start of `pressbox` in a checkout.
 */
export default async function setup(): Promise<void> {
  const env = { ...process.env, npm_command: undefined };
  await promisify(execFile)(process.execPath, [join(root, 'scripts/build.mjs')], { env });
}
