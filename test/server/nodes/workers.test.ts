import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { residentBytes } from '../../../bench/machine.ts';
import { registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { allPosts, createChannel, publish, wholeJournal, write, writeAndErase } from '../../support/authors/writers.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import { call } from '../../support/servers/server.ts';
import { caughtUp, childrenOf, faultsOf, isAlive, patient, twoWorkers } from '../../support/servers/two-workers.ts';

/** Time after which a missing process is forgotten. */
const forgotten = { timeout: 30_000, interval: 50 };

/** How the workers of a running server share its work, and are replaced. `worker-ends.test.ts` tests how the server ends. */
for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `a server of two processes on ${kind}`, (binary) => {
    const two = twoWorkers(binary);

    it('logs one line that it listens, and each line names its worker', () => {
      expect(two.lines.filter(({ msg }) => msg === 'listening')).toMatchObject([
        { pid: two.server.pid, url: two.server.url, workers: 2 },
      ]);
      expect(two.lines.filter(({ pid }) => pid !== two.server.pid).map(({ worker }) => worker)).toEqual(
        two.lines.filter(({ pid }) => pid !== two.server.pid).map(({ pid }) => (pid === two.pidOf(1) ? 1 : 2)),
      );
      expect(childrenOf(two.server.pid).sort()).toEqual([two.pidOf(1), two.pidOf(2)].sort());
    });

    it('shows posts of either worker to readers of both, and reports metrics as one server', async () => {
      const appended = 'pressbox_appends_total{outcome="appended"}';
      await vi.waitFor(async () => expect((await two.metrics()).get(appended)).toBe(0), patient);
      const { id } = await createChannel(two.server, two.token);
      const readers = await two.readersOfBoth(id);
      // One connection for each request, so that both workers get some.
      const posting = Array.from({ length: 20 }, (_, index) =>
        call(`${two.server.url}/v1/channels/${id}/posts`, {
          method: 'POST',
          token: two.token,
          body: { body: `Post ${index}.` },
          headers: { connection: 'close' },
        }),
      );
      expect((await Promise.all(posting)).map(({ status }) => status)).toEqual(posting.map(() => 201));
      await caughtUp(readers, 21);
      const [first] = readers;
      for (const { posts } of readers) expect(posts).toEqual(first!.posts);
      expect(faultsOf(readers)).toEqual([]);

      const after = await vi.waitFor(async () => {
        const counted = await two.metrics();
        // One append creates the channel, the others publish its posts.
        expect([appended, 'pressbox_append_seconds_count'].map((series) => counted.get(series))).toEqual([21, 21]);
        expect(counted.get('pressbox_events_delivered_total{transport="socket"}')).toBe(20 * readers.length);
        expect(counted.get('pressbox_readers{transport="socket"}')).toBe(readers.length);
        return counted;
      }, patient);
      // Any worker also answers with the limits, which are not summed.
      const { text } = await call(`${two.server.url}/metrics?limits=1`);
      expect(text).toContain('\npressbox_limit{name="bodyBytes"} 1048576\n');
      expect(text).toContain('\npressbox_workers 2\n');
      expect(after.get('pressbox_store_reachable')).toBe(1);
      expect([after.get('pressbox_workers'), after.get('pressbox_workers_wanted')]).toEqual([2, 2]);
      const by = [1, 2].map((worker) => after.get(`pressbox_worker_connections{worker="${worker}"}`) ?? 0);
      expect(by[0]! + by[1]!).toBe(after.get('pressbox_connections'));
      const whole = after.get('pressbox_resident_memory_bytes') ?? 0;
      expect(whole).toBeGreaterThan([two.server.pid, two.pidOf(1), two.pidOf(2)].map(residentBytes).reduce((a, b) => a + b) / 2);
    });

    it('erases a post in both workers and reports the erasure as complete', async () => {
      const { id } = await createChannel(two.server, two.token);
      const readers = await two.readersOfBoth(id);
      const { post } = await publish(two.server, two.token, id, { body: 'zqsecret' });
      await caughtUp(readers, 2);
      const path = `/v1/channels/${id}/posts/${post.id}/takedown`;
      const down = await writeAndErase(two.server, two.token, { path, body: {} });
      expect([down.status, down.erasure]).toEqual([200, { complete: true, pending: [] }]);
      await caughtUp(readers, 3);
      for (let round = 0; round < 10; round += 1) {
        for (const path of ['snapshot', 'feed.atom', 'events?after=']) {
          const headers = { connection: 'close' };
          const { text } = await call(`${two.server.url}/v1/channels/${id}/${path}`, { headers });
          expect(text).not.toContain('zqsecret');
        }
      }
      expect(faultsOf(readers)).toEqual([]);
    });

    it('replaces a killed worker, loses no post, and gets its readers back', async () => {
      const { id } = await createChannel(two.server, two.token);
      const readers = await two.readersOfBoth(id);
      const { post } = await publish(two.server, two.token, id, { body: 'zqlater' });
      const before = await two.metrics();
      const killed = two.pidOf(1);
      const nodes = () => two.redis.admin.zrange(registry.nodes, 0, '-1');
      const nodesBefore = await nodes();
      const posting = Array.from({ length: 40 }, async (_, index) => {
        if (index === 10) process.kill(killed, 'SIGKILL');
        return await publish(two.server, two.token, id, { body: `Post ${index}.` }, `key-${index}`);
      });
      const written = await Promise.all(posting);
      // The takedown does not wait for the killed worker, although its last heartbeat would still count.
      const path = `/v1/channels/${id}/posts/${post.id}/takedown`;
      await within(redisLimits.countsMs / 2, async () => {
        const down = await write(two.server, two.token, { path, body: {}, key: 'takedown' });
        expect([down.status, down]).toMatchObject([200, { erasure: { complete: true, pending: [] } }]);
      }, [process.pid, two.redis.pid, two.server.pid, ...childrenOf(two.server.pid)]);
      // The killed worker could not deregister itself, and would stay registered for a minute.
      await vi.waitFor(async () => expect(await nodes()).not.toEqual(expect.arrayContaining(nodesBefore)), forgotten);
      await vi.waitFor(() => expect(two.pidOf(1)).not.toBe(killed), patient);
      await caughtUp(readers, 43);
      const stored = new Set((await allPosts(two.server, id)).map(({ id }) => id));
      expect(written.filter(({ post }) => !stored.has(post.id))).toEqual([]);
      expect(stored.size).toBe(41);
      expect(faultsOf(readers)).toEqual([]);
      const died = { msg: 'worker died', worker: 1, workerPid: killed, signal: 'SIGKILL' };
      await vi.waitFor(() => expect(two.lines).toContainEqual(expect.objectContaining(died)), patient);
      await vi.waitFor(async () => expect((await two.metrics()).get('pressbox_workers')).toBe(2), patient);
      const after = await two.metrics();
      expect(after.get('pressbox_worker_ends_total{how="died"}')).toBe(1);
      // No counter goes back, which Prometheus would take for a restart of the server.
      const counted = [...before].filter(([series]) => /_(?:total|count|sum|bucket)\b/.test(series));
      expect(counted.filter(([series, value]) => !((after.get(series) ?? -1) >= value))).toEqual([]);
    });

    // The remaining tests do not depend on the store and are slow, so they run on Redis only.
    if (kind !== 'redis') return;

    it('renews its workers one after the other while a reader and an author continue', async () => {
      const { id } = await createChannel(two.server, two.token);
      const readers = await two.readersOfBoth(id);
      const before = [two.pidOf(1), two.pidOf(2)];
      const answers: number[] = [];
      const ready: number[] = [];
      const renewed = vi.waitFor(() => expect(two.lines.some(({ msg }) => msg === 'workers are renewed')).toBe(true), patient);
      let done = false;
      process.kill(two.server.pid, 'SIGUSR2');
      // The author uses kept connections and does not retry.
      const author = async () => {
        while (!done)
          answers.push(
            (await call(`${two.server.url}/v1/channels/${id}/posts`, { method: 'POST', token: two.token, body: { body: 'On.' } }))
              .status,
          );
      };
      const balancer = async () => {
        while (!done) ready.push((await call(`${two.server.url}/readyz`)).status);
      };
      const going = Promise.all([author(), balancer(), balancer()]);
      await renewed.finally(() => {
        done = true;
      });
      await going;
      expect(new Set(answers)).toEqual(new Set([201]));
      expect(new Set(ready)).toEqual(new Set([200]));
      await vi.waitFor(() => expect(childrenOf(two.server.pid).sort()).toEqual([two.pidOf(1), two.pidOf(2)].sort()), patient);
      expect(new Set([...before, two.pidOf(1), two.pidOf(2)]).size).toBe(4);
      await caughtUp(readers, answers.length + 1);
      expect(faultsOf(readers)).toEqual([]);
      expect((await wholeJournal(two.server, id, two.token)).length).toBe(answers.length + 1);
      // The first old worker had ended before the second began to drain.
      const left = () =>
        two.lines
          .filter(({ msg, pid }) => before.includes(pid!) && ['draining', 'closed'].includes(msg!))
          .sort((one, other) => String(one.time).localeCompare(String(other.time)))
          .map(({ msg }) => msg);
      await vi.waitFor(() => expect(left()).toHaveLength(4), patient);
      expect(left()).toEqual(['draining', 'closed', 'draining', 'closed']);
      const sums = await two.metrics();
      expect(sums.get('pressbox_worker_ends_total{how="left"}')).toBe(2);
      expect(sums.get('pressbox_worker_ends_total{how="died"}')).toBe(1);
    });

    it('keeps the old workers if a new one is ended during a renewal', async () => {
      const { id } = await createChannel(two.server, two.token);
      /** Renews the workers and ends a new one. Returns false if the renewal was complete by then, as on a busy machine. */
      const isEndedMeanwhile = async (before: number[]) => {
        const said = two.lines.length;
        const since = () => two.lines.slice(said).map(({ msg }) => msg);
        process.kill(two.server.pid, 'SIGUSR2');
        await vi.waitFor(() => expect(before).not.toContain(two.pidOf(1)), patient);
        const ending = two.pidOf(1);
        process.kill(ending, 'SIGTERM');
        const [renewed, notRenewed] = ['workers are renewed', 'workers were not renewed: the old ones keep serving'];
        await vi.waitFor(() => expect(since().some((msg) => msg === renewed || msg === notRenewed)).toBe(true), patient);
        await vi.waitFor(() => expect(isAlive(ending)).toBe(false), patient);
        return since().includes(notRenewed);
      };
      let before: number[];
      do {
        await vi.waitFor(() => expect(childrenOf(two.server.pid).sort()).toEqual([two.pidOf(1), two.pidOf(2)].sort()), patient);
        before = [two.pidOf(1), two.pidOf(2)];
      } while (!(await isEndedMeanwhile(before)));
      await vi.waitFor(() => expect(childrenOf(two.server.pid).sort()).toEqual(before.sort()), patient);
      await vi.waitFor(async () => expect((await two.metrics()).get('pressbox_workers')).toBe(2), patient);
      await publish(two.server, two.token, id, { body: 'On.' });
    });

    it('replaces a worker that was terminated from outside, which lets its readers leave', async () => {
      const { id } = await createChannel(two.server, two.token);
      const readers = await two.readersOfBoth(id);
      const [leaving, staying] = [two.pidOf(1), two.pidOf(2)];
      process.kill(leaving, 'SIGTERM');
      const left = { msg: 'worker left', worker: 1, workerPid: leaving, code: 0 };
      await vi.waitFor(() => expect(two.lines).toContainEqual(expect.objectContaining(left)), patient);
      await vi.waitFor(() => expect(two.pidOf(1)).not.toBe(leaving), patient);
      expect(two.pidOf(2)).toBe(staying);
      await publish(two.server, two.token, id, { body: 'Still here.' });
      await caughtUp(readers, 2);
      expect(faultsOf(readers)).toEqual([]);
    });

    it('keeps its workers and renews nothing while no worker can start', async () => {
      const [killed, staying] = [two.pidOf(1), two.pidOf(2)];
      const said = two.lines.length;
      const since = (msg: string) => two.lines.slice(said).filter((line) => line.msg === msg);
      await two.redis.admin.config('SET', 'appendfsync', 'everysec');
      try {
        process.kill(two.server.pid, 'SIGUSR2');
        await vi.waitFor(() => expect(since('workers were not renewed: the old ones keep serving')).toHaveLength(1), patient);
        await vi.waitFor(() => expect(childrenOf(two.server.pid).sort()).toEqual([killed, staying].sort()), patient);
        process.kill(killed, 'SIGKILL');
        await vi.waitFor(() => expect(since('worker cannot start').length).toBeGreaterThan(2), patient);
        expect(String(since('worker cannot start').at(-1)!.reason)).toContain('appendfsync always');
        expect((await two.metrics()).get('pressbox_workers')).toBe(1);
        expect((await call(`${two.server.url}/readyz`)).status).toBe(200);
      } finally {
        await two.redis.admin.config('SET', 'appendfsync', 'always');
      }
      await vi.waitFor(async () => expect((await two.metrics()).get('pressbox_workers')).toBe(2), patient);
      expect((await two.metrics()).get('pressbox_worker_ends_total{how="refused"}')).toBeGreaterThan(2);
      expect(two.pidOf(2)).toBe(staying);
    });

    it('serves metrics and disconnects nobody while no more files can be opened', async () => {
      const { id } = await createChannel(two.server, two.token);
      const readers = await two.readersOfBoth(id);
      const full = [two.server.pid, two.pidOf(1)];
      const before = await Promise.all(full.map(openFilesMost));
      await Promise.all(full.map((pid) => setOpenFilesMost(pid, '0:')));
      try {
        // A connection accepted by the full worker is closed.
        await vi.waitFor(
          async () => expect((await two.metrics()).get('pressbox_readers{transport="socket"}')).toBe(readers.length),
          patient,
        );
      } finally {
        await Promise.all(full.map((pid, at) => setOpenFilesMost(pid, `${before[at]}:`)));
      }
      await publish(two.server, two.token, id, { body: 'On.' });
      await caughtUp(readers, 2);
      expect(readers.map(({ catchUps }) => catchUps.length)).toEqual(readers.map(() => 1));
      expect(full).toEqual([two.server.pid, two.pidOf(1)]);
    });

    it('keeps its workers while the system cannot create processes, and restores their number afterwards', async () => {
      const [killed, staying] = [two.pidOf(1), two.pidOf(2)];
      const said = two.lines.length;
      const since = (msg: string) => two.lines.slice(said).filter((line) => line.msg === msg);
      const before = await openFilesMost(two.server.pid);
      await setOpenFilesMost(two.server.pid, '0:');
      try {
        process.kill(two.server.pid, 'SIGUSR2');
        await vi.waitFor(() => expect(since('workers were not renewed: the old ones keep serving')).toHaveLength(1), patient);
        process.kill(killed, 'SIGKILL');
        await vi.waitFor(() => expect(since('worker cannot start').length).toBeGreaterThan(2), patient);
        expect(String(since('worker cannot start').at(-1)!.reason)).toContain('EMFILE');
        expect((await two.metrics()).get('pressbox_workers')).toBe(1);
      } finally {
        await setOpenFilesMost(two.server.pid, `${before}:`);
      }
      await vi.waitFor(async () => expect((await two.metrics()).get('pressbox_workers')).toBe(2), patient);
      expect(two.pidOf(2)).toBe(staying);
    });
  });
}

/** The most files that a process may open. A process at the limit cannot start another. */
async function openFilesMost(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('prlimit', ['--pid', String(pid), '--nofile', '--output=SOFT', '--noheadings']);
  return stdout.trim();
}

/** `most`: in the form of prlimit(1). */
async function setOpenFilesMost(pid: number, most: string): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${most}`]);
}
