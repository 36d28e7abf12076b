import { expect, it } from 'vitest';
import { openReader } from '../../support/readers/socket-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import { startStoppableIssuer } from '../../support/servers/issuer.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** Sessions of nodes that share only a store: no secret is set, and the signing key is in the store. */

const promisedMs = 3_000;

const sessionOf = async ({ url }: TestServer, cookie: string) =>
  ((await call(`${url}/v1/session`, { headers: { cookie } })).body as { session: object | null }).session;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `on two servers with one ${kind} and an issuer`, (binary) => {
    it('a session is valid on both, and signing out ends it on both within 3 s, even if the announcement is lost', async () => {
      await using redis = await startRedis(binary);
      await using issuer = await startStoppableIssuer();
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWKS_URL: issuer.jwksUrl };
      // Both start at once on a store without a key.
      const servers = await Promise.all([startTestServer(env), startTestServer(env)]);
      const [here, there] = servers;
      try {
        const body = { id: 'members', headline: 'For members', access: 'members', state: 'live' };
        await call(`${here.url}/v1/channels`, { method: 'POST', token: await issuer.token({ editor: ['*'] }, 'desk'), body });
        const cookies: string[] = [];
        for (const { url } of servers) {
          const token = await issuer.token({ reader: ['*'] }, `reader-${cookies.length}`);
          const { headers } = await call(`${url}/v1/session`, { method: 'POST', token });
          cookies.push(headers.getSetCookie()[0]?.split(';')[0] ?? '');
          expect(cookies.at(-1)).not.toContain(token.split('.')[2]);
        }
        for (const cookie of cookies) {
          for (const server of servers) expect(await sessionOf(server, cookie)).toMatchObject({ name: 'Ruth Calder' });
        }
        const [ended = '', kept = ''] = cookies;
        const reader = await openReader(there.url, { headers: { Cookie: ended, Origin: there.origin } });
        expect(await reader.subscribe('members')).toMatchObject({ ok: true });
        // No server receives the announcement.
        const killing = setInterval(() => void redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined), 1);
        try {
          await call(`${here.url}/v1/session`, { method: 'DELETE', headers: { cookie: ended } });
          await within(promisedMs, async () => expect(await sessionOf(there, ended)).toBeNull(), [process.pid, redis.pid]);
        } finally {
          clearInterval(killing);
        }
        await within(2_000, () => expect(reader.isOpen).toBe(false), [process.pid, redis.pid]);
        await there.restart();
        for (const server of servers) {
          expect(await sessionOf(server, ended)).toBeNull();
          expect(await sessionOf(server, kept)).not.toBeNull();
        }
      } finally {
        for (const server of servers) await server[Symbol.asyncDispose]();
      }
    });
  });
}
