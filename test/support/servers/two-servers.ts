import type { RedisServer } from '../stores/redis.ts';
import { type Line, startLine } from './bad-line.ts';
import { type ServerProcess, startServerProcess } from './process.ts';

/** Two servers on one Redis or Valkey, each with a line of its own to it. */
export interface TwoServers extends AsyncDisposable {
  readonly servers: ServerProcess[];
  /** To the store, in the order of the servers. */
  readonly lines: Line[];
  /** Of an editor and admin, for both. */
  readonly token: string;
  /** What each has logged until now. */
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
