import { type Request, type Response, Router } from 'express';
import { sendJson } from '../http/answers.ts';
import type { Rates } from '../http/rates.ts';
import { requirePrincipal } from '../http/request-identity.ts';
import { logSecurityEvent } from '../http/security-log.ts';
import type { Revocations } from '../journal/engine.ts';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayAdminister } from '../protocol/rights.ts';
import { revocationSchema } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { readBytes, readCommand } from './write-request.ts';

/** Revokes tokens before they expire. */
export interface TokenContext {
  revocations: Pick<Revocations, 'revoke'>;
  rates: Pick<Rates, 'writes'>;
  log: { info(facts: object, message: string): void };
}

const keptBeyondMs = newsroomLimits.revokedBeyondHours * 3_600_000;
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

export function tokenRoutes({ revocations, rates, log }: TokenContext): Router {
  const router = Router({ caseSensitive: true });

  /** Revoking a token twice is the same revocation, so an Idempotency-Key has no effect. */
  router.post(
    '/tokens/revoked',
    (_req, res, next) => {
      const who = requirePrincipal(res);
      rates.writes(who.sub);
      if (!mayAdminister(who)) throw new Refusal('forbidden', { detail: 'Revoking tokens requires a token with admin rights.' });
      next();
    },
    readBytes(),
    async (req: Request, res: Response) => {
      const { jti, expiresAt } = readCommand(req, revocationSchema);
      const until = expiresAt ? Math.min(Date.parse(expiresAt) + keptBeyondMs, latestMs) : null;
      if ((await revocations.revoke(jti, until, requirePrincipal(res).sub)) === 'full') {
        throw new Refusal('revocations-full', {
          detail: `${limits.revokedTokens} revoked tokens have not expired yet. Replace the key that signs tokens: all of them are then refused.`,
        });
      }
      log.info({ jti, until, by: requirePrincipal(res).sub }, 'token revoked');
      logSecurityEvent(res, 'token-revoked', { jti });
      sendJson(res, { jti, until: until === null ? null : new Date(until).toISOString() }, { cache: 'private' });
    },
  );

  return router;
}
