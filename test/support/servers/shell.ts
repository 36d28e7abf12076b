import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** A folder in which a test runs shell commands as a person would. The shell ends the processes that it started by their ids. */
export interface Shell extends AsyncDisposable {
  readonly folder: string;
  /** Added to the environment of later commands. */
  readonly env: Record<string, string | undefined>;
  /** Runs the lines and returns their output. Throws with the error output if a line fails. */
  run(lines: string): Promise<string>;
  /** Starts a line in the background. */
  start(line: string): Started;
}

export interface Started {
  readonly child: ChildProcess;
  /** The output so far. */
  readonly out: string;
  readonly err: string;
  /** Sends a signal to the command and to every process that it started. */
  kill(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void;
  /** The exit code, or the signal that ended the command, once the output of all its processes was read. */
  readonly ended: Promise<number | string>;
}

export function openShell(folder: string, base: Record<string, string | undefined>): Shell {
  const env: Record<string, string | undefined> = {};
  const started: Started[] = [];
  const all = () => ({ ...base, ...env });
  return {
    folder,
    env,
    async run(lines) {
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', lines], { cwd: folder, env: all() });
      return stdout;
    },
    start(line) {
      // Its own process group, so that a signal also reaches what `npx` started.
      const child = spawn('bash', ['-c', line], { cwd: folder, env: all(), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      const printed = { out: '', err: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        printed.out += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        printed.err += text;
      });
      let isOver = false;
      const ended = once(child, 'close').then(([code, signal]) => {
        isOver = true;
        return (code ?? signal) as number | string;
      });
      const running: Started = {
        child,
        get out() {
          return printed.out;
        },
        get err() {
          return printed.err;
        },
        kill(signal = 'SIGTERM') {
          if (child.pid === undefined || isOver) return;
          try {
            // The process group may outlive the shell: it exists until the last process in it has ended.
            process.kill(-child.pid, signal);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
          }
        },
        ended,
      };
      started.push(running);
      return running;
    },
    async [Symbol.asyncDispose]() {
      for (const running of started) {
        running.kill('SIGKILL');
        await running.ended;
      }
    },
  };
}
