import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { httpLimits } from './http-limits.ts';

/** What is looked at in the headers of each request before anyone goes by them. */

/**
 * Refuses a request that two servers in a row could read in two ways, and closes its connection: a proxy before us may have gone by the other
 * one of two headers, or have seen the end of a body elsewhere.
 */
export function rejectAmbiguousRequests(): RequestHandler {
  return (request, response, next) => {
    try {
      requireUnambiguous(request);
    } catch (error) {
      response.setHeader('Connection', 'close');
      throw error;
    }
    next();
  };
}

/** Throws a `Refusal`. Every connection is looked at, so nothing is made of the other headers. */
export function requireUnambiguous({ rawHeaders, headers, httpVersionMajor, httpVersionMinor }: IncomingMessage): void {
  if (httpVersionMajor !== 1) throw new Refusal('invalid-body', { detail: 'HTTP/1.1 is spoken here, and HTTP/1.0.' });
  // HTTP/1.0 has no chunks, so a proxy of that time takes them for the body (RFC 9112, 6.1).
  if (httpVersionMinor === 0 && headers['transfer-encoding'] !== undefined) {
    throw new Refusal('invalid-body', { detail: 'HTTP/1.0 has no Transfer-Encoding.' });
  }
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!singletonLengths.has(name.length)) continue;
    const said = singletonHeaders.get(name.toLowerCase());
    if (said === undefined) continue;
    if (seen.has(said)) throw new Refusal('invalid-body', { detail: `A request has ${said} once.` });
    seen.add(said);
  }
}

/** Headers that stand once in a request (RFC 9110, 5.3), as they are told. */
const singletonHeaders = new Map(
  ['Host', 'Authorization', 'Content-Type', 'Idempotency-Key'].map((name) => [name.toLowerCase(), name] as const),
);
const singletonLengths = new Set([...singletonHeaders.keys()].map(({ length }) => length));

/**
 * Refuses what is asked of another name than that of `publicUrl`: pages of someone who points a name of theirs to this address would count as
 * pages of this server (DNS rebinding). An address, or localhost, is no name that anyone could point elsewhere.
 */
export function hostGuard(publicUrl: string | undefined): (request: IncomingMessage) => void {
  if (publicUrl === undefined) return () => undefined;
  const { host, hostname } = new URL(publicUrl);
  const own = new Set([hostname, 'localhost']);
  return ({ headers }) => {
    const asked = headers.host ?? '';
    // Nearly all ask so.
    if (asked === host || asked === '') return;
    const name = nameIn(asked);
    if (name !== undefined && (own.has(name) || isIP(name) !== 0)) return;
    throw new Refusal('invalid-body', {
      detail: 'This server has another name. Ask it by its public URL; a proxy passes Host on as it came.',
    });
  };
}

/** The host name of a Host header, without the port, the brackets of an address and a trailing dot. */
function nameIn(host: string): string | undefined {
  const name = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@?#\s]+))(?::\d{1,5})?$/i.exec(host);
  return (name?.[1] ?? name?.[2])?.toLowerCase().replace(/\.$/, '');
}

/**
 * What a client would rather have counts as not said where it is told at greater length than any does: to weigh thousands of languages takes
 * a thousand times as long as to answer, and whatever is answered then is right (RFC 9110, 12.1).
 */
export function boundPreferences(onPassedOver: () => void): RequestHandler {
  return ({ headers }, _response, next) => {
    for (const name of preferences) {
      if ((headers[name]?.length ?? 0) <= httpLimits.preferenceCharacters) continue;
      delete headers[name];
      onPassedOver();
    }
    next();
  };
}

const preferences = ['accept', 'accept-encoding', 'accept-language'] as const;
