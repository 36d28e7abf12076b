import { createInterface } from 'node:readline';
import { plainJson, plainText } from './terminal-text.ts';

/** The input and output of the command. Tests pass their own. */
export interface Streams {
  stdin: Input;
  stdout: Output;
  stderr: Output;
  /** Aborted when the command should end. */
  interrupted: AbortSignal;
  /** Called when the output fails. Aborts `interrupted` unless a command overrides it. */
  outputFailed?: (failure: OutputFailed) => void;
  /** Aborts `interrupted`, so that the command does not wait for somebody to read its output. */
  end?: () => void;
}

export type Input = NodeJS.ReadableStream & AsyncIterable<Uint8Array | string> & { isTTY?: boolean | undefined };

export interface Output {
  /** `left`: called once the text was written or writing failed. */
  write(text: string, left?: () => void): unknown;
  isTTY?: boolean | undefined;
}

/** The reason of `interrupted` if standard output failed. */
export class OutputFailed extends Error {
  /** The program that reads the output closed the pipe, as `head` does. This is no error to report. */
  readonly isUnread: boolean;

  constructor(cause: Error & { code?: string }) {
    super(`The standard output: ${cause.message}`, { cause });
    this.isUnread = cause.code === 'EPIPE';
  }
}

export type Env = Record<string, string | undefined>;

/** Text styles. Without colours, the text is returned unchanged. */
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
    // https://no-color.org: any non-empty value counts.
    this.style = style(streams.stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
  }

  /** Prints the result of the command. Only `Style`'s own escape sequences reach the terminal. */
  print(...lines: string[]): void {
    for (const line of lines) this.write(`${this.#plain(line)}\n`);
  }

  /** Writes text unchanged. */
  write(text: string): void {
    this.#lastWrite = new Promise((resolve) => this.streams.stdout.write(text, () => resolve()));
  }

  /** Resolves once all output was written. Throws at once if the command should end. */
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

  /** Prints a message to standard error. */
  note(...lines: string[]): void {
    for (const line of lines) this.streams.stderr.write(`${this.#plain(line)}\n`);
  }

  /** Whether there is a user to ask. */
  get isAttended(): boolean {
    const { stdin, stderr } = this.streams;
    return stdin.isTTY === true && stderr.isTTY === true;
  }

  /** Asks the user. Anything but `y` or `yes` means no. Throws if the command should end. */
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

  /** Escapes everything but `Style`'s own sequences. Callers already escape foreign text. This catches what they missed. */
  #plain(line: string): string {
    if (!this.style.coloured) return plainText(line);
    return line
      .split(styleMark)
      .map((part, at) => (at % 2 === 1 ? part : plainText(part)))
      .join('');
  }
}

/** An escape sequence made by `Style`. */
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

/** How long an ending command waits for its output, milliseconds. */
const flushTimeoutMs = 1_000;

/** The streams of this process. The first signal, or failed output, interrupts the command. A second signal kills it. */
export function processStreams(): Streams & Disposable {
  const stop = new AbortController();
  const end = () => stop.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, end);
  process.stdout.on('error', (error) => streams.outputFailed(new OutputFailed(error)));
  // Ignore errors on standard error: the exit code says how the command ended.
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
      // Unread output would keep the process alive.
      if (stop.signal.aborted) setTimeout(() => process.exit(), flushTimeoutMs).unref();
    },
  };
  return streams;
}
