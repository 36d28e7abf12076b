import type { ProblemCode } from '../../src/protocol/problems.ts';
import { NoAnswer, NotPressbox, ProblemError, wasNeverSent } from '../lib/http.ts';
import { OutputFailed, type Terminal } from './terminal.ts';
import { plainJson, plainLine, plainText } from './terminal-text.ts';

/** The command was used wrongly. Exit code 2. */
export class UsageError extends Error {}

/** The command was used correctly but cannot be done. Exit code 1. */
export class CommandFailed extends Error {}

export const defaultUrl = 'http://127.0.0.1:4000';
/** What to check if the server cannot be reached. */
export const serverAddressHint = `  Set the server's address with --url or PRESSBOX_URL. Default: ${defaultUrl}.`;

interface ErrorOutput {
  /**
   * Prints one line of JSON: the problem if the server refused, otherwise `{"error"}`. Either may have `again`, the options for a
   * retry.
   */
  json: boolean;
  /** The options to add to the same command to continue a write with an unknown outcome. */
  retryWith?: string | undefined;
  /**
   * An earlier request of the command may have been executed. The error of a request that was not sent then does not mean that
   * nothing was done.
   */
  hasBegun?: boolean | undefined;
}

/** Prints the error and returns the exit code. */
export function printError(
  error: unknown,
  terminal: Terminal,
  { json, retryWith: again, hasBegun: isBegun = false }: ErrorOutput,
): number {
  if (error instanceof ProblemError) {
    const open = error.problem.outcome === 'unknown' ? again : undefined;
    return print(error.problem, problemLines(error), open);
  }
  if (error instanceof UsageError)
    return print({ error: error.message }, [`pressbox: ${plainText(error.message)}`], undefined, 2);
  if (error instanceof CommandFailed)
    return print({ error: error.message }, [`pressbox: ${plainText(error.message)}`], undefined);
  if (error instanceof NoAnswer || error instanceof NotPressbox) {
    const isNothingSent = wasNeverSent(error) && !isBegun;
    const open = error instanceof NoAnswer && !isNothingSent ? again : undefined;
    const sent = isNothingSent ? ['  Nothing was sent.'] : [];
    return print({ error: error.message }, [`pressbox: ${plainLine(error.message)}`, ...sent, serverAddressHint], open);
  }
  const { aborted, reason } = terminal.streams.interrupted;
  // `main` reports the failed output at the end, for every command.
  if (reason instanceof OutputFailed && again === undefined) return 1;
  if (aborted) return print({ error: 'interrupted' }, ['pressbox: interrupted.'], again);
  throw error;

  function print(output: object, lines: string[], open: string | undefined, code = 1): number {
    if (json) terminal.note(plainJson({ ...output, ...(open !== undefined && { again: open }) }));
    else terminal.note(...lines, ...retryLines(open));
    return code;
  }
}

/** Why an export ended early. */
export function exportCutError(error: unknown): Error {
  if (error instanceof ProblemError || error instanceof NoAnswer || error instanceof NotPressbox) return error;
  return new NoAnswer('The connection was cut before the export was complete.', { cause: error });
}

/**
 * Converts a file system error to `CommandFailed`: neither the server nor the program is at fault. `file` is used if the error
 * names none, for example on a full disk.
 */
export function asFileError(error: unknown, file: string | undefined): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const where = 'dest' in error ? error.dest : 'path' in error ? error.path : file;
  if (where === undefined) return error;
  // After the reason, Node's message names the system call and the path. The call is irrelevant and the path is printed already.
  const [reason] = error.message.split(`, ${error.syscall}`);
  return new CommandFailed(`${where}: ${reason}`);
}

function problemLines({ problem }: ProblemError): string[] {
  const lines = [`pressbox: ${plainLine(problem.title)}`];
  if (problem.line !== undefined) lines.push(`  line ${problem.line}`);
  if (problem.detail !== undefined) lines.push(`  ${plainLine(problem.detail)}`);
  if (problem.outcome === 'unchanged') lines.push('  Nothing was changed.');
  for (const { path, message } of problem.errors ?? []) {
    lines.push(`  ${path === '' ? '' : `${plainLine(path)}: `}${plainText(message)}`);
  }
  const remedy = adviceByCode[problem.code as ProblemCode];
  if (remedy !== undefined) lines.push(`  ${remedy}`);
  return lines;
}

/** Advice for problems that the user can solve with the command. */
const adviceByCode: Partial<Record<ProblemCode, string>> = {
  'token-missing': 'Set PRESSBOX_TOKEN or --token-file. `pressbox token --help` explains how to make a token.',
  'token-invalid': '`pressbox token --help` explains how to make another token.',
  forbidden: '`pressbox token inspect` shows what a token permits.',
  'not-found': '`pressbox channel list` lists the channels.',
  'uploads-disabled':
    'Upload the file elsewhere and give its address, or ask the operator of the server to set PRESSBOX_MEDIA_DIR.',
  'channel-ended': '`pressbox channel update <channel> --state live` opens it again.',
  'post-withdrawn': 'A withdrawn post stays withdrawn. Publish a new one with `pressbox post`.',
};

/** Names the current revision, because repeating the command with the old one would be refused again. */
export function revisionMovedLine(revision: number): string {
  return `It is now at revision ${revision}. If your change still applies, repeat the command with --revision ${revision}.`;
}

function retryLines(again: string | undefined): string[] {
  if (again === undefined) return [];
  return ['The outcome is unknown. To continue without doing it twice, repeat the command with', `  ${again}`];
}
