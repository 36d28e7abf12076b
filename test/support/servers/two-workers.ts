import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import { type Watcher, watch } from '../readers/distrustful-reader.ts';
import { type RedisServer, startRedis } from '../stores/redis.ts';
import { type ServerProcess, startServerProcess } from './process.ts';
import { call } from './server.ts';

/** Long, because processes start one after the other and the machine may be busy. */
export const patient = { timeout: 60_000, interval: 20 };

/** A log line. Any other output is under `said`. */
export type Line = Record<string, unknown> & { msg?: string; pid?: number; worker?: number };

/** A server with two workers on its own Redis or Valkey, for the duration of a suite. */
export interface TwoWorkers {
  readonly redis: RedisServer;
  readonly server: ServerProcess;
  /** A token of an editor and administrator. */
  readonly token: string;
  /** The log lines of all processes, in the order in which they were read. */
  readonly lines: readonly Line[];
  /** Starts the server after it has ended. Resolves when both workers serve. */
  startAgain(): Promise<void>;
  /** The current process id of this worker. */
  pidOf(worker: number): number;
  /** The metrics of both workers together. The counts of a slow worker may be old or missing: repeat until they arrive. */
  metrics(): Promise<Map<string, number>>;
  /** Opens readers until each worker has some, because the kernel chooses the worker. They disconnect when the test ends. */
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

  /** The output of the processes may be read out of order, so this waits for a line of each worker. */
  const bothSaid = (since: number) => {
    const saidSo = (number: number) => lines.slice(since).some(({ msg, worker }) => msg === 'worker serves' && worker === number);
    return vi.waitFor(() => expect([1, 2].every(saidSo)).toBe(true), patient);
  };

  /** A reader that reconnects at once when it is asked to disconnect. Our own client waits for a random time. */
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

/** The process ids of the children. Empty if the process has ended. */
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
