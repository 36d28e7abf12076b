import { main } from '../../client/cli/main.ts';
import type { Env } from '../../client/cli/terminal.ts';

/** The command, run in this process with streams that a test can look into. */
export interface Running {
  readonly out: string;
  readonly err: string;
  /** As Ctrl-C does. */
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
  return {
    get out() {
      return out;
    },
    get err() {
      return err;
    },
    interrupt: () => stop.abort(),
    code: main(argv, env, { stdin: stdin(), stdout, stderr, interrupted: stop.signal }),
  };
}
