import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { etagOf, sendJson, vary } from '../http/answers.ts';
import { assetHeaders } from '../http/headers.ts';
import { assetNames, assetsDirectory, fileOf } from './pages/assets.ts';
import { compressed, createCompress, encodingFor } from './pages/compressed.ts';

/** Scripts and styles of the pages. Mount before the request rate, since each page loads several. */
export function assetRoutes(): Router {
  const router = Router({ caseSensitive: true });
  const directory = assetsDirectory();
  const compress = createCompress(directory);
  router.use(
    '/assets',
    assetHeaders(),
    forEveryPage,
    inAnyVersion,
    // File names contain a hash of the content, so a file never changes.
    compressed(compress, assetNames()),
    // No ranges: nobody needs them, and parsing a thousand ranges costs more than sending the file.
    express.static(directory, { immutable: true, maxAge: '365d', index: false, redirect: false, acceptRanges: false }),
  );
  const element = fileOf('embed.js');
  router.get('/embed.js', assetHeaders(), forEveryPage, async (req, res) => {
    const encoding = encodingFor(req);
    vary(res, 'Accept-Encoding');
    const bytes = encoding === false ? await readFile(join(directory, element)) : await compress(element, encoding);
    if (encoding !== false) res.setHeader('Content-Encoding', encoding);
    // Each encoding has its own entity tag (RFC 9110, 8.8.3.3). The file name contains the hash of the content.
    const etag = etagOf(`${element} ${encoding || 'identity'}`);
    sendJson(res, bytes, { cache: 'public', etag, type: 'text/javascript; charset=utf-8' });
  });
  return router;
}

/** Browsers fetch modules with CORS. Any page may load them, even if it may not read channels. */
const forEveryPage: RequestHandler = (_req, res, next) => {
  res.setHeader('Access-Control-Allow-Origin', '*');
  next();
};

/**
 * Ignores preconditions, as all read routes do: a file never changes under its name, and express.static would refuse the request with a
 * misleading error.
 */
const inAnyVersion: RequestHandler = ({ headers }, _res, next) => {
  delete headers['if-match'];
  delete headers['if-unmodified-since'];
  next();
};
