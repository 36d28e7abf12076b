import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { readConfig, startServer } from '../../src/embed.ts';
import { describeWith, needs } from '../support/needs.ts';
import { type ServerProcess, startServerProcess } from '../support/process.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { call } from '../support/server.ts';
import { type Watcher, watch } from '../support/watcher.ts';
import { allPosts, createChannel, publish, wholeJournal, write } from '../support/writers.ts';

const patient = { timeout: 15_000, interval: 20 };

/** A line of the log, or what else was printed. */
type Line = Record<string, unknown> & { msg?: string; pid?: number; worker?: number };

const lineOf = (line: string): Line => (line.startsWith('{') ? (JSON.parse(line) as Line) : { said: line });

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `a server of two processes on ${kind}`, (binary) => {
    let redis: RedisServer;
    let server: ServerProcess;
    let token: string;
    const lines: Line[] = [];
    const watchers: Watcher[] = [];

    beforeAll(async () => {
      redis = await startRedis(binary);
      server = await startServerProcess({
        env: { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_WORKERS: '2' },
        onLine: (line) => lines.push(lineOf(line)),
      });
      await bothSaid(0);
      token = await server.token({ editor: ['*'], admin: true });
    });
    afterEach(() => {
      for (const watcher of watchers.splice(0)) watcher[Symbol.dispose]();
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await redis?.stop();
    });

    /** Each process prints for itself: what the one says last may be read before what another said earlier. */
    const bothSaid = (since: number) => {
      const saidSo = (number: number) =>
        lines.slice(since).some(({ msg, worker }) => msg === 'worker serves' && worker === number);
      return vi.waitFor(() => expect([1, 2].every(saidSo)).toBe(true), patient);
    };
    const startAgain = async () => {
      const since = lines.length;
      await server.start();
      await bothSaid(since);
    };

    const caughtUp = (readers: readonly Watcher[], offset: number) =>
      vi.waitFor(() => expect(readers.map((reader) => reader.offset)).toEqual(readers.map(() => offset)), patient);
    const faultsOf = (readers: readonly Watcher[]) => readers.flatMap(({ faults }) => faults);

    /** A reader who leaves when asked to, as our own client does, but at once. */
    function reader(channelId: string): Watcher {
      const watcher = watch(server.url, channelId);
      watchers.push(watcher);
      watcher.socket.on('drain', () => {
        watcher.cut();
        watcher.comeBack();
      });
      return watcher;
    }

    /** So many that each worker has some: which takes a connection is up to the kernel. */
    async function readersOfBoth(channelId: string): Promise<Watcher[]> {
      const all: Watcher[] = [];
      for (let round = 0; round < 20; round += 1) {
        all.push(reader(channelId), reader(channelId));
        await vi.waitFor(() => expect(all.every(({ live }) => live)).toBe(true), patient);
        const sums = await metrics();
        if ([1, 2].every((worker) => (sums.get(`pressbox_worker_connections{worker="${worker}"}`) ?? 0) > 1)) return all;
      }
      throw new Error('One worker took all the readers.');
    }

    /** A worker that is slow to say what it has counted is told of as of before: who counts waits. */
    async function metrics(): Promise<Map<string, number>> {
      const { status, text } = await call(`${server.url}/metrics`, { headers: { connection: 'close' } });
      expect(status).toBe(200);
      const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(series.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
    }

    /** The process that has this number now. */
    const pidOf = (worker: number) =>
      lines.findLast((line) => line.worker === worker && line.msg === 'worker serves' && isAlive(line.pid!))!.pid!;

    it('starts with one line that says it listens, and each line says whose it is', () => {
      expect(lines.filter(({ msg }) => msg === 'listening')).toMatchObject([{ pid: server.pid, url: server.url, workers: 2 }]);
      expect(lines.filter(({ pid }) => pid !== server.pid).map(({ worker }) => worker)).toEqual(
        lines.filter(({ pid }) => pid !== server.pid).map(({ pid }) => (pid === pidOf(1) ? 1 : 2)),
      );
      expect(childrenOf(server.pid).sort()).toEqual([pidOf(1), pidOf(2)].sort());
    });

    it('shows readers of either what is published over both, ends with the same, and counts as one', async () => {
      const before = await metrics();
      const appended = 'pressbox_appends_total{outcome="appended"}';
      expect(before.get(appended)).toBe(0);
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      // A connection each, so that both have some.
      const posting = Array.from({ length: 20 }, (_, index) =>
        call(`${server.url}/v1/channels/${id}/posts`, {
          method: 'POST',
          token,
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
        const counted = await metrics();
        // The channel, and its posts.
        expect([appended, 'pressbox_append_seconds_count'].map((series) => counted.get(series))).toEqual([21, 21]);
        expect(counted.get('pressbox_events_delivered_total{transport="socket"}')).toBe(20 * readers.length);
        expect(counted.get('pressbox_readers{transport="socket"}')).toBe(readers.length);
        return counted;
      }, patient);
      // What is the same in each is told as it is.
      expect(after.get('pressbox_limit{name="bodyBytes"}')).toBe(1_048_576);
      expect(after.get('pressbox_store_reachable')).toBe(1);
      expect([after.get('pressbox_workers'), after.get('pressbox_workers_wanted')]).toEqual([2, 2]);
      const by = [1, 2].map((worker) => after.get(`pressbox_worker_connections{worker="${worker}"}`) ?? 0);
      expect(by[0]! + by[1]!).toBe(after.get('pressbox_connections'));
      const whole = after.get('pressbox_resident_memory_bytes') ?? 0;
      expect(whole).toBeGreaterThan([server.pid, pidOf(1), pidOf(2)].map(residentBytes).reduce((a, b) => a + b) / 2);
    });

    it('erases a post in both, and answers so', async () => {
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      const { post } = await publish(server, token, id, { body: 'zqsecret' });
      await caughtUp(readers, 2);
      const down = await call(`${server.url}/v1/channels/${id}/posts/${post.id}/takedown`, { method: 'POST', token, body: {} });
      expect([down.status, down.body]).toMatchObject([200, { erasure: { complete: true, pending: [] } }]);
      await caughtUp(readers, 3);
      for (let round = 0; round < 10; round += 1) {
        for (const path of ['snapshot', 'feed.atom', 'events?after=']) {
          const headers = { connection: 'close' };
          const { text } = await call(`${server.url}/v1/channels/${id}/${path}`, { headers });
          expect(text).not.toContain('zqsecret');
        }
      }
      expect(faultsOf(readers)).toEqual([]);
    });

    it('puts another in the place of one that is killed, loses no post, and has its readers back', async () => {
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      const { post } = await publish(server, token, id, { body: 'zqlater' });
      const before = await metrics();
      const killed = pidOf(1);
      const posting = Array.from({ length: 40 }, async (_, index) => {
        if (index === 10) process.kill(killed, 'SIGKILL');
        return await publish(server, token, id, { body: `Post ${index}.` }, `key-${index}`);
      });
      const written = await Promise.all(posting);
      // It waits for no heartbeat of a process that is known to have ended.
      const path = `/v1/channels/${id}/posts/${post.id}/takedown`;
      const down = await write(server, token, { path, body: {}, key: 'takedown' });
      expect([down.status, down]).toMatchObject([200, { erasure: { complete: true, pending: [] } }]);
      await vi.waitFor(() => expect(pidOf(1)).not.toBe(killed), patient);
      await caughtUp(readers, 43);
      const standing = new Set((await allPosts(server, id)).map(({ id }) => id));
      expect(written.filter(({ post }) => !standing.has(post.id))).toEqual([]);
      expect(standing.size).toBe(41);
      expect(faultsOf(readers)).toEqual([]);
      const died = { msg: 'worker died', worker: 1, workerPid: killed, signal: 'SIGKILL' };
      await vi.waitFor(() => expect(lines).toContainEqual(expect.objectContaining(died)), patient);
      await vi.waitFor(async () => expect((await metrics()).get('pressbox_workers')).toBe(2), patient);
      const after = await metrics();
      expect(after.get('pressbox_worker_ends_total{how="died"}')).toBe(1);
      // Nothing that Prometheus would take for a restart of the whole.
      const counted = [...before].filter(([series]) => /_(?:total|count|sum|bucket)\b/.test(series));
      expect(counted.filter(([series, value]) => !((after.get(series) ?? -1) >= value))).toEqual([]);
    }, 40_000);

    // What follows is the same on either store, and takes its time.
    if (kind !== 'redis') return;

    it('renews its workers one after the other, while a reader and an author go on', async () => {
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      const before = [pidOf(1), pidOf(2)];
      const answers: number[] = [];
      const ready: number[] = [];
      const renewed = vi.waitFor(() => expect(lines.some(({ msg }) => msg === 'workers are renewed')).toBe(true), {
        timeout: 30_000,
      });
      let done = false;
      process.kill(server.pid, 'SIGUSR2');
      // Over connections that are kept, and without a second try.
      const author = async () => {
        while (!done)
          answers.push(
            (await call(`${server.url}/v1/channels/${id}/posts`, { method: 'POST', token, body: { body: 'On.' } })).status,
          );
      };
      const balancer = async () => {
        while (!done) ready.push((await call(`${server.url}/readyz`)).status);
      };
      const going = Promise.all([author(), balancer(), balancer()]);
      await renewed.finally(() => {
        done = true;
      });
      await going;
      expect(new Set(answers)).toEqual(new Set([201]));
      expect(new Set(ready)).toEqual(new Set([200]));
      await vi.waitFor(() => expect(childrenOf(server.pid).sort()).toEqual([pidOf(1), pidOf(2)].sort()), patient);
      expect(new Set([...before, pidOf(1), pidOf(2)]).size).toBe(4);
      await caughtUp(readers, answers.length + 1);
      expect(faultsOf(readers)).toEqual([]);
      expect((await wholeJournal(server, id, token)).length).toBe(answers.length + 1);
      // One had ended before the other began to.
      const left = () =>
        lines
          .filter(({ msg, pid }) => before.includes(pid!) && ['draining', 'closed'].includes(msg!))
          .sort((one, other) => String(one.time).localeCompare(String(other.time)))
          .map(({ msg }) => msg);
      await vi.waitFor(() => expect(left()).toHaveLength(4), patient);
      expect(left()).toEqual(['draining', 'closed', 'draining', 'closed']);
      const sums = await metrics();
      expect(sums.get('pressbox_worker_ends_total{how="left"}')).toBe(2);
      expect(sums.get('pressbox_worker_ends_total{how="died"}')).toBe(1);
    }, 40_000);

    it('renews nothing where somebody ends one of the new workers meanwhile, and has as many as before', async () => {
      const { id } = await createChannel(server, token);
      const before = [pidOf(1), pidOf(2)];
      const said = lines.length;
      process.kill(server.pid, 'SIGUSR2');
      await vi.waitFor(() => expect(before).not.toContain(pidOf(1)), patient);
      process.kill(pidOf(1), 'SIGTERM');
      const notRenewed = 'workers are not renewed: the ones before go on';
      await vi.waitFor(() => expect(lines.slice(said).map(({ msg }) => msg)).toContain(notRenewed), patient);
      await vi.waitFor(() => expect(childrenOf(server.pid).sort()).toEqual(before.sort()), patient);
      await vi.waitFor(async () => expect((await metrics()).get('pressbox_workers')).toBe(2), patient);
      await publish(server, token, id, { body: 'On.' });
    }, 40_000);

    it('puts another in the place of one that somebody else ends, which lets its readers leave', async () => {
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      const [leaving, staying] = [pidOf(1), pidOf(2)];
      process.kill(leaving, 'SIGTERM');
      const left = { msg: 'worker left', worker: 1, workerPid: leaving, code: 0 };
      await vi.waitFor(() => expect(lines).toContainEqual(expect.objectContaining(left)), patient);
      await vi.waitFor(() => expect(pidOf(1)).not.toBe(leaving), patient);
      expect(pidOf(2)).toBe(staying);
      await publish(server, token, id, { body: 'Still here.' });
      await caughtUp(readers, 2);
      expect(faultsOf(readers)).toEqual([]);
    });

    it('goes on with what it has while none can be started, and renews nothing', async () => {
      const [killed, staying] = [pidOf(1), pidOf(2)];
      const said = lines.length;
      const since = (msg: string) => lines.slice(said).filter((line) => line.msg === msg);
      await redis.admin.config('SET', 'appendfsync', 'everysec');
      try {
        process.kill(server.pid, 'SIGUSR2');
        await vi.waitFor(() => expect(since('workers are not renewed: the ones before go on')).toHaveLength(1), patient);
        await vi.waitFor(() => expect(childrenOf(server.pid).sort()).toEqual([killed, staying].sort()), patient);
        process.kill(killed, 'SIGKILL');
        await vi.waitFor(() => expect(since('worker cannot start').length).toBeGreaterThan(2), patient);
        expect(String(since('worker cannot start').at(-1)!.reason)).toContain('appendfsync always');
        expect((await metrics()).get('pressbox_workers')).toBe(1);
        expect((await call(`${server.url}/readyz`)).status).toBe(200);
      } finally {
        await redis.admin.config('SET', 'appendfsync', 'always');
      }
      await vi.waitFor(async () => expect((await metrics()).get('pressbox_workers')).toBe(2), patient);
      expect((await metrics()).get('pressbox_worker_ends_total{how="refused"}')).toBeGreaterThan(2);
      expect(pidOf(2)).toBe(staying);
    }, 60_000);

    it('says once why it does not start', async () => {
      const port = new URL(server.url).port;
      const wrong = [
        [{ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_PORT: port }, `PRESSBOX_PORT: port ${port} is in use.`],
        [{ PRESSBOX_REDIS_URL: redis.url.replace('word', 'wrong') }, 'PRESSBOX_REDIS_URL: Redis: WRONGPASS'],
        [
          { PRESSBOX_REDIS_URL: 'redis+sentinel://127.0.0.1:26379/one' },
          'PRESSBOX_REDIS_URL: This version knows one Redis server',
        ],
        [{ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_LOG_LEVEL: 'loud' }, 'PRESSBOX_LOG_LEVEL'],
      ] as const;
      await Promise.all(
        wrong.map(async ([env, sentence]) => {
          const said: string[] = [];
          const start = startServerProcess({ env: { ...env, PRESSBOX_WORKERS: '4' }, onLine: (line) => said.push(line) });
          await expect(start).rejects.toThrow('ended with 1 before');
          expect(said.filter((line) => line.includes(sentence))).toHaveLength(1);
        }),
      );
      // Inside of another program, whose file it would start again.
      const inside = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: 'x'.repeat(32), PRESSBOX_WORKERS: '2' };
      await expect(startServer(readConfig(inside))).rejects.toThrow('PRESSBOX_WORKERS: must be 1 for a server inside');
    }, 60_000);

    it('ends with an exit code of its own where a worker dies as fast as it is started', async () => {
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      let asked = 0;
      for (const { socket } of readers) socket.on('drain', () => (asked += 1));
      const staying = pidOf(2);
      const exit = server.exit();
      let hasEnded = false;
      void exit.then(() => {
        hasEnded = true;
      });
      while (!hasEnded) {
        for (const pid of childrenOf(server.pid)) if (pid !== staying) killIfThere(pid);
        await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, 10))]);
        if (lines.some(({ msg }) => msg === 'the server ends')) break;
      }
      expect(await exit).toBe(70);
      await vi.waitFor(() => expect(asked).toBeGreaterThan(0));
      expect(lines.filter(({ said }) => String(said).startsWith('Worker 1 dies as often'))).toHaveLength(1);
      await startAgain();
    }, 60_000);

    it('lets its readers leave where the process that looks after the workers is killed, and gives the port back at once', async () => {
      const { id } = await createChannel(server, token);
      const readers = await readersOfBoth(id);
      const workers = [pidOf(1), pidOf(2)];
      await server.kill();
      await startAgain();
      await publish(server, token, id, { body: 'Back.' });
      await caughtUp(readers, 2);
      expect(faultsOf(readers)).toEqual([]);
      await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), patient);
      const closed = () => lines.filter(({ msg, pid }) => msg === 'closed' && workers.includes(pid!));
      await vi.waitFor(() => expect(closed()).toHaveLength(2), patient);
    }, 60_000);

    it('ends with the reason where nobody is left and none can be started', async () => {
      const exit = server.exit();
      await redis.admin.config('SET', 'appendfsync', 'everysec');
      try {
        for (const worker of [1, 2]) process.kill(pidOf(worker), 'SIGKILL');
        expect(await exit).toBe(1);
      } finally {
        await redis.admin.config('SET', 'appendfsync', 'always');
      }
      expect(lines.filter(({ said }) => String(said).includes('appendfsync always'))).toHaveLength(1);
    }, 60_000);

    it('puts another in the place of one that dies while the rest are being started', async () => {
      const said = lines.length;
      const first = vi.waitFor(() => {
        const serves = lines.slice(said).find(({ msg, worker }) => msg === 'worker serves' && worker === 1);
        process.kill(serves!.pid!, 'SIGKILL');
        return serves!.pid!;
      }, patient);
      await server.start();
      const killed = await first;
      // What counts the workers may not have heard yet of one that has just died.
      await vi.waitFor(() => expect(pidOf(1)).not.toBe(killed), patient);
      await vi.waitFor(async () => expect((await metrics()).get('pressbox_workers')).toBe(2), patient);
    }, 60_000);

    it('leaves nobody behind where the process that looks after the workers is killed while one starts', async () => {
      await server.stop();
      const said = lines.length;
      const starting = server.start();
      starting.catch(() => undefined);
      const serves = () => lines.slice(said).map(({ msg }) => msg);
      await vi.waitFor(() => expect(serves()).toContain('worker serves'), patient);
      process.kill(redis.pid, 'SIGSTOP');
      try {
        const begun = await vi.waitFor(() => {
          const pids = childrenOf(server.pid);
          expect(pids.filter(hearsSignals)).toHaveLength(2);
          return pids;
        }, patient);
        expect(serves().filter((msg) => msg === 'worker serves')).toHaveLength(1);
        await server.kill();
        process.kill(redis.pid, 'SIGCONT');
        await vi.waitFor(() => expect(begun.filter(isAlive)).toEqual([]), patient);
      } finally {
        process.kill(redis.pid, 'SIGCONT');
      }
      await startAgain();
    }, 60_000);

    it('ends in good order', async () => {
      const { id } = await createChannel(server, token);
      await readersOfBoth(id);
      const workers = [pidOf(1), pidOf(2)];
      expect(await server.stop()).toBe(0);
      expect(workers.filter(isAlive)).toEqual([]);
      expect(lines.at(-1)).toMatchObject({ msg: 'closed' });
    });
  });
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** It may have ended by itself since it was seen. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** It has loaded what it runs: by default it would end at SIGUSR2. */
function hearsSignals(pid: number): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGUSR2 - 1))) !== 0n;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
