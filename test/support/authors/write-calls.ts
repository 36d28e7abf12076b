import { expect } from 'vitest';
import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';
import { call, type TestServer } from '../servers/server.ts';

/** Sends single writes over HTTP and returns any answer. Ed is an editor of every channel, Ada an author. */
interface Sent {
  method?: string;
  /** Default: Ed's token. */
  token?: string;
  headers?: Record<string, string>;
}

/** The fields that an answer may have. A test reads those that it expects. */
export interface WriteBody {
  post: AuthorPost;
  channel: Channel;
  cursor: string;
  offset: number;
  derived: { id: string; kind: string; headline: string | null }[];
  erasure?: { complete: boolean; pending: unknown[] };
  code?: string;
  current?: AuthorPost & Channel;
  errors?: { path: string; message: string }[];
}

export const ed = { sub: 'ed', name: 'Edith Or' };
export const ada = { sub: 'ada', name: 'Ada Byron' };

export const ifMatch = (revision: number | string, more: Record<string, string> = {}) => ({
  'if-match': `"${revision}"`,
  ...more,
});
export const key = (value: string) => ({ 'idempotency-key': value });

/** `server` is called for each request, so the server may start later. */
export function deskCalls(server: () => TestServer) {
  let channels = 0;

  /** `path` is the part after `/v1/channels`. */
  async function write(path: string, body: unknown, { method = 'POST', token, headers = {} }: Sent = {}) {
    const sender = token ?? (await server().token({ editor: ['*'] }, ed));
    const answer = await call(`${server().url}/v1/channels${path}`, { method, token: sender, body, headers });
    return { ...answer, body: (answer.body ?? {}) as WriteBody };
  }

  /** Creates a channel, and returns its id. */
  async function newChannel(more: object = {}): Promise<string> {
    channels += 1;
    const { status, body } = await write('', { id: `channel-${channels}`, headline: 'To the Moon', ...more });
    expect(status).toBe(201);
    return body.channel.id;
  }

  /** Publishes a post as Ada. */
  async function newPost(channel: string, more: object = {}): Promise<AuthorPost> {
    const token = await server().token({ author: ['*'] }, ada);
    const post = { headline: 'Lift-off', body: 'Away *it* goes.', ...more };
    const { status, body } = await write(`/${channel}/posts`, post, { token });
    expect(status).toBe(201);
    return body.post;
  }

  const headOf = async (channel: string) => (await server().server.engine.heads([channel]))[0];

  return { write, newChannel, newPost, headOf };
}
