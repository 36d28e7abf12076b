import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildProgram } from './native.ts';

/**
 * Drives the sink: thousands of readers in one small process, which reads a command per line and answers each with a line of
 * JSON.
 */
export interface Sink extends AsyncDisposable {
  ask(command: string): Promise<SinkAnswer>;
}

/** An answer of the sink. Which fields it has depends on the command. All processes share the sink's clock. */
export interface SinkAnswer {
  ev: string;
  /** The numbers of connections that are open, that failed, and that the server closed. */
  connected?: number;
  failed?: number;
  closed?: number;
  /** Messages that arrived, and that should have arrived. */
  messages?: number;
  expected?: number;
  published?: number;
  bytes?: number;
  /** Messages that were missing, repeated or out of order, over all connections. */
  order_err?: number;
  /** The highest post number that any reader has. */
  newest?: number;
  msgs_per_s?: number;
  per_s?: number;
  secs?: number;
  p50_ms?: number;
  p99_ms?: number;
  max_ms?: number;
  sink_cpu?: number;
  /** After a storm: connections that have everything, the number of connections, and surplus messages. */
  complete?: number;
  of?: number;
  extra?: number;
  /** Stopped readers that read again: how many have everything, and how many connections were closed. */
  caught?: number;
  ended?: number;
  /** Gaps that readers found after they had left and returned. */
  gaps?: number;
  repeats?: number;
  moved?: number;
  /** When the first and the last reader received the text, in microseconds since 1970. */
  first_us?: number;
  last_us?: number;
}

/** Milliseconds after the end of a command at which a silent sink counts as failed. */
const graceMs = 90_000;

export function startSink(flags: readonly (string | number)[]): Sink {
  const program = buildProgram('sink');
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
      const late = setTimeout(
        () => reject(new Error(`The sink did not answer '${command}'.`)),
        secondsIn(command) * 1_000 + graceMs,
      );
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

/** The last number of a command is its duration in seconds. */
function secondsIn(command: string): number {
  return Number(command.split(' ').at(-1)) || 0;
}
