import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Requests that name the person they are for, as those of the desk's outbox do. */

let server: TestServer;
let channel: string;

beforeAll(async () => {
  server = await startTestServer({});
  const body = { headline: 'Two authors, one browser', access: 'desk', state: 'live' };
  const made = await call(`${server.url}/v1/channels`, { method: 'POST', token: await server.token(), body });
  channel = `${server.url}/v1/channels/${(made.body as { channel: { id: string } }).channel.id}`;
});
afterAll(() => server[Symbol.asyncDispose]());

/** The cookie and the owner key of a new session, as a page of the server would have them. */
async function signIn(sub: string) {
  const token = await server.token({ author: ['*'] }, { sub });
  const answer = await call(`${server.url}/v1/session`, { method: 'POST', token });
  const [cookie = ''] = answer.headers.getSetCookie();
  const { ownerKey } = (answer.body as { session: { ownerKey: string } }).session;
  return { token, ownerKey, headers: { cookie: cookie.split(';')[0] as string, origin: new URL(server.url).origin } };
}

const post = (headers: Record<string, string>, token?: string) =>
  call(`${channel}/posts`, { method: 'POST', headers, body: { body: 'Written by Ada.' }, ...(token && { token }) });
const journal = async () => (await call(`${channel}/posts`, { token: await server.token() })).body as { posts: unknown[] };

it('is accepted under the session of the named person only', async () => {
  const [ada, ben] = [await signIn('ada'), await signIn('ben')];
  const named = { 'pressbox-owner-key': ada.ownerKey };
  const before = (await journal()).posts.length;
  expect(await post({ ...ben.headers, ...named })).toMatchObject({ status: 412, body: { code: 'owner-mismatch' } });
  expect(await post({ ...named }, ben.token)).toMatchObject({ status: 412, body: { code: 'owner-mismatch' } });
  expect(await post({ origin: ada.headers.origin, ...named })).toMatchObject({ status: 401, body: { code: 'token-missing' } });
  expect((await journal()).posts).toHaveLength(before);
  expect(await post({ ...ada.headers, ...named })).toMatchObject({ status: 201 });
  // A later session of the same person has the same key.
  expect(await post({ ...(await signIn('ada')).headers, ...named })).toMatchObject({ status: 201 });
});

it('is refused like a write if it reads, so that nobody else’s rights decide what is there', async () => {
  const [ada, ben] = [await signIn('ada'), await signIn('ben')];
  const read = (headers: Record<string, string>) =>
    call(channel, { headers: { ...headers, 'pressbox-owner-key': ada.ownerKey } });
  expect(await read(ben.headers)).toMatchObject({ status: 412, body: { code: 'owner-mismatch' } });
  expect(await read(ada.headers)).toMatchObject({ status: 200 });
});
