import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { startPrometheus } from '../../support/servers/prometheus.ts';
import { call } from '../../support/servers/server.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(root, 'deploy/grafana/pressbox.json'), 'utf8')) as {
  panels: Panel[];
  templating: { list: { name: string; query: string | { query: string } }[] };
};

/** With the values that Grafana would put in place of its variables. */
const filledIn = (query: string) =>
  query.replaceAll('$job', 'pressbox').replaceAll('$instance', '.*').replaceAll('$__rate_interval', '10s');
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, query: filledIn(expr) })),
);
/** The metric and the label from which Grafana offers the values of a variable. */
const choices = dashboard.templating.list.flatMap(({ query }) => {
  const [, metric = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(typeof query === 'string' ? '' : query.query) ?? [];
  return label === '' ? [] : [{ metric: filledIn(metric), label }];
});

describeWith(needs.prometheus, 'the dashboard in deploy/grafana', (prometheus) => {
  describeWith(needs.redis, 'with a server on an embedded journal and one on Redis', (redis) => {
    it('shows data in every panel after traffic, and every alert rule can be evaluated', async (test) => {
      const store = await startRedisFor(test, redis);
      await using embedded = await startServerProcess();
      await using shared = await startServerProcess({ env: { PRESSBOX_REDIS_URL: store.url } });
      const servers = await Promise.all(
        [embedded, shared].map(async (server) => {
          const token = await server.token({ admin: true });
          return { url: server.url, token, channel: await createChannel(server, token) };
        }),
      );
      await using seen = await startPrometheus(
        prometheus,
        servers.map(({ url }) => url),
      );
      const readers = await Promise.all(servers.map(({ url }) => openReader(url)));
      test.onTestFinished(async () => {
        for (const reader of readers) reader.destroy();
      });
      for (const [index, reader] of readers.entries()) await reader.subscribe(servers[index]!.channel.id);

      expect(queries.length).toBeGreaterThan(40);
      const waiting = new Set(queries);
      await vi.waitFor(
        async () => {
          for (const { url, token, channel } of servers) {
            await publish({ url }, token, channel.id, { body: 'Three boats are out.' });
            for (const path of ['events', 'snapshot', 'feed.atom']) await call(`${url}/v1/channels/${channel.id}/${path}`);
            await call(`${url}/live/${channel.id}`);
          }
          for (const one of waiting) {
            const found = await seen.query(one.query);
            if (found.some(({ value }) => !Number.isNaN(value))) waiting.delete(one);
          }
          expect([...waiting]).toEqual([]);
        },
        { timeout: 90_000, interval: 200 },
      );

      expect(choices.map(({ label }) => label)).toEqual(['job', 'instance']);
      for (const { metric, label } of choices) {
        const offered = new Set((await seen.query(metric)).map((found) => found.metric[label]));
        const hosts = servers.map(({ url }) => new URL(url).host);
        expect([...offered].toSorted()).toEqual(label === 'job' ? ['pressbox'] : hosts.toSorted());
      }
      await vi.waitFor(
        async () => {
          const rules = await seen.rules();
          expect(rules.length).toBeGreaterThan(20);
          expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
        },
        { timeout: 30_000, interval: 200 },
      );
    }, 180_000);
  });
});
