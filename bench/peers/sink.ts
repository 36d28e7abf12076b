import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { built } from './native.ts';

/** Drives the sink: thousands of readers in one small process, which takes a command a line and answers each with a line of JSON. */
export interface Sink extends AsyncDisposable {
  ask(command: string): Promise<SinkAnswer>;
}

/** What the sink tells; which of it depends on the command. Times are of the sink's clock, which all processes share. */
export interface SinkAnswer {
  ev: string;
  connected: number;
  failed: number;
  closed: number;
  /** Messages that came, and that should have come. */
  messages: number;
  expected: number;
  published: number;
  bytes: number;
  /** Gaps, repeats and swaps over all connections. */
  order_err: number;
  msgs_per_s: number;
  per_s: number;
  secs: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
  sink_cpu: number;
  /** Of a storm: connections that have all, of so many, and messages beyond those. */
  complete: number;
  of: number;
  extra: number;
}

/** No command may take longer; a sink that says nothing has failed. */
const longestMs = 150_000;

export function startSink(flags: readonly (string | number)[]): Sink {
  const program = built('sink');
  if ('missing' in program) throw new Error(program.missing);
  const child: ChildProcess = spawn(program.path, flags.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  let settle: { resolve: (answer: SinkAnswer) => void; reject: (error: Error) => void } | undefined;
  let ended = false;
  createInterface({ input: child.stdout! }).on('line', (line) => settle?.resolve(JSON.parse(line) as SinkAnswer));
  child.stdin!.on('error', () => {});
  child.once('exit', (code, signal) => {
    ended = true;
    process.off('exit', atExit);
    settle?.reject(new Error(`The sink ended with ${code ?? signal}.`));
  });
  return {
    ask: async (command) => {
      if (ended) throw new Error('The sink has ended.');
      const { promise, resolve, reject } = Promise.withResolvers<SinkAnswer>();
      settle = { resolve, reject };
      const late = setTimeout(() => reject(new Error(`The sink did not answer '${command}'.`)), longestMs);
      child.stdin!.write(`${command}\n`);
      return await promise.finally(() => clearTimeout(late));
    },
    async [Symbol.asyncDispose]() {
      if (ended) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
