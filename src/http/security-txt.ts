import { Router } from 'express';
import { sendJson } from './answers.ts';
import { responseLimits } from './http-limits.ts';

/** `/.well-known/security.txt` (RFC 9116): where to report vulnerabilities of this server. Served only with a contact. */
export interface SecurityTxtContext {
  /** A `mailto:` or `https:` address. */
  contact: string | undefined;
  publicUrl: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

export const securityTxtPath = '/.well-known/security.txt';

export function securityTxtRoutes({ contact, publicUrl, now }: SecurityTxtContext): Router {
  const router = Router({ caseSensitive: true });
  router.get(securityTxtPath, (_req, res, next) => {
    if (contact === undefined) return next();
    const lines = [
      `Contact: ${contact}`,
      // Computed for every response, so the contact does not expire while the server runs.
      `Expires: ${new Date(now() + responseLimits.securityTxtDays * 86_400_000).toISOString()}`,
      // At the root of the host, whatever the base path is.
      `Canonical: ${new URL(securityTxtPath, publicUrl).href}`,
    ];
    sendJson(res, `${lines.join('\n')}\n`, { cache: 'none', type: 'text/plain; charset=utf-8' });
  });
  return router;
}
