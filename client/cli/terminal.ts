import { createInterface } from 'node:readline';
import { plainJson, plainText } from './terminal-text.ts';

/** Where the command reads and writes. Tests give their own. */
export interface Streams {
  stdin: Input;
  stdout: Output;
  stderr: Output;
  /** Aborted when the person, or the machine, wants the command to end. */
  interrupted: AbortSignal;
  /** Called where nothing can be printed any more. Aborts `interrupted`, unless a command has something else to do then. */
  outputFailed?: (failure: OutputFailed) => void;
  /** Aborts `interrupted`: what was printed and nobody reads is not waited for then. */
  end?: () => void;
}

export type Input = NodeJS.ReadableStream & AsyncIterable<Uint8Array | string> & { isTTY?: boolean | undefined };

export interface Output {
  /** `left`: called once it has left, or cannot. */
  write(text: string, left?: () => void): unknown;
  isTTY?: boolean | undefined;
}

/** The reason of `interrupted` where the standard output takes nothing any more. */
export class OutputFailed extends Error {
  /** Whoever read it has gone, as `head` does: nothing that anybody need be told. */
  readonly isUnread: boolean;

  constructor(cause: Error & { code?: string }) {
    super(`The standard output: ${cause.message}`, { cause });
    this.isUnread = cause.code === 'EPIPE';
  }
}

export type Env = Record<string, string | undefined>;

/** Marks for a terminal; without colours the text as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  struck(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
  readonly coloured: boolean;
}

export class Terminal {
  readonly style: Style;
  readonly streams: Streams;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(streams: Streams, env: Env) {
    this.streams = streams;
    // https://no-color.org: set and not empty, whatever it says.
    this.style = style(streams.stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
  }

  /** What was asked for. Whatever is in it, the terminal obeys nothing but marks. */
  print(...lines: string[]): void {
    for (const line of lines) this.write(`${this.#plain(line)}\n`);
  }

  /** As it is. */
  write(text: string): void {
    this.#lastWrite = new Promise((resolve) => this.streams.stdout.write(text, () => resolve()));
  }

  /** Resolves once all that was printed has left. Throws where the command is to end, and then at once. */
  async flushed(): Promise<void> {
    const { interrupted } = this.streams;
    await new Promise<void>((resolve) => {
      const go = () => {
        interrupted.removeEventListener('abort', go);
        resolve();
      };
      interrupted.addEventListener('abort', go);
      void this.#lastWrite.then(go);
      if (interrupted.aborted) go();
    });
    interrupted.throwIfAborted();
  }

  json(value: unknown): void {
    this.print(plainJson(value));
  }

  /** What a person should know beside it, likewise. */
  note(...lines: string[]): void {
    for (const line of lines) this.streams.stderr.write(`${this.#plain(line)}\n`);
  }

  /** Whether there is someone who can be asked. */
  get isAttended(): boolean {
    const { stdin, stderr } = this.streams;
    return stdin.isTTY === true && stderr.isTTY === true;
  }

  /** Asks the person at the terminal. Anything but `y` or `yes` is a no. Throws where the command is to end. */
  async confirm(question: string): Promise<boolean> {
    const { stdin, stderr, interrupted } = this.streams;
    interrupted.throwIfAborted();
    stderr.write(`${this.#plain(question)} [y/N] `);
    const lines = createInterface({ input: stdin, terminal: false });
    const close = () => lines.close();
    interrupted.addEventListener('abort', close);
    try {
      const answer = await new Promise<string>((resolve) => {
        lines.once('line', resolve);
        lines.once('close', () => resolve(''));
      });
      interrupted.throwIfAborted();
      return /^\s*y(?:es)?\s*$/i.test(answer);
    } finally {
      interrupted.removeEventListener('abort', close);
      lines.close();
    }
  }

  /** Text of others was made plain where it was put in, so that no mark is theirs. What was missed there is. */
  #plain(line: string): string {
    if (!this.style.coloured) return plainText(line);
    return line
      .split(styleMark)
      .map((part, at) => (at % 2 === 1 ? part : plainText(part)))
      .join('');
  }
}

/** One that `Style` makes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with one
const styleMark = /(\u001b\[(?:1|2|9|22|29|31|32|33|39)m)/;

function style(coloured: boolean): Style {
  const mark = (on: number, off: number) => (text: string) =>
    coloured && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: mark(1, 22),
    dim: mark(2, 22),
    struck: mark(9, 29),
    red: mark(31, 39),
    yellow: mark(33, 39),
    green: mark(32, 39),
    coloured,
  };
}

/** For what was printed to leave where the command is to end, milliseconds. */
const flushTimeoutMs = 1_000;

/** The streams of this process. Ends with the first signal, or when nothing can be printed any more; a second signal ends it at once. */
export function processStreams(): Streams & Disposable {
  const stop = new AbortController();
  const end = () => stop.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, end);
  process.stdout.on('error', (error) => streams.outputFailed(new OutputFailed(error)));
  // What a person should know beside it: the exit code says how it ended.
  process.stderr.on('error', () => undefined);
  const streams = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupted: stop.signal,
    outputFailed: (failure: OutputFailed) => stop.abort(failure),
    end,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, end);
      // Where nobody reads what was printed, it would keep the process.
      if (stop.signal.aborted) setTimeout(() => process.exit(), flushTimeoutMs).unref();
    },
  };
  return streams;
}
