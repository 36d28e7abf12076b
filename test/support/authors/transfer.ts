import { newPostId } from '../../../client/lib/ids.ts';
import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';
import type { Imported, Problem } from '../../../src/protocol/problems.ts';
import { aChannel, anAuthorPost } from '../samples/samples.ts';
import { call, type TestServer } from '../servers/server.ts';

/** Exports, imports, and import lines like those of another system. */

type Place = Pick<TestServer, 'url' | 'token'>;

export async function exportOf(server: Place, id: string): Promise<string> {
  const { status, text } = await call(`${server.url}/v1/channels/${id}/export`, { token: await server.token({ admin: true }) });
  if (status !== 200) throw new Error(`The export was answered with ${status}.`);
  return text;
}

export async function sendTo(server: Place, lines: string | Buffer, headers: Record<string, string> = {}) {
  const token = await server.token({ admin: true });
  const answer = await call(`${server.url}/v1/import`, {
    method: 'POST',
    token,
    body: lines,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  });
  return { status: answer.status, headers: answer.headers, body: answer.body as Imported & Problem };
}

/** The result of an import that changed nothing. */
export const none = {
  channels: 0,
  posts: 0,
  revisions: 0,
  skipped: 0,
  withheld: 0,
  conflicting: 0,
  conflicts: [],
  sameHistory: true,
};

export function plainChannel(id: string): Channel {
  return aChannel({ id, createdAt: '2019-04-15T16:50:00.000Z', startedAt: '2019-04-15T16:50:00.000Z' });
}

export function plainPost(channelId: string, changed: Partial<AuthorPost> = {}): Omit<AuthorPost, 'seq' | 'html'> {
  const { seq: _seq, html: _html, ...post } = anAuthorPost({ id: newPostId(), channelId, body: 'Something.', ...changed });
  return post;
}
