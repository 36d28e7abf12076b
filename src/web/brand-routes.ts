import { type Request, type Response, Router } from 'express';
import { etagOf, sendJson, vary } from '../http/answers.ts';
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
    const path = req.baseUrl + req.path;
    const exact = byUrl.get(path);
    const file = exact ?? byName.get(withoutHash(path));
    if (file === undefined) throw new Refusal('not-found', missing.path);
    // Fonts are loaded with CORS, and a sandboxed frame has another origin.
    res.setHeader('Access-Control-Allow-Origin', '*');
    if (file.gzipped !== undefined) vary(res, 'Accept-Encoding');
    // No stranger can influence a brand, so its compressed length reveals nothing, whoever sends the request.
    const compressed = req.acceptsEncodings('gzip', 'identity') === 'gzip' ? file.gzipped : undefined;
    if (compressed !== undefined) res.setHeader('Content-Encoding', 'gzip');
    // Each encoding has its own entity tag (RFC 9110, 8.8.3.3). The URL contains the hash of the content.
    const etag = etagOf(`${file.url} ${compressed === undefined ? 'identity' : 'gzip'}`);
    sendJson(res, compressed ?? file.bytes, { cache: exact ? 'immutable' : 'public', etag, type: file.type });
  });
  return router;
}

function withoutHash(url: string): string {
  return url.replace(/\.[\w-]{12}(?=\.\w+$)/, '');
}
