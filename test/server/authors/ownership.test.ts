import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../../src/telemetry/log.ts';
import { type StoppableIssuer, startStoppableIssuer } from '../../support/servers/issuer.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The owner of a post if tokens of the secret and of an issuer have the same `sub`. */

const iss = 'https://id.example.org';
const author = { author: ['*'] };
let env: Record<string, string>;
let issuer: StoppableIssuer;
let server: TestServer;
let tokens = 0;

const ofSecret = () => server.token(author, { sub: 'ruth' });
const ofIssuer = () => {
  tokens += 1;
  return issuer.token(author, `of-the-issuer-${tokens}`, { iss });
};

beforeAll(async () => {
  issuer = await startStoppableIssuer();
  env = { PRESSBOX_JWKS_URL: issuer.jwksUrl, PRESSBOX_JWT_SECRET: 'a secret of the tests, long enough' };
  server = await startTestServer(env);
  const channel = { id: 'moon', headline: 'Moon', state: 'live' };
  await call(`${server.url}/v1/channels`, { method: 'POST', token: await server.token(), body: channel });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});
beforeEach(() => restartWith({ PRESSBOX_JWT_ISSUER: '', PRESSBOX_OLDER_POSTS: '' }));

async function restartWith(changed: Record<string, string>): Promise<void> {
  Object.assign(env, changed);
  await server.restart();
}

async function publish(token: string): Promise<{ id: string; ownerKey?: string }> {
  const answer = await call(`${server.url}/v1/channels/moon/posts`, { method: 'POST', token, body: { headline: 'A' } });
  expect(answer.status).toBe(201);
  return (answer.body as { post: { id: string; ownerKey?: string } }).post;
}

const published = async (token: string) => (await publish(token)).id;

/** Whether the token of the secret and that of the issuer may retract the post. */
async function mayRetract(post: () => Promise<string>): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const token of [await ofSecret(), await ofIssuer()]) {
    const path = `${server.url}/v1/channels/moon/posts/${await post()}/retraction`;
    answers.push((await call(path, { method: 'POST', token, body: { note: 'Wrong.' } })).status === 200);
  }
  return answers;
}

it('without a configured issuer, any token with the author’s `sub` may change a post', async () => {
  expect(await mayRetract(async () => published(await ofSecret()))).toEqual([true, true]);
});

it('with a configured issuer, tokens of the issuer and of the secret with the same `sub` change only their own posts', async () => {
  await restartWith({ PRESSBOX_JWT_ISSUER: iss });
  expect(await mayRetract(async () => published(await ofSecret()))).toEqual([true, false]);
  expect(await mayRetract(async () => published(await ofIssuer()))).toEqual([false, true]);
});

it('with a configured issuer, an older post belongs to the issuer unless PRESSBOX_OLDER_POSTS says `secret`', async () => {
  const older = [await published(await ofSecret()), await published(await ofIssuer())];
  await restartWith({ PRESSBOX_JWT_ISSUER: iss });
  expect(await mayRetract(async () => older[0] as string)).toEqual([false, true]);
  await restartWith({ PRESSBOX_OLDER_POSTS: 'secret' });
  expect(await mayRetract(async () => older[1] as string)).toEqual([true, false]);
});

it('a post keeps its owner through revisions, export and import', async () => {
  await restartWith({ PRESSBOX_JWT_ISSUER: iss });
  const [id, token] = [await published(await ofIssuer()), await ofIssuer()];
  const post = `${server.url}/v1/channels/moon/posts/${id}`;
  const body = { kind: 'update', changes: { headline: 'B' } };
  expect((await call(`${post}/revisions`, { method: 'POST', token, headers: { 'if-match': '1' }, body })).status).toBe(200);
  await using other = await startTestServer({ ...env });
  const lines = (await call(`${server.url}/v1/channels/moon/export`, { token: await server.token() })).text;
  const imported = await call(`${other.url}/v1/import`, {
    method: 'POST',
    token: await other.token({ admin: true }),
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines,
  });
  expect(imported.status).toBe(200);
  for (const { url } of [server, other]) {
    const retract = async (by: string) =>
      (await call(`${url}/v1/channels/moon/posts/${id}/retraction`, { method: 'POST', token: by, body: { note: 'Wrong.' } }))
        .status;
    expect([await retract(await ofSecret()), await retract(token)]).toEqual([403, 200]);
  }
});

it('a session and every token of a person have the owner key of the posts that the person owns', async () => {
  await restartWith({ PRESSBOX_JWT_ISSUER: iss });
  const ownerKeyOf = async (request: object) =>
    ((await call(`${server.url}/v1/session`, request)).body as { session: { ownerKey: string } }).session.ownerKey;
  const keys: unknown[] = [];
  for (const make of [ofIssuer, ofSecret]) {
    const token = await make();
    const { ownerKey } = await publish(token);
    const started = await call(`${server.url}/v1/session`, { method: 'POST', token });
    const cookie = started.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(started.body).toMatchObject({ session: { sub: 'ruth', ownerKey } });
    expect(await ownerKeyOf({ headers: { cookie } })).toBe(ownerKey);
    expect(await ownerKeyOf({ token: await make() })).toBe(ownerKey);
    keys.push(ownerKey);
  }
  expect(new Set(keys).size).toBe(2);
});

it('a server with a JWK set and no issuer logs warnings at its start', async () => {
  const warnings: string[] = [];
  const log = createLog('warn', { write: (line) => void warnings.push(JSON.parse(line).msg) });
  const expectedWarnings = [
    'tokens of any issuer with a key in the JWK set are accepted: set PRESSBOX_JWT_ISSUER',
    'administrators of the JWK set are refused: set PRESSBOX_JWT_ISSUER',
  ];
  await using _any = await startTestServer({ ...env }, { log });
  expect(warnings).toEqual(expectedWarnings);
  await using _one = await startTestServer({ ...env, PRESSBOX_JWT_ISSUER: iss }, { log });
  await using _none = await startTestServer({}, { log });
  expect(warnings).toEqual(expectedWarnings);
});

it('no answer contains the issuer, and no answer to anonymous readers contains an owner', async () => {
  await restartWith({ PRESSBOX_JWT_ISSUER: iss });
  const token = await ofIssuer();
  const id = await published(token);
  for (const path of [
    'snapshot',
    'events',
    'posts',
    `posts/${id}`,
    'journal',
    'export',
    'feed.json',
    'feed.atom',
    'ninjs.json',
  ]) {
    for (const by of [undefined, token]) {
      const { text } = await call(`${server.url}/v1/channels/moon/${path}`, by ? { token: by } : {});
      expect([path, text.includes('id.example.org')]).toEqual([path, false]);
      if (by === undefined) expect([path, text.includes('ownerKey')]).toEqual([path, false]);
    }
  }
});
