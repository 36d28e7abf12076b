import { expect, it, type TestContext, vi } from 'vitest';
import { workerLimits } from '../../../src/workers/worker-limits.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { watch } from '../../support/readers/distrustful-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { startRedis } from '../../support/stores/redis.ts';

const { workerSilentMs, workerSignMs } = workerLimits;
const seconds = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const patient = { interval: 50 };
const untilKilled = { timeout: workerSilentMs + 60_000, interval: 50 };
/** A killed worker was silent for longer than this. On a busy machine its last sign may be some seconds old when it is stopped. */
const silentForMs = workerSilentMs - 5 * workerSignMs;
/** How long a healthy worker is blocked. */
const heldMs = workerSilentMs - 10_000;

type Line = Record<string, unknown> & { msg: string; pid: number; worker?: number };

/** Workers that hang, with the real timeout, so this file is one of the long ones. */
describeWith.concurrent(needs.redis, 'a server of three processes', (binary) => {
  async function start({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
    const redis = await startRedis(binary);
    onTestFinished(() => redis.stop());
    const lines: (Line & { at: number })[] = [];
    const server = await startServerProcess({
      env: {
        PRESSBOX_REDIS_URL: redis.url,
        PRESSBOX_WORKERS: '3',
        NODE_OPTIONS: `--import ${new URL('../../support/preload/hold-on-signal.mjs', import.meta.url)}`,
        HOLD_MS: String(heldMs),
      },
      onLine: (line) => line.startsWith('{') && lines.push({ ...(JSON.parse(line) as Line), at: performance.now() }),
    });
    onTestFinished(() => server[Symbol.asyncDispose]());
    /** The current process of this worker. */
    const pidOf = (worker: number) => lines.findLast((line) => line.worker === worker && line.msg === 'worker serves')!.pid;
    // The last line of the primary may be read before those of the workers.
    await vi.waitFor(() => expect([1, 2, 3].map(pidOf)).toHaveLength(3), patient);
    const ends = async (how: string) => {
      const { text } = await call(`${server.url}/metrics`, { headers: { connection: 'close' } });
      return Number(new RegExp(`^pressbox_worker_ends_total\\{how="${how}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    return { server, lines, pidOf, ends, said: (msg: string) => lines.filter((line) => line.msg === msg) };
  }

  it('replaces a stopped worker and gets its readers back, and spares a worker that was blocked for less', async (test) => {
    const { server, pidOf, ends, said } = await start(test);
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const readers = Array.from({ length: 30 }, () => watch(server.url, id));
    test.onTestFinished(() => {
      for (const reader of readers) reader[Symbol.dispose]();
    });
    await vi.waitFor(() => expect(readers.every(({ live }) => live)).toBe(true), patient);
    const [stopped, held, other] = [pidOf(1), pidOf(2), pidOf(3)];
    process.kill(stopped, 'SIGSTOP');
    process.kill(held, 'SIGUSR2');
    const began = performance.now();

    await vi.waitFor(() => expect(said('worker serves')).toHaveLength(4), untilKilled);
    const [killed, ...more] = said('worker is unresponsive and is killed');
    expect(killed).toMatchObject({ level: 'error', pid: server.pid, worker: 1, workerPid: stopped, silentMs: workerSilentMs });
    expect(killed!.at - began).toBeGreaterThan(silentForMs);
    expect(more).toEqual([]);
    expect(said('worker died')).toMatchObject([{ worker: 1, workerPid: stopped, signal: 'SIGKILL' }]);
    expect(said('was held up')).toMatchObject([{ pid: held }]);
    expect([pidOf(2), pidOf(3)]).toEqual([held, other]);
    expect(pidOf(1)).not.toBe(stopped);
    expect([await ends('silent'), await ends('died')]).toEqual([1, 0]);

    await publish(server, token, id, { body: 'All are there.' });
    await vi.waitFor(() => expect(readers.map(({ offset }) => offset)).toEqual(readers.map(() => 2)), patient);
    expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
  });

  it('kills no worker because the machine slept or the primary was blocked', async (test) => {
    const { server, pidOf, ends, said } = await start(test);
    const [silent, ...others] = [pidOf(1), pidOf(2), pidOf(3)];
    for (const pid of [server.pid, silent!, ...others]) process.kill(pid, 'SIGSTOP');
    await seconds(workerSilentMs + 5 * workerSignMs);
    // One worker stays stopped. Its timeout starts now.
    for (const pid of [server.pid, ...others]) process.kill(pid, 'SIGCONT');
    const woken = performance.now();
    await vi.waitFor(() => expect(said('worker serves')).toHaveLength(4), untilKilled);
    expect(said('worker died')).toMatchObject([{ worker: 1, workerPid: silent }]);
    expect(said('worker died')[0]!.at - woken).toBeGreaterThan(silentForMs);
    expect([pidOf(2), pidOf(3)]).toEqual(others);
    expect([await ends('silent'), await ends('died')]).toEqual([1, 0]);
  });
});
