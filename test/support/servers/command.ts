import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { main } from '../../../client/cli/main.ts';
import type { Env } from '../../../client/cli/terminal.ts';

/** The default state folder of the command in tests, instead of the home directory. */
const stateFolder = mkdtempSync(join(tmpdir(), 'pressbox-state-'));
process.on('exit', () => rmSync(stateFolder, { recursive: true, force: true }));

/** The command in this process, with streams that a test can read. */
export interface Running {
  readonly out: string;
  readonly err: string;
  /** Like Ctrl-C. */
  interrupt(): void;
  /** The exit code. */
  code: Promise<number>;
}

export function run(
  argv: string[],
  env: Env,
  { input = '', terminal = false }: { input?: string | Uint8Array[]; terminal?: boolean } = {},
): Running {
  const stop = new AbortController();
  let [out, err] = ['', ''];
  const stdout = {
    isTTY: terminal,
    write: (text: string, left?: () => void) => {
      out += text;
      left?.();
    },
  };
  const stderr = {
    isTTY: terminal,
    write: (text: string) => {
      err += text;
    },
  };
  async function* stdin() {
    yield* typeof input === 'string' ? [new TextEncoder().encode(input)] : input;
  }
  const given = Object.assign(Readable.from(stdin(), { objectMode: true }), { isTTY: terminal });
  return {
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    interrupt: () => stop.abort(),
    code: main(argv, { XDG_STATE_HOME: stateFolder, ...env }, { stdin: given, stdout, stderr, interrupted: stop.signal }),
  };
}
