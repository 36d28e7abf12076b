import { expect, it, vi } from 'vitest';
import { registry } from '../../../src/journal/redis/keys.ts';
import { loadScripts } from '../../../src/journal/redis/scripts.ts';
import { newerData, storeFormat } from '../../../src/journal/redis/store-format.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { watch } from '../../support/readers/distrustful-reader.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { type RedisServer, startRedisFor } from '../../support/stores/redis.ts';

const secret = 'a secret that both nodes know, of 32 bytes or more';
const patient = { timeout: 10_000, interval: 50 };

/** The first write of a node whose version needs the next format: it raises the request clock. */
async function writeAsNewerVersion({ admin }: RedisServer): Promise<void> {
  const { text } = loadScripts()['request-clock'];
  await admin.call('EVAL', text, 2, registry.requestClock, registry.format, 0, storeFormat + 1);
}

for (const kind of ['redis', 'valkey'] as const) {
  describeOn.concurrent(kind, `a server on ${kind} beside one of a newer version`, (binary) => {
    it('refuses writes once the newer one has written, says why everywhere, keeps its readers, and does not start again', async (test) => {
      const redis = await startRedisFor(test, binary);
      const said: string[] = [];
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret };
      const server = await startServerProcess({ env, onLine: (line) => said.push(line) });
      test.onTestFinished(() => server[Symbol.asyncDispose]());
      const token = await server.token();
      const { id } = await createChannel(server, token);
      const { offset } = await publish(server, token, id, { body: 'Before.' });
      using reader = watch(server.url, id);
      await vi.waitFor(() => expect(reader.offset).toBe(offset), patient);

      await writeAsNewerVersion(redis);
      const path = `${server.url}/v1/channels/${id}/posts`;
      expect(await call(path, { method: 'POST', token, body: { body: 'After.' } })).toMatchObject({
        status: 503,
        body: { code: 'journal-unavailable', outcome: 'unchanged' },
      });
      const reason = `The journal accepts no writes. ${newerData}`;
      await vi.waitFor(async () => {
        const { status, body } = await call(`${server.url}/readyz`);
        expect([status, body]).toMatchObject([200, { status: 'degraded', reason }]);
      }, patient);
      const metrics = (await call(`${server.url}/metrics`)).text;
      expect(metrics).toContain('pressbox_store_writable 0');
      expect(metrics).toContain('pressbox_store_reachable 1');
      await vi.waitFor(
        () => expect(said.find((line) => line.includes('the store accepts no writes'))).toMatch(/"why":"[^"]*NEWERDATA/),
        patient,
      );
      expect((await call(`${server.url}/v1/channels/${id}/snapshot`)).status).toBe(200);
      expect(reader.offset).toBe(offset);

      const lines: string[] = [];
      const starting = startServerProcess({ env, onLine: (line) => lines.push(line) });
      await expect(starting).rejects.toThrow(`The server ended with 1 before it served`);
      expect(lines.at(-1)).toBe(`PRESSBOX_REDIS_URL: ${newerData}`);
    });
  });
}
