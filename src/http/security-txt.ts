import { Router } from 'express';
import { sendJson } from './answers.ts';
import { responseLimits } from './http-limits.ts';

/** `/.well-known/security.txt` (RFC 9116): where someone who found a fault of this server may say so. Not there without a contact. */
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
      // Renewed with every answer, for as long as somebody runs the server with this contact.
      `Expires: ${new Date(now() + responseLimits.securityTxtDays * 86_400_000).toISOString()}`,
      `Canonical: ${publicUrl}${securityTxtPath}`,
    ];
    sendJson(res, `${lines.join('\n')}\n`, { cache: 'none', type: 'text/plain; charset=utf-8' });
  });
  return router;
}
