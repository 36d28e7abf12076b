import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import { type Watcher, watch } from '../readers/distrustful-reader.ts';
import { type RedisServer, startRedis } from '../stores/redis.ts';
import { type ServerProcess, startServerProcess } from './process.ts';
import { call } from './server.ts';

/** Processes are started, one after the other, and the machine may be busy. */
export const patient = { timeout: 60_000, interval: 20 };

/** A line of the log, or what else was printed. */
export type Line = Record<string, unknown> & { msg?: string; pid?: number; worker?: number };

/** A server of two processes on a Redis or Valkey of its own, for as long as the suite runs that asks for it. */
export interface TwoWorkers {
  readonly redis: RedisServer;
  readonly server: ServerProcess;
  /** An administrator's. */
  readonly token: string;
  /** What all its processes have said, in the order in which it was read. */
  readonly lines: readonly Line[];
  /** Starts it, where it has ended, and waits until both serve. */
  startAgain(): Promise<void>;
  /** The process that has this number now. */
  pidOf(worker: number): number;
  /** A worker that is slow to say what it has counted is told of as of before, or not yet: who counts waits. */
  metrics(): Promise<Map<string, number>>;
  /** So many readers that each worker has some: which takes a connection is up to the kernel. They leave with the test. */
  readersOfBoth(channelId: string): Promise<Watcher[]>;
}

export function twoWorkers(binary: string): TwoWorkers {
  let redis: RedisServer;
  let server: ServerProcess;
  let token: string;
  const lines: Line[] = [];

  beforeAll(async () => {
    redis = await startRedis(binary);
    server = await startServerProcess({
      env: { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_WORKERS: '2' },
      onLine: (line) => lines.push(lineOf(line)),
    });
    await bothSaid(0);
    token = await server.token({ editor: ['*'], admin: true });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await redis?.stop();
  });

  /** Each process prints for itself: what the one says last may be read before what another said earlier. */
  const bothSaid = (since: number) => {
    const saidSo = (number: number) => lines.slice(since).some(({ msg, worker }) => msg === 'worker serves' && worker === number);
    return vi.waitFor(() => expect([1, 2].every(saidSo)).toBe(true), patient);
  };

  /** A reader who leaves when asked to, as our own client does, but at once. */
  function reader(channelId: string): Watcher {
    const watcher = watch(server.url, channelId);
    onTestFinished(() => watcher[Symbol.dispose]());
    watcher.socket.on('drain', () => {
      watcher.cut();
      watcher.comeBack();
    });
    return watcher;
  }

  const two: TwoWorkers = {
    get redis() {
      return redis;
    },
    get server() {
      return server;
    },
    get token() {
      return token;
    },
    lines,
    async startAgain() {
      const since = lines.length;
      await server.start();
      await bothSaid(since);
    },
    pidOf: (worker) =>
      lines.findLast((line) => line.worker === worker && line.msg === 'worker serves' && isAlive(line.pid!))!.pid!,
    async metrics() {
      const { status, text } = await call(`${server.url}/metrics`, { headers: { connection: 'close' } });
      expect(status).toBe(200);
      const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(series.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
    },
    async readersOfBoth(channelId) {
      const all: Watcher[] = [];
      for (let round = 0; round < 20; round += 1) {
        all.push(reader(channelId), reader(channelId));
        await vi.waitFor(() => expect(all.every(({ live }) => live)).toBe(true), patient);
        const sums = await two.metrics();
        if ([1, 2].every((worker) => (sums.get(`pressbox_worker_connections{worker="${worker}"}`) ?? 0) > 1)) return all;
      }
      throw new Error('One worker took all the readers.');
    },
  };
  return two;
}

const lineOf = (line: string): Line => (line.startsWith('{') ? (JSON.parse(line) as Line) : { said: line });

export const caughtUp = (readers: readonly Watcher[], offset: number) =>
  vi.waitFor(() => expect(readers.map((reader) => reader.offset)).toEqual(readers.map(() => offset)), patient);
export const faultsOf = (readers: readonly Watcher[]) => readers.flatMap(({ faults }) => faults);

/** None where it has ended. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
