import { expect, it, vi } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { linkCodeFor, signInBy } from '../../support/servers/sign-in-links.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** Sign-in links on nodes that share a store. */

const secret = 'a secret that both nodes know, of 32 bytes or more';

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `on two servers with one ${kind}`, (binary) => {
    it('a link opens one session, on whichever server it is used first, even at the same moment', async () => {
      await using redis = await startRedis(binary);
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret };
      await using here = await startTestServer(env);
      await using there = await startTestServer(env);
      for (let round = 0; round < 5; round += 1) {
        const code = await linkCodeFor(here);
        const answers = await Promise.all([here, there, there, here].map((server) => signInBy(code, server)));
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401]);
        const { cookie } = answers.find(({ status }) => status === 200) ?? { cookie: '' };
        for (const { url } of [here, there]) {
          expect((await call(`${url}/v1/session`, { headers: { cookie } })).body).toMatchObject({ session: { sub: 'ruth' } });
        }
        await there.restart();
        expect((await signInBy(code, there)).body).toMatchObject({ code: 'link-used' });
      }
    });

    it('a link that was used stays used after the store has lost that', async () => {
      await using redis = await startRedis(binary);
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret };
      await using here = await startTestServer(env);
      await using there = await startTestServer(env);
      const code = await linkCodeFor(here);
      expect((await signInBy(code, here)).status).toBe(200);
      await redis.admin.flushall();
      expect((await signInBy(code, here)).body).toMatchObject({ code: 'link-used' });
      // The server that knew of it writes it back.
      await vi.waitFor(async () => expect(await redis.admin.keys('*revoked')).not.toEqual([]), 10_000);
      expect((await signInBy(code, there)).body).toMatchObject({ code: 'link-used' });
    });

    it('a link whose use was not acknowledged is answered 503 with an unknown outcome, and opens no second session', async () => {
      await using redis = await startRedis(binary);
      await using line = await startLine(`http://127.0.0.1:${redis.port}`);
      const slow = redis.url.replace(String(redis.port), new URL(line.url).port);
      await using here = await startTestServer({ PRESSBOX_REDIS_URL: slow, PRESSBOX_JWT_SECRET: secret });
      await using there = await startTestServer({ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret });
      const code = await linkCodeFor(here, { jti: 'unacknowledged' });
      line.delayMs = 2_000;
      const lost = signInBy(code, here);
      await vi.waitFor(() => expect(line.deafen('link:unacknowledged')).toBeGreaterThan(0), { timeout: 2_000, interval: 10 });
      await vi.waitFor(async () => expect((await signInBy(code, there)).body).toMatchObject({ code: 'link-used' }), 5_000);
      line.cut();
      const { status, body, cookie } = await lost;
      expect([status, body, cookie]).toMatchObject([503, { code: 'journal-unavailable', outcome: 'unknown' }, '']);
    });
  });
}
