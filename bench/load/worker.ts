import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { relative } from 'node:path';
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

/** Characters of its stderr in the error of a worker that ended. */
const stderrLength = 2_000;

/** `file`: `new URL('./a.ts', import.meta.url)`, so that it is found beside the file that names it. `env` is added to the environment. */
export function startWorker(file: URL, env: NodeJS.ProcessEnv = {}): Worker {
  const path = fileURLToPath(file);
  const child: ChildProcess = fork(path, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], env: { ...process.env, ...env } });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let calls = 0;
  let stderr = '';
  let ended: string | undefined;
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    stderr = (stderr + text).slice(-stderrLength);
  });
  child.on('message', ({ id, value, error }: Answer) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(value as never);
    else call?.reject(new Error(error));
  });
  child.once('exit', () => process.off('exit', atExit));
  // After `exit`, once all of stderr was read.
  const closed = once(child, 'close').then(([code, signal]) => {
    ended = `The worker ${relative('.', path)} ended with ${code ?? signal}:\n${stderr.trim()}`;
    for (const { reject } of waiting.values()) reject(new Error(ended));
    waiting.clear();
  });
  return {
    pid: child.pid as number,
    call<T>(name: string, argument?: unknown): Promise<T> {
      calls += 1;
      const id = calls;
      return new Promise<T>((resolve, reject) => {
        if (ended !== undefined) return reject(new Error(ended));
        waiting.set(id, { resolve, reject });
        // A call that a worker is too late to read is rejected once it has closed.
        child.send({ id, name, argument } satisfies Call, () => {});
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
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
