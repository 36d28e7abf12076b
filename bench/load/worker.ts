import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Separate processes generate the load, so that it does not block what is measured. A worker is a file that answers calls. This
 * module contains both ends of the channel between them.
 */
export interface Worker extends AsyncDisposable {
  readonly pid: number;
  call<T>(name: string, argument?: unknown): Promise<T>;
}

interface Call {
  id: number;
  name: string;
  argument: unknown;
}
interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** `file`: relative to this folder. */
export function startWorker(file: string): Worker {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let calls = 0;
  let ended = false;
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  child.on('message', ({ id, value, error }: Answer) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(value as never);
    else call?.reject(new Error(error));
  });
  child.once('exit', (code, signal) => {
    ended = true;
    process.off('exit', atExit);
    for (const { reject } of waiting.values()) reject(new Error(`The worker ${file} ended with ${code ?? signal}.`));
    waiting.clear();
  });
  return {
    pid: child.pid as number,
    call<T>(name: string, argument?: unknown): Promise<T> {
      calls += 1;
      const id = calls;
      return new Promise<T>((resolve, reject) => {
        if (ended) return reject(new Error(`The worker ${file} has ended.`));
        waiting.set(id, { resolve, reject });
        child.send({ id, name, argument } satisfies Call);
      });
    },
    async [Symbol.asyncDispose]() {
      if (ended) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The worker's end: answers calls by name until the parent exits. */
export function answerCalls(calls: Record<string, (argument: never) => unknown>): void {
  process.on('message', async ({ id, name, argument }: Call) => {
    const answer: Answer = { id };
    try {
      const called = calls[name];
      if (called === undefined) throw new Error(`There is no call ${name}.`);
      answer.value = await called(argument as never);
    } catch (error) {
      answer.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    process.send?.(answer);
  });
  process.once('disconnect', () => process.exit(0));
}

/** Milliseconds of a monotonic clock that all processes of the machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
