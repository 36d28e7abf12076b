import { InvalidArgumentError } from 'commander';
import { idempotencyKeyForm, idempotencyKeyPattern } from '../../src/protocol/client-limits.ts';
import type { Focus } from '../../src/protocol/model.ts';
import { UsageError } from './command-errors.ts';
import type { Terminal } from './terminal.ts';

export function parseWebAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('It must be an address that begins with http:// or https://.');
  }
  return text;
}

/** The URL of an empty id (such as an unset variable), or of an id of dots only, would lead to another path. */
export function parseChannelId(text: string): string {
  if (/^\.{0,2}$/.test(text)) throw new InvalidArgumentError('It must be the id of a channel.');
  return text;
}

export function parseIdempotencyKey(text: string): string {
  if (!idempotencyKeyPattern.test(text)) throw new InvalidArgumentError(`It must be ${idempotencyKeyForm}.`);
  return text;
}

export function parseSeconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number of seconds.');
  return value;
}

/** A time such as 8h, in seconds. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new InvalidArgumentError('It must be a time such as 30m, 8h or 7d.');
  return Number(amount) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd'];
}

/** `--revision`. */
export function parseRevision(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new UsageError('--revision is a whole number from 1.');
  return Number(text);
}

export interface Size {
  width: number;
  height: number;
}

/** A size in pixels, such as 1200x800. */
export function parseSize(text: string): Size {
  const [, width, height] = /^([1-9][0-9]{0,5})x([1-9][0-9]{0,5})$/.exec(text) ?? [];
  if (width === undefined) throw new InvalidArgumentError('It must be a width and a height in pixels, such as 1200x800.');
  return { width: Number(width), height: Number(height) };
}

/** The distances of a point from the left and from the top, as shares of the width and the height, such as 0.3,0.2. */
export function parseFocus(text: string): Focus {
  const [, x, y] = /^(0(?:\.[0-9]{1,9})?|1(?:\.0{1,9})?),(0(?:\.[0-9]{1,9})?|1(?:\.0{1,9})?)$/.exec(text) ?? [];
  if (x === undefined) throw new InvalidArgumentError('It must be two shares from 0 to 1, such as 0.3,0.2.');
  return { x: Number(x), y: Number(y) };
}

/** For options that may be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Reads all of standard input as UTF-8, without trailing line breaks. */
export async function readStandardInput(terminal: Terminal): Promise<string> {
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
  return text.replaceAll('\r\n', '\n').replace(/(?<!\n)\n+$/, '');
}

/** The claims of a token, or undefined if it is not a token. Not verified; the server does that. */
export function readClaims(token: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
