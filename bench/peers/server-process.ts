import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { pause } from '../pressbox/environment.ts';

/** A process of another server. It ends when it is disposed of, or with this process. */
export interface ChildServer extends AsyncDisposable {
  readonly pid: number;
  /** Why the process ended; undefined while it runs. */
  ended(): string | undefined;
}

const startMs = 10_000;
const endMs = 3_000;

export function startProcess(
  command: string,
  flags: readonly (string | number)[],
  env: Record<string, string> = {},
): ChildServer {
  const child: ChildProcess = spawn(command, flags.map(String), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  let ended: string | undefined;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-2_000);
  });
  const atExit = () => child.kill('SIGTERM');
  process.once('exit', atExit);
  const gone = Promise.race([once(child, 'exit'), once(child, 'error')]).then(
    ([code, signal]) => {
      ended = `${command} ended with ${code ?? signal}: ${output}`;
      process.off('exit', atExit);
    },
    (error: Error) => {
      ended = `${command} did not start: ${error.message}`;
    },
  );
  return {
    get pid() {
      if (child.pid === undefined) throw new Error(ended ?? `${command} did not start.`);
      return child.pid;
    },
    ended: () => ended,
    async [Symbol.asyncDispose]() {
      if (ended !== undefined) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), endMs);
      await gone;
      clearTimeout(late);
    },
  };
}

/** Resolves once the port accepts connections. */
export async function listening(port: number, { ended }: ChildServer): Promise<void> {
  for (const began = Date.now(); Date.now() - began < startMs; await pause(30)) {
    const why = ended();
    if (why !== undefined) throw new Error(why);
    const socket = connect(port, '127.0.0.1');
    const isUp = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'close').then(() => false)]).catch(
      () => false,
    );
    socket.destroy();
    if (isUp) return;
  }
  throw new Error(`Nothing listens on port ${port}.`);
}
