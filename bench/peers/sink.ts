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
  /** Connections: that stand, that could not be made, that were closed by the server. */
  connected?: number;
  failed?: number;
  closed?: number;
  /** Messages that came, and that should have come. */
  messages?: number;
  expected?: number;
  published?: number;
  bytes?: number;
  /** Gaps, repeats and swaps over all connections. */
  order_err?: number;
  /** The highest number of a post that anyone has. */
  newest?: number;
  msgs_per_s?: number;
  per_s?: number;
  secs?: number;
  p50_ms?: number;
  p99_ms?: number;
  max_ms?: number;
  sink_cpu?: number;
  /** Of a storm: connections that have all, of so many, and messages beyond those. */
  complete?: number;
  of?: number;
  extra?: number;
  /** Of those that stopped reading: that have all, and that were closed. */
  caught?: number;
  ended?: number;
  /** Of those that come and go. */
  gaps?: number;
  repeats?: number;
  moved?: number;
  /** When the first and the last was told, in microseconds since 1970. */
  first_us?: number;
  last_us?: number;
}

/** A sink that says nothing for so much longer than it was to work has failed, in milliseconds. */
const graceMs = 90_000;

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

/** The last number of a command tells how long it works. */
function secondsIn(command: string): number {
  return Number(command.split(' ').at(-1)) || 0;
}
