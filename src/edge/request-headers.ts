import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { httpLimits } from './http.ts';

/** What is looked at in the headers of each request before anyone goes by them. */

/** A request that names two hosts is refused (RFC 9112, 3.2): a proxy before us may have believed the other one. */
export function requireOneHost(): RequestHandler {
  return (request, _response, next) => {
    mustNameOneHost(request);
    next();
  };
}

/** Throws a `Refusal`. Every connection is looked at, so nothing is made of the other headers. */
export function mustNameOneHost({ rawHeaders }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw new Refusal('invalid-body', { detail: 'A request names its host once.' });
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
