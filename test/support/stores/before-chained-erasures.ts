import { readFile } from 'node:fs/promises';
import { run } from '../servers/command.ts';
import type { TestServer } from '../servers/server.ts';

/**
 * A data directory from an earlier version, whose chain did not contain erasures: two posts whose earlier revisions were erased,
 * one post that was taken down, and one unchanged post.
 */
export const folder = new URL('./golden/', import.meta.url);
export const golden = await readFile(new URL('before-chained-erasures.ndjson', folder), 'utf8');
export const holds = /^ok {2}golden {2}12 entries and 7 texts hold, 5 erased \(4 before erasures were chained\)/m;

export const verify = async (server: TestServer, ...argv: string[]) => {
  const env = {
    PRESSBOX_URL: server.url,
    PRESSBOX_TOKEN: await server.token({ admin: true }),
    ...server.addressSettings,
  };
  const command = run(['verify', ...argv], env);
  return { code: await command.code, out: command.out, err: command.err };
};
