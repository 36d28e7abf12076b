import { type Request, type Response, Router } from 'express';
import { sendJson, vary } from '../http/answers.ts';
import { brandHeaders } from '../http/headers.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import type { Brand } from './brand/brand.ts';

/**
 * The files of the brand, below `/brand/`. Mount before the request rate, since each page loads several.
 *
 * A URL has a hash of the content. While several servers get a new brand one after the other, a page of one may load a file from
 * another. The other then sends its own version of the file, which no cache keeps.
 */
export function brandRoutes(brand: Brand | undefined): Router {
  const router = Router({ caseSensitive: true });
  if (brand === undefined) return router;
  const files = [...brand.files.values()];
  const byUrl = new Map(files.map((file) => [file.url, file]));
  const byName = new Map(files.map((file) => [withoutHash(file.url), file]));
  router.get('/brand/*name', brandHeaders(), (req: Request, res: Response) => {
    const exact = byUrl.get(req.path);
    const file = exact ?? byName.get(withoutHash(req.path));
    if (file === undefined) throw new Refusal('not-found', missing.path);
    // Fonts are loaded with CORS, and a sandboxed frame has another origin.
    res.setHeader('Access-Control-Allow-Origin', '*');
    const answer = { cache: exact ? 'immutable' : 'public', type: file.type } as const;
    if (file.gzipped === undefined) return sendJson(res, file.bytes, answer);
    // No stranger can influence a brand, so its compressed length reveals nothing, whoever sends the request.
    vary(res, 'Accept-Encoding');
    if (req.acceptsEncodings('gzip', 'identity') !== 'gzip') return sendJson(res, file.bytes, answer);
    res.setHeader('Content-Encoding', 'gzip');
    sendJson(res, file.gzipped, answer);
  });
  return router;
}

function withoutHash(url: string): string {
  return url.replace(/\.[\w-]{12}(?=\.\w+$)/, '');
}
