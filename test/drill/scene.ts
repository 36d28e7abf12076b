import { setInterval } from 'node:timers';
import { createChannel } from '../support/authors/writers.ts';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from '../support/servers/process.ts';
import { call } from '../support/servers/server.ts';

/** What a fault needs to happen: servers under a little load, which are ended with the scene. */
export interface Scene {
  /** The servers that the fault affects. Their alerts are awaited. */
  servers: readonly WatchedServer[];
  /** Causes the fault. */
  strike(): void | Promise<void>;
}

export interface WatchedServer {
  readonly server: ServerProcess;
  readonly url: string;
  /** The messages of its log so far. */
  readonly said: readonly string[];
  /** A channel with a post every half second. */
  readonly channelId: string;
}

export interface Fault {
  /** For the command line. */
  name: string;
  /** What happens, for the guide. */
  what: string;
  /** The metric that shows it, as the guide names it. */
  metric: string;
  /** Its message in the log. Undefined if the log cannot say it. */
  message: string | undefined;
  /** The alert that fires. */
  alert: string;
  /** Why it cannot be rehearsed here. Undefined if it can. */
  missing(): string | undefined;
  start(room: AsyncDisposableStack): Promise<Scene>;
}

const publishMs = 500;
/** Requests that may wait for an answer. Further ones are left out. */
const waitingMost = 20;

export async function startWatched(room: AsyncDisposableStack, options: ServerProcessOptions = {}): Promise<WatchedServer> {
  const said: string[] = [];
  const server = await startServerProcess({
    ...options,
    onLine: (line) => {
      options.onLine?.(line);
      const [, message] = /"msg":"((?:[^"\\]|\\.)*)"\}$/.exec(line) ?? [];
      if (message !== undefined) said.push(message);
    },
  });
  room.use(server);
  const token = await server.token({ editor: ['*'], admin: true });
  const { id } = await createChannel(server, token);
  let waiting = 0;
  const ask = (path: string, options?: Parameters<typeof call>[1]) => {
    if (waiting >= waitingMost) return;
    waiting += 1;
    call(`${server.url}/v1/channels/${id}${path}`, options)
      .catch(() => undefined)
      .finally(() => (waiting -= 1));
  };
  const load = setInterval(() => {
    ask('/posts', { method: 'POST', token, body: { body: 'Three boats are out.' } });
    ask('/posts');
  }, publishMs);
  room.defer(() => clearInterval(load));
  return { server, url: server.url, said, channelId: id };
}

/** Two servers on one Redis. */
export async function startTwoWatched(room: AsyncDisposableStack, url: string, env: Record<string, string> = {}) {
  const common = { PRESSBOX_REDIS_URL: url, PRESSBOX_JWT_SECRET: 'a secret that both servers know, of 32 bytes or more', ...env };
  return [await startWatched(room, { env: common }), await startWatched(room, { env: common })];
}
