import { type Command, InvalidArgumentError } from 'commander';
import { idempotencyKeyForm, idempotencyKeyPattern } from '../../src/protocol/client-limits.ts';
import type { ProblemCode } from '../../src/protocol/problems.ts';
import { AuthorClient } from '../lib/author-client.ts';
import { type Fetch, NoAnswer, NotPressbox, ProblemError, wasNeverSent } from '../lib/http.ts';
import { newKey } from '../lib/ids.ts';
import { tellingFetch } from './explaining-fetch.ts';
import type { Progress } from './progress-line.ts';
import { type Env, OutputFailed, type Terminal } from './terminal.ts';
import { plainJson, plainLine, plainText } from './terminal-text.ts';
import { addTokenOptions } from './token-options.ts';

/** What all commands that ask a server share: its address, the token, how to print the answer, and how to tell what went wrong. */
export interface AskingOptions {
  url: string;
  token?: string;
  json?: boolean;
  /** Seconds. Left out: `unansweredMs`, and `unreachedMs` where no connection comes about. */
  timeout?: number;
  key?: string;
}

/** The command was used in a way that it is not meant to be. Exit code 2. */
export class UsageError extends Error {}

/** What was asked for cannot be done, though nothing is wrong with how it was asked. Exit code 1. */
export class CannotDo extends Error {}

const defaultUrl = 'http://127.0.0.1:4000';
/** What a person can do who cannot reach it. */
export const whereItIs = `  --url or PRESSBOX_URL says where the server is; without both it is ${defaultUrl}.`;

export function addServerOptions(command: Command, env: Env): Command {
  command.option('--url <address>', 'the server (PRESSBOX_URL)', webAddress, env.PRESSBOX_URL || defaultUrl);
  return addTokenOptions(command).option('--json', 'print JSON');
}

export function addWriteOptions(command: Command, env: Env): Command {
  return addServerOptions(command, env)
    .option('--timeout <seconds>', 'give up after this long without an answer; default: 60, without a connection 10', seconds)
    .option('--key <key>', 'go on with a write that got no answer: the key that was printed then', idempotencyKey);
}

/** Whom a command asks, as whom, and how. */
export function serverOf(options: { url: string; token?: string }, env: Env): { url: string; token?: string; fetch: Fetch } {
  const token = checkedToken(options.token ?? env.PRESSBOX_TOKEN);
  return { url: checkedUrl(options.url), ...(token && { token }), fetch: tellingFetch };
}

/** A client for one command, with the key that makes its repetition harmless. */
export function author(options: AskingOptions, env: Env, terminal: Terminal) {
  const server = serverOf(options, env);
  const client = new AuthorClient({
    ...server,
    deadlineMs: options.timeout === undefined ? unansweredMs : options.timeout * 1_000,
    unreachedMs: options.timeout === undefined ? unreachedMs : options.timeout * 1_000,
    onRetry: sayingAgain(terminal),
  });
  const { interrupted: signal } = terminal.streams;
  return {
    client,
    write: { key: options.key ?? newKey(), signal },
    read: { signal, sub: server.token && subjectOf(server.token) },
  };
}

/** A write is given up after this long without an answer, milliseconds. */
const unansweredMs = 60_000;
/** A server that no connection can be made to is given up after this long, milliseconds. */
export const unreachedMs = 10_000;

/** Says that a command asks again, and why: once. */
export function sayingAgain(terminal: Terminal, progress?: Progress): (error: Error) => void {
  let isSaid = false;
  return (error) => {
    if (isSaid) return;
    isSaid = true;
    progress?.clear();
    terminal.note(`${plainLine(error.message)} Trying again ...`);
  };
}

function subjectOf(token: string): string | undefined {
  const sub = claimsOf(token)?.sub;
  return typeof sub === 'string' ? sub : undefined;
}

/** What a token says; undefined where it is none. Not checked: the server does that. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing else goes into a header. Not shown: it may be most of a good one. */
function checkedToken(token: string | undefined): string | undefined {
  const trimmed = token?.trim();
  if (trimmed !== undefined && !/^[!-~]*$/.test(trimmed)) {
    throw new UsageError(
      'The token (PRESSBOX_TOKEN, --token-file or --token) holds spaces or other characters that no token has.',
    );
  }
  return trimmed;
}

/** An address may also come from the environment, unparsed. */
function checkedUrl(url: string): string {
  try {
    webAddress(url);
  } catch (error) {
    throw new UsageError(`The server's address: ${error instanceof Error ? error.message : error}`);
  }
  // Here, where the address is not shown.
  const { username, password } = new URL(url);
  if (username === '' && password === '') return url;
  throw new UsageError("The server's address: It must hold no name and no password; the token says who you are.");
}

function webAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('It must be an address that begins with http:// or https://.');
  }
  return text;
}

/** What is empty, as a variable that is not set, or of dots alone would lead to another address. */
export function idOfChannel(text: string): string {
  if (/^\.{0,2}$/.test(text)) throw new InvalidArgumentError('It must be the id of a channel.');
  return text;
}

