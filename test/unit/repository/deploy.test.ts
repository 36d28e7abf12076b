import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { prometheusRulePath, prometheusRuleText } from '../../../scripts/docs.ts';
import { readConfig } from '../../../src/config.ts';
import { variables } from '../../../src/config-variables.ts';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { workerLimits } from '../../../src/workers/worker-limits.ts';
import { root } from '../../support/runner/imports.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';

/** Compares the files of `deploy/` with the code and the docs. Other tests give them to the programs that read them. */

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const files = readdirSync(join(root, 'deploy'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
const defaults = readConfig({});
const port = `${defaults.port}`;

/** The number after `name` in each place of the text where it is. */
const numbers = (text: string, name: RegExp) =>
  [...text.matchAll(new RegExp(`${name.source}\\D*?(\\d+)`, 'gm'))].map(([, found]) => Number(found));

/** Seconds after which the slowest server has ended. */
const stopSeconds = Math.max(
  (liveLimits.drainMs + httpLimits.leadAwayMs + httpLimits.lastAnswersMs + sqliteLimits.journalCloseMs) / 1_000,
  (workerLimits.workerEndMs + newsroomLimits.erasureWaitMs) / 1_000,
);

describe('the files of deploy/', () => {
  it('set only variables that the program reads', () => {
    const named = files.flatMap((file) => readFileSync(file, 'utf8').match(/\bPRESSBOX_[A-Z_]*[A-Z]\b/g) ?? []);
    expect(named.length).toBeGreaterThan(10);
    const others = ['PRESSBOX_URL', 'PRESSBOX_TOKEN'];
    expect([...new Set(named)].filter((name) => !(name in variables) && !others.includes(name))).toEqual([]);
  });

  it('give a server more time to end than it takes', () => {
    const compose = ['compose.yaml', 'compose.cluster.yaml'].flatMap((file) =>
      numbers(read(`deploy/${file}`), /stop_grace_period/),
    );
    const unit = numbers(read('deploy/systemd/pressbox.service'), /^TimeoutStopSec/);
    const pod = read('deploy/kubernetes/deployment.yaml');
    const [grace = 0] = numbers(pod, /terminationGracePeriodSeconds/);
    const [before = 0] = numbers(pod, /command: \[sleep/);
    expect([compose.length, unit.length]).toEqual([3, 1]);
    for (const seconds of [...compose, ...unit, grace - before]) expect(seconds).toBeGreaterThan(stopSeconds);
  });

  it('let a node serve until every proxy knows that it ends', () => {
    const pod = read('deploy/kubernetes/deployment.yaml');
    const probe = pod.slice(pod.indexOf('readinessProbe'), pod.indexOf('livenessProbe'));
    const [[every = 0], [fails = 0]] = [numbers(probe, /periodSeconds/), numbers(probe, /failureThreshold/)];
    const [before = 0] = numbers(pod, /command: \[sleep/);
    expect(before).toBeGreaterThan(every * fails);
  });

  it('use the ports, the user and the data directory of the image', () => {
    const image = read('Dockerfile');
    const [, user] = /^ARG USER_ID=(\d+)$/m.exec(image) ?? [];
    const pod = read('deploy/kubernetes/deployment.yaml');
    expect(image).toContain(`EXPOSE ${port}\n`);
    expect(new Set(numbers(pod, /(?:runAsUser|runAsGroup|fsGroup):/))).toEqual(new Set([Number(user)]));
    expect(pod).toContain(`containerPort: ${port}`);
    expect(pod).toMatch(new RegExp(`name: PRESSBOX_PORT\\n +value: "${port}"`));
    const [, admin] = /name: PRESSBOX_ADMIN_PORT\n +value: "(\d+)"/.exec(pod) ?? [];
    expect(pod).toContain(`containerPort: ${admin}`);
    expect(pod).toContain('mountPath: /data\n');
    for (const file of ['compose.yaml', 'compose.cluster.yaml'])
      expect(read(`deploy/${file}`)).toMatch(/volumes: \["\w+:\/data"\]/);
  });

  it('lead every proxy to the default port', () => {
    for (const file of ['nginx.conf', 'Caddyfile']) expect(read(`deploy/${file}`)).toContain(`${defaults.host}:${port}`);
    expect(read('deploy/compose.yaml')).toContain(`NODES: pressbox:${port}\n`);
    const nodes = [...read('deploy/haproxy.cfg').matchAll(/^ +server (\w+) \1:(\d+)$/gm)].map(([, name, at]) => [name, at]);
    const services = [...read('deploy/compose.cluster.yaml').matchAll(/^ {2}(\w+): \*node$/gm)].map(([, name]) => [name, port]);
    expect(nodes).toEqual(services);
    expect(nodes).toHaveLength(2);
  });

  it('let proxies wait longer than the server is silent, and close idle connections before the server does', () => {
    const quiet = Math.max(limits.waitSeconds, limits.pingSeconds);
    const haproxy = read('deploy/haproxy.cfg');
    for (const timeout of [/timeout client/, /timeout server/, /timeout tunnel/]) {
      for (const seconds of numbers(haproxy, timeout)) expect(seconds).toBeGreaterThan(quiet);
    }
    for (const seconds of numbers(haproxy, /timeout http-keep-alive/))
      expect(seconds * 1_000).toBeLessThan(httpLimits.keepAliveMs);
  });

  it('have room for the open files of as many readers as their proxy accepts', () => {
    const cluster = read('deploy/compose.cluster.yaml');
    const [most = 0] = numbers(read('deploy/haproxy.cfg'), /maxconn/);
    const [node = 0, proxy = 0] = numbers(cluster, /nofile/);
    expect(proxy).toBeGreaterThan(2 * most);
    expect(node).toBeGreaterThan(most);
  });

  it.each([
    ['redis.conf', ['acl']],
    ['valkey.conf', ['acl', 'acl-valkey']],
  ])('give a store the settings and the users of docs/guides/redis.md: %s', (file, blocks) => {
    const page = read('docs/guides/redis.md');
    const conf = read(`deploy/${file}`);
    const lines = conf.split('\n');
    for (const line of blocksOf(page, 'Required settings').slice(0, 2).join('').trim().split('\n')) expect(lines).toContain(line);
    const block = (name: string) => new RegExp(`^\`\`\`${name}\n(.*?)^\`\`\``, 'ms').exec(page)?.[1] ?? '';
    const words = (text = '') => text.trim().split(/\s+/);
    expect(words(/^user pressbox on >\w+ (.*)$/m.exec(conf)?.[1])).toEqual(words(blocks.map(block).join('')));
    expect(lines).toContain(block('acl-default').trim());
  });

  it('configure Valkey like Redis, with one more right', () => {
    const settings = (file: string) => read(`deploy/${file}`).replace(/^#.*\n/, '');
    expect(settings('valkey.conf').replace(' +commandlog|reset', '')).toBe(settings('redis.conf'));
  });

  it('have the same alert rules for Prometheus and for its operator', () => {
    const { groups } = parseYaml(read('deploy/prometheus/rules.yml')) as { groups: unknown[] };
    const { kind, spec } = parseYaml(read(prometheusRulePath)) as { kind: string; spec: object };
    expect([kind, spec]).toEqual(['PrometheusRule', { groups }]);
    expect(read(prometheusRulePath)).toBe(prometheusRuleText());
    expect(read('deploy/kubernetes/kustomization.yaml')).toContain('- prometheus-rule.yaml\n');
  });

  it('show on the dashboard every metric of the server that an alert reads', () => {
    const dashboard = read('deploy/grafana/pressbox.json');
    const alerts = [...read('deploy/prometheus/rules.yml').matchAll(/^ +expr: (.+)$/gm)]
      .map(([, expression]) => expression)
      .join();
    const metrics = new Set(alerts.match(/\b(?:pressbox|process|nodejs)_\w+/g));
    expect(metrics.size).toBeGreaterThan(20);
    // The jobs of each night write these to files, which no server exports.
    const nightly = /^pressbox_(?:verify|archive)_/;
    expect([...metrics].filter((name) => !nightly.test(name) && !dashboard.includes(name))).toEqual([]);
  });

  it('are all in the index', () => {
    const index = read('deploy/README.md');
    const linked = [...index.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path = '']) => join(root, 'deploy', path));
    // The service and the script of the timer are found from there.
    const found = files.filter((file) => !/README|pressbox-verify/.test(file));
    expect(found.filter((file) => !linked.some((path) => file === path || file.startsWith(`${path}/`)))).toEqual([]);
  });

  it('run the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read('deploy/kubernetes/kustomization.yaml')).toContain(`newTag: ${version}\n`);
  });
});
