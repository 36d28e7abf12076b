import type { Command } from 'commander';
import { AuthorClient } from '../lib/author-client.ts';
import { backoffMs, requestBackoff } from '../lib/backoff.ts';
import { type Fetch, isRetryable, retryAfterMs, sleep, unreachableBudget } from '../lib/http.ts';
import { newKey } from '../lib/ids.ts';
import { defaultUrl, UsageError } from './command-errors.ts';
import { explainingFetch } from './explaining-fetch.ts';
import { parseIdempotencyKey, parseSeconds, parseWebAddress, readClaims } from './option-values.ts';
import type { ProgressLine } from './progress-line.ts';
import type { Env, Terminal } from './terminal.ts';
import { plainLine } from './terminal-text.ts';
import { addTokenOptions } from './token-options.ts';

/** Options and clients shared by the commands that send requests to a server. */
export interface RequestOptions {
  url: string;
  token?: string;
  json?: boolean;
  /** Seconds. Default: `writeTimeoutMs`, or `unreachableTimeoutMs` if no connection can be made. */
  timeout?: number;
  key?: string;
}

export function addServerOptions(command: Command, env: Env): Command {
  command.option('--url <address>', 'the server (PRESSBOX_URL)', parseWebAddress, env.PRESSBOX_URL || defaultUrl);
  return addTokenOptions(command).option('--json', 'print JSON');
}

export function addWriteOptions(command: Command, env: Env): Command {
  return addServerOptions(command, env)
    .option(
      '--timeout <seconds>',
      'give up after this long without an answer; default: 60, or 10 without a connection',
      parseSeconds,
    )
    .option('--key <key>', 'continue a write that got no answer, with the key printed then', parseIdempotencyKey);
}

/** The server, the token and the `fetch` to use. */
export function serverOf(options: { url: string; token?: string }, env: Env): { url: string; token?: string; fetch: Fetch } {
  const token = validToken(options.token ?? env.PRESSBOX_TOKEN);
  return { url: validUrl(options.url), ...(token && { token }), fetch: explainingFetch };
}

/** An author client for one command, with the idempotency key that makes a repetition safe. */
export function createAuthor(options: RequestOptions, env: Env, terminal: Terminal) {
  const server = serverOf(options, env);
  const client = new AuthorClient({
    ...server,
    deadlineMs: options.timeout === undefined ? writeTimeoutMs : options.timeout * 1_000,
    unreachedMs: options.timeout === undefined ? unreachableTimeoutMs : options.timeout * 1_000,
    onRetry: retryNotice(terminal),
  });
  const { interrupted: signal } = terminal.streams;
  return {
    client,
    write: { key: options.key ?? newKey(), signal },
    read: { signal, sub: server.token && subjectOf(server.token), hasToken: server.token !== undefined },
  };
}

/** A write without an answer fails after this long, milliseconds. */
const writeTimeoutMs = 60_000;
/** A command fails after this long if no connection can be made, milliseconds. */
export const unreachableTimeoutMs = 10_000;

/** Sends requests again while that can help: a command may send many, and the server may ask to wait. */
export function retrying(onRetry: (error: Error) => void, interrupted: AbortSignal): <T>(ask: () => Promise<T>) => Promise<T> {
  return async (ask) => {
    const budget = unreachableBudget(unreachableTimeoutMs);
    for (let tries = 0; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        const remainingMs = budget(error);
        if (tries >= maxAttempts || !isRetryable(error) || remainingMs === 0) throw error;
        onRetry(error);
        await sleep(Math.min(remainingMs, backoffMs(tries, Math.random(), requestBackoff, retryAfterMs(error))), interrupted);
      }
    }
  };
}

const maxAttempts = 12;

/** Prints the reason of the first retry. */
export function retryNotice(terminal: Terminal, progress?: ProgressLine): (error: Error) => void {
  let isSaid = false;
  return (error) => {
    if (isSaid) return;
    isSaid = true;
    progress?.clear();
    terminal.note(`${plainLine(error.message)} Trying again ...`);
  };
}

function subjectOf(token: string): string | undefined {
  const sub = readClaims(token)?.sub;
  return typeof sub === 'string' ? sub : undefined;
}

/** Only visible ASCII characters fit into a header. The token is not printed, because it may be mostly valid. */
function validToken(token: string | undefined): string | undefined {
  const trimmed = token?.trim();
  if (trimmed !== undefined && !/^[!-~]*$/.test(trimmed)) {
    throw new UsageError(
      'The token (PRESSBOX_TOKEN, --token-file or --token) contains spaces or other characters that no token has.',
    );
  }
  return trimmed;
}

/** The address may come from the environment, where it was not validated. */
export function validUrl(url: string): string {
  try {
    parseWebAddress(url);
  } catch (error) {
    throw new UsageError(`The server's address: ${error instanceof Error ? error.message : error}`);
  }
  // Checked here, where the address is not printed.
  const { username, password } = new URL(url);
  if (username === '' && password === '') return url;
  throw new UsageError("The server's address: It must not contain a user name or password. Use a token instead.");
}
