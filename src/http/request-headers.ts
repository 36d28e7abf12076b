import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { httpLimits } from './http-limits.ts';

/** Checks of the headers of every request, before any code relies on them. */

/**
 * Refuses a request that two servers in a row could parse differently, and closes its connection: a proxy may have used the other
 * one of two equal headers, or have found another end of the body (request smuggling).
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

/**
 * Throws a `Refusal` for an ambiguous request. Runs for every request, so it reads `rawHeaders`, and Node need not build another
 * form of the headers.
 */
export function requireUnambiguous({ rawHeaders, headers, httpVersionMajor, httpVersionMinor }: IncomingMessage): void {
  if (httpVersionMajor !== 1) throw new Refusal('invalid-body', { detail: 'This server supports only HTTP/1.1 and HTTP/1.0.' });
  // HTTP/1.0 has no chunked encoding, so an old proxy would pass on the chunks as the body (RFC 9112, 6.1).
  if (httpVersionMinor === 0 && headers['transfer-encoding'] !== undefined) {
    throw new Refusal('invalid-body', { detail: 'HTTP/1.0 has no Transfer-Encoding.' });
  }
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!singletonLengths.has(name.length)) continue;
    const header = singletonHeaders.get(name.toLowerCase());
    if (header === undefined) continue;
    if (seen.has(header)) throw new Refusal('invalid-body', { detail: `A request may have only one ${header} header.` });
    seen.add(header);
  }
}

/** Headers that may occur once in a request (RFC 9110, 5.3), in the spelling of error messages. */
const singletonHeaders = new Map(
  ['Host', 'Authorization', 'Content-Type', 'Idempotency-Key'].map((name) => [name.toLowerCase(), name] as const),
);
const singletonLengths = new Set([...singletonHeaders.keys()].map(({ length }) => length));

/**
 * Refuses requests whose Host header has another name than `publicUrl`. Otherwise an attacker could point a name at this address,
 * and a page under that name would count as a page of this server (DNS rebinding). IP addresses and localhost are accepted,
 * because nobody can point them elsewhere.
 */
export function hostGuard(publicUrl: string | undefined): (request: IncomingMessage) => void {
  if (publicUrl === undefined) return () => undefined;
  const { host, hostname } = new URL(publicUrl);
  const own = new Set([hostname, 'localhost']);
  return ({ headers }) => {
    const requested = headers.host ?? '';
    // The common case.
    if (requested === host || requested === '') return;
    const name = nameIn(requested);
    if (name !== undefined && (own.has(name) || isIP(name) !== 0)) return;
    throw new Refusal('invalid-body', {
      detail: 'This server has another host name. Use its public URL. A proxy must pass the Host header unchanged.',
    });
  };
}

/** The host name of a Host header, without port, brackets and trailing dot. */
function nameIn(host: string): string | undefined {
  const name = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@?#\s]+))(?::\d{1,5})?$/i.exec(host);
  return (name?.[1] ?? name?.[2])?.toLowerCase().replace(/\.$/, '');
}

/**
 * Ignores preference headers that are longer than any client sends: weighing thousands of languages takes a thousand times as
 * long as the response. Without these headers any response is correct (RFC 9110, 12.1).
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
