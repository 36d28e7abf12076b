import { hash, randomUUID } from 'node:crypto';
import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { pathBelowBase } from '../http/base-path.ts';
import type { Expected } from '../newsroom/decision.ts';
import type { WriteCommand } from '../newsroom/write-command.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import { fieldErrors, idempotencyKeySchema, parse } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { jsonObjectOf } from './json-body.ts';

/**
 * Reads the body as bytes, regardless of its content type. The body is parsed only once the request is known to be new. A body
 * over `bodyBytes`, also after decompression, is 413.
 */
export function readBytes(): RequestHandler {
  const readAny = express.raw({ type: () => true, limit: limits.bodyBytes });
  return (request, response, next) => {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    // Refuses the body before it is read. Express would read the whole body first.
    if (Number(length ?? 0) > limits.bodyBytes) throw new Refusal('too-large');
    if (length === undefined || encoding !== undefined) readAny(request, response, next);
    else readPlain(request, next);
  };
}

/** The common case: an uncompressed body with a Content-Length, which Node enforces. */
function readPlain(request: Request, next: (error?: unknown) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => void chunks.push(chunk));
  request.once('end', () => {
    request.body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    next();
  });
  request.once('error', () => next(new Refusal('invalid-body', { detail: 'The body is incomplete.' })));
}

const json = ['application/json'];
export const mergePatch = ['application/merge-patch+json', 'application/json'];

/** Parses the body by the schema, or throws a `Refusal`. With `mayBeEmpty`, an empty body is read as `{}`. */
export function readCommand<S extends z.ZodType>(
  request: Request,
  schema: S,
  { types = json, mayBeEmpty = false }: { types?: readonly string[]; mayBeEmpty?: boolean } = {},
): z.output<S> {
  const bytes = bytesOf(request);
  if (bytes.length === 0 && mayBeEmpty) return parse(schema, {});
  requireType(request.headers['content-type'], types);
  return parse(schema, jsonObjectOf(bytes));
}

function bytesOf(request: Request): Buffer {
  const body: unknown = request.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** Refuses content types other than these, and charsets other than UTF-8. */
export function requireType(header: string | undefined, types: readonly string[]): void {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const utf8 = charset === undefined || /^"?utf-?8"?$/.test(charset);
  if (!types.includes(type) || !utf8) throw new Refusal('wrong-type', { detail: `Send ${types.join(' or ')}, in UTF-8.` });
}

const entityTag = /^(?:(?:W\/)?"(0|[1-9]\d{0,14})(?:-[\x21\x23-\x7e]*)?"|(0|[1-9]\d{0,14})|(\*))$/;

/** The revision in If-Match: `"3"`, `3`, `W/"3"`, `"3-…"` or `*`. */
export function readIfMatch(request: Request): Expected | undefined {
  const header = request.headers['if-match'];
  if (header === undefined) return undefined;
  const match = entityTag.exec(header.trim());
  if (!match) {
    const message = 'Must be one revision such as "3", or *.';
    throw new Refusal('invalid-body', { detail: `If-Match: ${message}`, errors: [{ path: 'If-Match', message }] });
  }
  return match[3] === undefined ? Number(match[1] ?? match[2]) : 'any';
}

export function requireIfMatch(request: Request): Expected {
  const expected = readIfMatch(request);
  if (expected === undefined) throw new Refusal('if-match-missing');
  return expected;
}

/**
 * The write command of the request, for the newsroom. An Idempotency-Key identifies one request of this `sub` in this channel, or
 * one channel creation of this `sub`. Two requests are the same if their method, path, If-Match and body are equal.
 */
export function readWriteCommand<Command>(
  request: Request,
  who: Principal,
  channelId: string | null,
  command: () => Command,
): WriteCommand<Command> {
  const key = readKey(request);
  const scope = channelId === null ? ['creation', who.sub] : ['channel', channelId, who.sub];
  // Without the base path, so that a request may be repeated after the server was given another one.
  const about = JSON.stringify([request.method, pathBelowBase(request), request.headers['if-match'] ?? null]);
  const digest = hash('sha256', Buffer.concat([Buffer.from(about), bytesOf(request)]));
  const id = key === undefined ? randomUUID() : hash('sha256', JSON.stringify([...scope, key]), 'base64url');
  return { who, keyed: key !== undefined, request: { id, digest }, parse: command };
}

function readKey(request: Request): string | undefined {
  const header = request.get('idempotency-key');
  if (header === undefined) return undefined;
  const result = idempotencyKeySchema.safeParse(header);
  if (result.success) return result.data;
  const errors = fieldErrors(result.error).map(({ message }) => ({ path: 'Idempotency-Key', message }));
  throw new Refusal('invalid-body', { detail: 'The Idempotency-Key header does not fit.', errors });
}
