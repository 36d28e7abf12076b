import type { RedisServer } from '../stores/redis.ts';
import { type Line, startLine } from './bad-line.ts';
import { type ServerProcess, startServerProcess } from './process.ts';

/** Two servers on one Redis or Valkey. The connections of each pass through its own line, which a test can cut or stall. */
export interface TwoServers extends AsyncDisposable {
  readonly servers: ServerProcess[];
  /** The lines to the store, in the order of the servers. */
  readonly lines: Line[];
  /** A token of an editor and administrator, valid on both servers. */
  readonly token: string;
  /** The log of each server so far. */
  readonly said: string[][];
}

const secret = 'a secret that both servers know, of 32 bytes or more';

export async function startTwoServers(redis: RedisServer): Promise<TwoServers> {
  const target = `http://127.0.0.1:${redis.port}`;
  const lines = [await startLine(target), await startLine(target)];
  const said: string[][] = lines.map(() => []);
  const servers = await Promise.all(
    lines.map((line, index) => {
      const url = redis.url.replace(String(redis.port), new URL(line.url).port);
      const onLine = (logged: string) => said[index]!.push(logged);
      return startServerProcess({ env: { PRESSBOX_REDIS_URL: url, PRESSBOX_JWT_SECRET: secret }, onLine });
    }),
  );
  return {
    servers,
    lines,
    said,
    token: await servers[0]!.token({ editor: ['*'], admin: true }),
    async [Symbol.asyncDispose]() {
      for (const each of [...servers, ...lines]) await each[Symbol.asyncDispose]();
    },
  };
}
