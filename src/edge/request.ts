import type { RequestHandler, Response } from 'express';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { Identity } from './identity.ts';

/** Who asks: the token of a request, checked once, before any route. */

/** RFC 6750: the scheme in any case, one space or more, then a token. */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Notes who asks, for `principalOf`. A token that does not hold is refused even where none is needed: who sends one means to be known,
 * and must not be answered as a stranger.
 */
export function authenticate(identity: Pick<Identity, 'verify'>): RequestHandler {
  return async (request, response, next) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) response.locals.principal = await identity.verify(tokenFrom(authorization));
    next();
  };
}

/** Who asks, or undefined for a stranger. */
export function principalOf(response: Response): Principal | undefined {
  return response.locals.principal as Principal | undefined;
}

/** Who asks; a stranger is refused with `token-missing`. */
export function requirePrincipal(response: Response): Principal {
  const principal = principalOf(response);
  if (!principal) throw new Refusal('token-missing');
  return principal;
}

function tokenFrom(authorization: string): string {
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined) {
    throw new Refusal('token-invalid', { detail: 'The Authorization header must be "Bearer" and a token.' });
  }
  return token;
}