function idempotencyKey(text: string): string {
  if (!idempotencyKeyPattern.test(text)) throw new InvalidArgumentError(`It must be ${idempotencyKeyForm}.`);
  return text;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number of seconds.');
  return value;
}

/** `--revision`. */
export function revision(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new UsageError('--revision is a whole number from 1.');
  return Number(text);
}

/** Options that may be given several times. */
export function several(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The whole of the standard input as UTF-8, without the line break at its end. */
export async function readInput(terminal: Terminal): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for await (const chunk of terminal.streams.stdin) {
      text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError('The standard input is not UTF-8 text.');
    throw error;
  }
  return text.replaceAll('\r\n', '\n').replace(/\n+$/, '');
}

interface Telling {
  /** One line of JSON, instead of sentences: the problem, or `{"error"}` where no server refused; with `again` where it applies. */
  json: boolean;
  /** What to add to the same command so that it goes on with a write whose outcome is not known. */
  again?: string | undefined;
  /** An earlier part of it was done, or may have been: that this request was not sent does not mean that nothing was. */
  isBegun?: boolean | undefined;
}

/** Tells what went wrong, and returns the exit code. */
export function tellError(error: unknown, terminal: Terminal, { json, again, isBegun = false }: Telling): number {
  if (error instanceof ProblemError) {
    const open = error.problem.outcome === 'unknown' ? again : undefined;
    return tell(error.problem, problemLines(error), open);
  }
  if (error instanceof UsageError) return tell({ error: error.message }, [`pressbox: ${plainText(error.message)}`], undefined, 2);
  if (error instanceof CannotDo) return tell({ error: error.message }, [`pressbox: ${plainText(error.message)}`], undefined);
  if (error instanceof NoAnswer || error instanceof NotPressbox) {
    const isNothingSent = wasNeverSent(error) && !isBegun;
    const open = error instanceof NoAnswer && !isNothingSent ? again : undefined;
    const sent = isNothingSent ? ['  Nothing was sent.'] : [];
    return tell({ error: error.message }, [`pressbox: ${plainLine(error.message)}`, ...sent, whereItIs], open);
  }
  const { aborted, reason } = terminal.streams.interrupted;
  // That is told once all is done, of every command.
  if (reason instanceof OutputFailed && again === undefined) return 1;
  if (aborted) return tell({ error: 'interrupted' }, ['pressbox: interrupted.'], again);
  throw error;

  function tell(said: object, lines: string[], open: string | undefined, code = 1): number {
    if (json) terminal.note(plainJson({ ...said, ...(open !== undefined && { again: open }) }));
    else terminal.note(...lines, ...againLines(open));
    return code;
  }
}

/** Why an export ended before it was whole. */
export function whyCut(error: unknown): Error {
  if (error instanceof ProblemError || error instanceof NoAnswer || error instanceof NotPressbox) return error;
  return new NoAnswer('The connection was cut before the export was whole.', { cause: error });
}

/** What the file system says is nothing that a server refused, and no fault of the program. `file`: where it names none, as of a full disk. */
export function fileTrouble(error: unknown, file: string | undefined): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const where = 'dest' in error ? error.dest : 'path' in error ? error.path : file;
  if (where === undefined) return error;
  // Behind the reason its message has the call and the path: the one means nothing here, the other is said already.
  const [reason] = error.message.split(`, ${error.syscall}`);
  return new CannotDo(`${where}: ${reason}`);
}

function problemLines({ problem }: ProblemError): string[] {
  const lines = [`pressbox: ${plainLine(problem.title)}`];
  if (problem.line !== undefined) lines.push(`  line ${problem.line}`);
  if (problem.detail !== undefined) lines.push(`  ${plainLine(problem.detail)}`);
  if (problem.outcome === 'unchanged') lines.push('  Nothing was changed.');
  for (const { path, message } of problem.errors ?? []) {
    lines.push(`  ${path === '' ? '' : `${plainLine(path)}: `}${plainText(message)}`);
  }
  const remedy = remedies[problem.code as ProblemCode];
  if (remedy !== undefined) lines.push(`  ${remedy}`);
  return lines;
}

/** What a person can do about a refusal with the command. */
const remedies: Partial<Record<ProblemCode, string>> = {
  'token-missing':
    'Put one into PRESSBOX_TOKEN, or a file of it into --token-file. `pressbox token --help` says how to make one.',
  'token-invalid': '`pressbox token --help` says how to make another one.',
  forbidden: '`pressbox token inspect` tells what a token permits.',
  'not-found': '`pressbox channel list` tells which channels there are.',
  'channel-ended': '`pressbox channel update <channel> --state live` opens it again.',
  'post-withdrawn': 'It stays withdrawn; `pressbox post` publishes anew.',
};

/** Someone else was first. With that revision, since one that the command names would be refused again. */
export function movedLine(revision: number): string {
  return `It is now at revision ${revision}. If your change still holds, give the command again with --revision ${revision}.`;
}

function againLines(again: string | undefined): string[] {
  if (again === undefined) return [];
  return [
    'Whether it was done is not known. To go on with it without any danger of doing it twice, give the same command with',
    `  ${again}`,
  ];
}
