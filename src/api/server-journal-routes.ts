import { type Request, type Response, Router } from 'express';
import { sendJson } from '../http/answers.ts';
import { requirePrincipal } from '../http/request-identity.ts';
import type { Journal, Revocations, SessionStore } from '../journal/engine.ts';
import type { ServerEntry } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayAdminister, sessionIn } from '../protocol/rights.ts';
import { journalQuerySchema, parse } from '../protocol/schemas.ts';

/** The server's own journal: actions of administrators and imports, in the hash chain that `verify` checks. */
export interface ServerJournalContext {
  engine: Pick<Journal, 'serverJournal'> & Pick<Revocations, 'isRevoked'> & Pick<SessionStore, 'isSessionEnded'>;
  /** Milliseconds since 1970. */
  now(): number;
}

export function serverJournalRoutes({ engine, now }: ServerJournalContext): Router {
  const router = Router({ caseSensitive: true });

  router.get('/journal', async (req: Request, res: Response) => {
    if (!mayAdminister(requirePrincipal(res))) {
      throw new Refusal('forbidden', { detail: "The server's own journal takes a token with admin rights." });
    }
    const { root, entries, more } = await engine.serverJournal(parse(journalQuerySchema, req.query));
    sendJson(res, { root, entries: entries.map(told), more }, { cache: 'private' });
  });

  return router;

  function told(entry: ServerEntry): ServerEntry {
    const stands = standing(entry);
    return stands === undefined ? entry : { ...entry, stands };
  }

  /** Whether what the entry says is still in effect or no longer needed. Undefined for entries that cannot lapse. */
  function standing(entry: ServerEntry): boolean | undefined {
    const { type, subject, detail } = entry;
    if (type === 'token.revoked') return engine.isRevoked(subject ?? '') || (detail !== null && Date.parse(detail) <= now());
    if (type !== 'session.ended') return undefined;
    const session = sessionIn(entry);
    return engine.isSessionEnded(session) || session.until <= now();
  }
}
