import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type Agent, Agent as HttpsAgent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { merged, quantilesOf } from '../../../bench/histogram.ts';
import { startWorker, type Worker } from '../../../bench/load/worker.ts';
import { allPosts, createChannel } from '../../support/authors/writers.ts';
import type { CrowdReport, CrowdRequest } from '../../support/readers/crowd.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { makeCertificate, startProxy } from '../../support/servers/proxies.ts';
import { takesWrites } from '../../support/servers/takes-writes.ts';
import { startDeployedRedis } from '../../support/stores/deployed-redis.ts';

/**
 * The topology of deploy/compose.cluster.yaml as processes: Redis, two nodes and a proxy with the files of deploy/, rolled one node
 * after the other. `PRESSBOX_ROLLED_READERS=2000` measures a larger crowd.
 */
const readers = Number(process.env.PRESSBOX_ROLLED_READERS ?? 200);
const postsPerSecond = 5;
/** Readers with the client library, in one process. Further ones do little else than count, because thousands must fit here. */
const withLibrary = Math.min(readers, 100);
const leanPerProcess = 1_000;

/** The status of the answer to a post with this key, without retries. */
async function post(url: string, { token, agent, key }: { token: string; agent: Agent; key: string }): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key };
  const asked = request(url, { method: 'POST', headers, agent });
  asked.end(JSON.stringify({ headline: 'Smoke over pier four' }));
  const [answer] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode ?? 0;
}

describeWith(needs.openssl, 'two nodes on deploy/redis.conf', (openssl) => {
  describeWith(needs.redis, 'with posts all the time', (redisServer) => {
    for (const name of ['haproxy', 'nginx'] as const) {
      describeWith.concurrent(needs[name], `behind ${name}`, (binary) => {
        it('are restarted one after the other without a gap, a doubled change or a failed write', async (test) => {
          await using redis = await startDeployedRedis(redisServer);
          const env = {
            PRESSBOX_REDIS_URL: redis.url,
            PRESSBOX_JWT_SECRET: 'a secret that both servers know, of 32 bytes',
            PRESSBOX_TRUST_PROXY: 'loopback',
          };
          const nodes = await Promise.all([startServerProcess({ env }), startServerProcess({ env })]);
          for (const node of nodes) test.onTestFinished(() => node[Symbol.asyncDispose]());
          const folder = await mkdtemp(join(tmpdir(), 'pressbox-roll-'));
          test.onTestFinished(() => rm(folder, { recursive: true, force: true }));
          await using certificate = await makeCertificate(openssl);
          const port = await freePort();
          const ports = nodes.map(({ url }) => Number(new URL(url).port));
          test.onTestFinished(await startProxy(name, binary, { folder, port, nodes: ports, certificate }));
          const url = `https://127.0.0.1:${port}`;

          const token = await nodes[0]!.token();
          const { id } = await createChannel(nodes[0]!, token);
          const leanProcesses = Math.ceil((readers - withLibrary) / leanPerProcess);
          const lean = { with: 'lean reader', readers: Math.ceil((readers - withLibrary) / leanProcesses) } as const;
          const asked: Omit<CrowdRequest, 'url' | 'channelId'>[] = [
            { with: 'client library', readers: withLibrary },
            ...Array.from({ length: leanProcesses }, () => lean),
          ];
          const count = asked.reduce((sum, crowd) => sum + crowd.readers, 0);
          const crowds: Worker[] = asked.map(() =>
            startWorker(new URL('../../support/readers/crowd.ts', import.meta.url), {
              NODE_EXTRA_CA_CERTS: certificate.certificate,
            }),
          );
          for (const crowd of crowds) test.onTestFinished(() => crowd[Symbol.asyncDispose]());
          await Promise.all(crowds.map((crowd, index) => crowd.call('open', { url, channelId: id, ...asked[index] })));

          const agent = new HttpsAgent({ keepAlive: true, ca: await readFile(certificate.certificate) });
          test.onTestFinished(async () => agent.destroy());
          const statuses: Promise<number | string>[] = [];
          let isOver = false;
          const publishing = (async () => {
            while (!isOver) {
              const sent = post(`${url}/v1/channels/${id}/posts`, { token, agent, key: crypto.randomUUID() });
              statuses.push(sent.catch((error: Error) => error.message));
              await pause(1_000 / postsPerSecond);
            }
          })();
          const rolled: number[] = [];
          for (const node of nodes) {
            const began = performance.now();
            expect(await node.stop()).toBe(0);
            await node.start();
            await vi.waitFor(async () => expect(await takesWrites(node)).toBe(true), { interval: 100, timeout: 120_000 });
            rolled.push(Math.round(performance.now() - began));
          }
          isOver = true;
          await publishing;
          const failed = (await Promise.all(statuses)).filter((status) => status !== 201);
          expect(failed).toEqual([]);

          const posts = await allPosts(nodes[0]!, id);
          expect(posts).toHaveLength(statuses.length);
          // The entry that created the channel, and one for each post.
          const offset = 1 + statuses.length;
          await vi.waitFor(
            async () => {
              const live = await Promise.all(crowds.map((crowd) => crowd.call<number>('reached', { offset })));
              expect(live.reduce((sum, some) => sum + some, 0)).toBe(count);
            },
            { interval: 200, timeout: 120_000 },
          );
          const reports = await Promise.all(crowds.map((crowd) => crowd.call<CrowdReport>('report')));
          const sum = (field: 'gaps' | 'doubled' | 'resets' | 'ended') => reports.reduce((all, each) => all + each[field], 0);
          const shown = (ms: number) => `${Math.round(ms)} ms`;
          const away = (some: readonly CrowdReport[]) => {
            const { p50, p99, most } = quantilesOf(merged(some.map(({ awayMs }) => awayMs)));
            return `p50 ${shown(p50)}, p99 ${shown(p99)}, most ${shown(most)}`;
          };
          console.log(
            `Behind ${name}: ${count} readers, ${statuses.length} posts, nodes rolled in ${rolled.map(shown).join(' and ')}. Disconnected: ${away(reports)}; with the client library: ${away(reports.slice(0, 1))}.`,
          );
          expect({ gaps: sum('gaps'), doubled: sum('doubled'), resets: sum('resets'), ended: sum('ended') }).toEqual({
            gaps: 0,
            doubled: 0,
            resets: 0,
            ended: 0,
          });
        });
      });
    }
  });
});
