import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { type LinkContent, signLinkCode } from '../../../src/access/sign-in-links.ts';
import { signToken } from '../../../src/access/tokens.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { signInBy } from '../../support/servers/sign-in-links.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** Replacing the secret, with a time in which old and new tokens are accepted. */

const [old, fresh] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64url')];
let ids = 0;

const bytesOf = (secret: string) => new Uint8Array(Buffer.from(secret));
function tokenBy(secret: string): Promise<string> {
  ids += 1;
  const content = { sub: 'ruth', grants: { editor: ['*'] }, ttlSeconds: 86_400, now: Date.now(), jti: `rotated-${ids}` };
  return signToken(bytesOf(secret), content);
}
function linkBy(secret: string, changed: Partial<LinkContent> = {}): Promise<string> {
  ids += 1;
  const whose = { sub: 'ruth', name: 'Ruth Calder', grants: { editor: ['*'] }, now: Date.now(), jti: `rotated-${ids}` };
  return signLinkCode(bytesOf(secret), { ...whose, usableSeconds: 900, sessionSeconds: 3_600, ...changed });
}

type Where = Pick<TestServer, 'url'>;
const isAccepted = async (token: string, { url }: Where) => (await call(`${url}/v1/session`, { token })).status === 200;
const sessionBy = async (token: string, server: Where) => (await signInBy(token, server)).cookie;
const isSignedIn = async (cookie: string, { url }: Where) =>
  ((await call(`${url}/v1/session`, { headers: { cookie } })).body as { session: object | null }).session !== null;

it('a server signs with the first of its secrets and accepts what any of them signed', async () => {
  await using server = await startTestServer({ PRESSBOX_JWT_SECRET: `${fresh}, ${old}` });
  expect(Buffer.from(server.server.secret as Uint8Array).toString()).toBe(fresh);
  for (const secret of [old, fresh]) {
    const token = await tokenBy(secret);
    expect(await isAccepted(token, server)).toBe(true);
    expect(await isSignedIn(await sessionBy(token, server), server)).toBe(true);
    const code = await linkBy(secret);
    expect(await isSignedIn((await signInBy(code, server)).cookie, server)).toBe(true);
    expect((await signInBy(code, server)).body).toMatchObject({ code: 'link-used' });
    const reader = await openReader(server.url, { token });
    reader.destroy();
  }
  const foreign = await tokenBy(randomBytes(32).toString('base64url'));
  expect((await call(`${server.url}/v1/session`, { token: foreign })).body).toMatchObject({ code: 'token-invalid' });
  expect((await signInBy(await linkBy(randomBytes(32).toString('base64url')), server)).body).toMatchObject({
    code: 'token-invalid',
    detail: expect.stringContaining('made with another secret'),
  });
});

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `replacing the secret of two servers on one ${kind}`, (binary) => {
    it('refuses nobody at any step, and ends with the old secret everything that it signed', async () => {
      await using redis = await startRedis(binary);
      const start = (secrets: string) => startTestServer({ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secrets });
      let nodes = [await start(old), await start(old)];
      const tokens = [await tokenBy(old)];
      const cookies = [await sessionBy(tokens[0] as string, nodes[0] as TestServer)];
      const unused = await linkBy(old);
      try {
        for (const secrets of [`${old},${fresh}`, `${fresh},${old}`]) {
          for (const at of [0, 1]) {
            await nodes[at]?.[Symbol.asyncDispose]();
            nodes = nodes.with(at, await start(secrets));
            const [here, there] = [nodes[at], nodes[1 - at]] as [TestServer, TestServer];
            // What the new process signs is accepted by the one that still has the settings of the step before.
            const token = await here.token();
            tokens.push(token);
            cookies.push(await sessionBy(token, here));
            for (const node of [here, there]) {
              for (const known of tokens) expect(await isAccepted(known, node)).toBe(true);
              for (const cookie of cookies) expect(await isSignedIn(cookie, node)).toBe(true);
            }
          }
        }
        const [here] = nodes as [TestServer];
        const byOldToken = await sessionBy(tokens[0] as string, here);
        const byOldLink = (await signInBy(unused, here)).cookie;
        const byNewToken = await sessionBy(tokens.at(-1) as string, here);
        for (const cookie of [byOldToken, byOldLink, byNewToken]) expect(await isSignedIn(cookie, here)).toBe(true);
        await nodes[1]?.[Symbol.asyncDispose]();
        nodes = nodes.with(1, await start(fresh));
        const last = nodes[1] as TestServer;
        expect([await isAccepted(tokens[0] as string, last), await isAccepted(tokens.at(-1) as string, last)]).toEqual([
          false,
          true,
        ]);
        const signedIn = await Promise.all(
          [cookies[0] as string, byOldToken, byOldLink, byNewToken].map((one) => isSignedIn(one, last)),
        );
        expect(signedIn).toEqual([false, false, false, true]);
        expect(await isSignedIn(byNewToken, here)).toBe(true);
      } finally {
        for (const node of nodes) await node[Symbol.asyncDispose]();
      }
    });
  });
}

it('a session stays with the secret of its token when its use is noted', async () => {
  let now = Date.now();
  const clock = { now: () => now, elapsed: () => performance.now() };
  const env = { PRESSBOX_SESSION_IDLE_MINUTES: '30' };
  await using server = await startTestServer({ ...env, PRESSBOX_JWT_SECRET: `${fresh},${old}` }, clock);
  const cookie = await sessionBy(await tokenBy(old), server);
  now += 10 * 60_000;
  const { headers } = await call(`${server.url}/v1/session`, { headers: { cookie } });
  const [renewed = ''] = headers.getSetCookie()[0]?.split(';') ?? [];
  expect(renewed).not.toBe('');
  expect(renewed).not.toBe(cookie);
  await using after = await startTestServer({ ...env, PRESSBOX_JWT_SECRET: fresh }, clock);
  await using before = await startTestServer({ ...env, PRESSBOX_JWT_SECRET: old }, clock);
  expect([await isSignedIn(renewed, server), await isSignedIn(renewed, before), await isSignedIn(renewed, after)]).toEqual([
    true,
    true,
    false,
  ]);
});
