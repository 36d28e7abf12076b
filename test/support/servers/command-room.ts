import { afterAll, beforeAll, beforeEach } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { run } from './command.ts';
import { startTestServer, type TestServer } from './server.ts';

/** A server for the duration of a suite, the command of an editor, and a new channel for each test. */
export interface CommandRoom {
  readonly server: TestServer;
  readonly author: AuthorClient;
  /** The environment of the command: the server's URL and the editor's token. */
  readonly env: Record<string, string>;
  readonly channelId: string;
  /** Runs the command to its end. */
  done(argv: string[], options?: Parameters<typeof run>[2]): Promise<{ code: number; out: string; err: string }>;
}

export function commandRoom(): CommandRoom {
  let server: TestServer;
  let author: AuthorClient;
  let channelId: string;
  const env: Record<string, string> = {};

  beforeAll(async () => {
    server = await startTestServer();
    const token = await server.token();
    author = new AuthorClient({ url: server.url, token });
    Object.assign(env, { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: token });
  });
  beforeEach(async () => {
    channelId = (await author.createChannel({ headline: 'To the Moon', state: 'live' })).channel.id;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  return {
    get server() {
      return server;
    },
    get author() {
      return author;
    },
    env,
    get channelId() {
      return channelId;
    },
    async done(argv, options) {
      const running = run(argv, env, options);
      const code = await running.code;
      return { code, out: running.out, err: running.err };
    },
  };
}
