import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readConfig, startServer } from '../../../src/server-package.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { caughtUp, childrenOf, faultsOf, isAlive, patient, twoWorkers } from '../../support/servers/two-workers.ts';

/** How a server of several processes fails to start, ends, and starts again. Does not depend on the store. */
describeWith(needs.redis, 'a server of two processes', (binary) => {
  const two = twoWorkers(binary);

  it('reports once why it does not start', async () => {
    const port = new URL(two.server.url).port;
    const wrong = [
      [{ PRESSBOX_REDIS_URL: two.redis.url, PRESSBOX_PORT: port }, `PRESSBOX_PORT: port ${port} is in use.`],
      [{ PRESSBOX_REDIS_URL: two.redis.url.replace('word', 'wrong') }, 'PRESSBOX_REDIS_URL: Redis: WRONGPASS'],
      [{ PRESSBOX_REDIS_URL: 'redis://127.0.0.1:1,redis://127.0.0.1:2' }, 'PRESSBOX_REDIS_URL: Redis Cluster is not supported.'],
      [{ PRESSBOX_REDIS_URL: two.redis.url, PRESSBOX_LOG_LEVEL: 'loud' }, 'PRESSBOX_LOG_LEVEL'],
    ] as const;
    await Promise.all(
      wrong.map(async ([env, sentence]) => {
        const said: string[] = [];
        const start = startServerProcess({ env: { ...env, PRESSBOX_WORKERS: '4' }, onLine: (line) => said.push(line) });
        await expect(start).rejects.toThrow('ended with 1 before');
        expect(said.filter((line) => line.includes(sentence))).toHaveLength(1);
      }),
    );
    // Workers of a server inside another program would run the file of that program.
    const inside = { PRESSBOX_REDIS_URL: two.redis.url, PRESSBOX_JWT_SECRET: 'x'.repeat(32), PRESSBOX_WORKERS: '2' };
    await expect(startServer(readConfig(inside))).rejects.toThrow('PRESSBOX_WORKERS: must be 1 for a server inside');
  });

  it('exits with code 70 if a worker dies as fast as it is started', async () => {
    const { id } = await createChannel(two.server, two.token);
    const readers = await two.readersOfBoth(id);
    let asked = 0;
    for (const { socket } of readers) socket.on('drain', () => (asked += 1));
    const staying = two.pidOf(2);
    const { pid: primary } = two.server;
    const exit = two.server.exit();
    let hasEnded = false;
    void exit.then(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      for (const pid of childrenOf(primary)) if (pid !== staying) killIfThere(pid);
      await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, 10))]);
      if (two.lines.some(({ msg }) => msg === 'the server exits')) break;
    }
    expect(await exit).toBe(70);
    await vi.waitFor(() => expect(asked).toBeGreaterThan(0));
    expect(two.lines.filter(({ said }) => String(said).startsWith('Worker 1 dies as often'))).toHaveLength(1);
    await two.startAgain();
  });

  it('lets its readers leave if the primary is killed, and frees the port at once', async () => {
    const { id } = await createChannel(two.server, two.token);
    const readers = await two.readersOfBoth(id);
    const workers = [two.pidOf(1), two.pidOf(2)];
    await two.server.kill();
    await two.startAgain();
    await publish(two.server, two.token, id, { body: 'Back.' });
    await caughtUp(readers, 2);
    expect(faultsOf(readers)).toEqual([]);
    await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), patient);
    const closed = () => two.lines.filter(({ msg, pid }) => msg === 'closed' && workers.includes(pid!));
    await vi.waitFor(() => expect(closed()).toHaveLength(2), patient);
  });

  it('exits with the reason if no worker is left and none can start', async () => {
    const exit = two.server.exit();
    await two.redis.admin.config('SET', 'appendfsync', 'everysec');
    try {
      for (const worker of [1, 2]) process.kill(two.pidOf(worker), 'SIGKILL');
      expect(await exit).toBe(1);
    } finally {
      await two.redis.admin.config('SET', 'appendfsync', 'always');
    }
    expect(two.lines.filter(({ said }) => String(said).includes('appendfsync always'))).toHaveLength(1);
  });

  it('keeps serving while its program file is replaced, and starts workers once it is back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-program-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const program = join(directory, 'node');
    await copyFile(process.execPath, program);
    const said: string[] = [];
    await using server = await startServerProcess({
      env: { PRESSBOX_REDIS_URL: two.redis.url, PRESSBOX_WORKERS: '2' },
      starter: ['sh', '-c', 'shift; exec "$0" "$@"', program],
      onLine: (line) => said.push(line),
    });
    await rm(program);
    const replaced = await open(program, 'w', 0o755);
    const [killed] = childrenOf(server.pid);
    process.kill(killed!, 'SIGKILL');
    await vi.waitFor(() => expect(said.join()).toContain('The system cannot start a process for worker'), patient);
    await replaced.close();
    await copyFile(process.execPath, program);
    await vi.waitFor(() => expect(childrenOf(server.pid).filter(hearsSignals)).toHaveLength(2), patient);
    expect(await server.stop()).toBe(0);
  });

  it('replaces a worker that dies while others start', async () => {
    const said = two.lines.length;
    const first = vi.waitFor(() => {
      const serves = two.lines.slice(said).find(({ msg, worker }) => msg === 'worker serves' && worker === 1);
      process.kill(serves!.pid!, 'SIGKILL');
      return serves!.pid!;
    }, patient);
    await two.server.start();
    const killed = await first;
    // The count of workers may still include one that has just died.
    await vi.waitFor(() => expect(two.pidOf(1)).not.toBe(killed), patient);
    await vi.waitFor(async () => expect((await two.metrics()).get('pressbox_workers')).toBe(2), patient);
  });

  it('leaves no process behind if the primary is killed while a worker starts', async () => {
    /** Starts the server, and stops the store once one worker serves. Returns false if the other worker serves too by then. */
    const isStoppedMeanwhile = async () => {
      await two.server.stop();
      const said = two.lines.length;
      const serving = () => two.lines.slice(said).filter(({ msg }) => msg === 'worker serves');
      two.server.start().catch(() => undefined);
      await vi.waitFor(() => expect(serving().length).toBeGreaterThan(0), patient);
      process.kill(two.redis.pid, 'SIGSTOP');
      await vi.waitFor(() => expect(childrenOf(two.server.pid).filter(hearsSignals)).toHaveLength(2), patient);
      if (serving().length === 1) return true;
      process.kill(two.redis.pid, 'SIGCONT');
      return false;
    };
    try {
      while (!(await isStoppedMeanwhile()));
      const begun = childrenOf(two.server.pid);
      await two.server.kill();
      process.kill(two.redis.pid, 'SIGCONT');
      await vi.waitFor(() => expect(begun.filter(isAlive)).toEqual([]), patient);
    } finally {
      process.kill(two.redis.pid, 'SIGCONT');
    }
    await two.startAgain();
  });

  it('stops its workers and exits with 0 at shutdown', async () => {
    const { id } = await createChannel(two.server, two.token);
    await two.readersOfBoth(id);
    const workers = [two.pidOf(1), two.pidOf(2)];
    expect(await two.server.stop()).toBe(0);
    expect(workers.filter(isAlive)).toEqual([]);
    expect(two.lines.at(-1)).toMatchObject({ msg: 'closed' });
  });
});

/** The process may have ended since it was listed. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether the process has set its handler for SIGUSR2, which would end it by default. */
function hearsSignals(pid: number): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGUSR2 - 1))) !== 0n;
}
