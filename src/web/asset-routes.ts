import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';
import { etagOf, sendJson, vary } from '../http/answers.ts';
import { assetHeaders } from '../http/headers.ts';
import { assetNames, assetsDirectory, fileOf } from './pages/assets.ts';
import { compressed, createCompress, encodingFor } from './pages/compressed.ts';

/** The scripts and styles of the pages. A page asks for several, so they are to be mounted before the limit on requests. */
export function assetRoutes(): Router {
  const router = Router({ caseSensitive: true });
  const directory = assetsDirectory();
  const compress = createCompress(directory);
  router.use(
    '/assets',
    assetHeaders(),
    forEveryPage,
    inAnyVersion,
    // Names carry a hash of the content, so a file never changes under its name.
    compressed(compress, assetNames()),
    // In parts nobody needs them: to weigh a thousand ranges takes longer than to send the whole.
    express.static(directory, { immutable: true, maxAge: '365d', index: false, redirect: false, acceptRanges: false }),
  );
  const element = fileOf('embed.js');
  router.get('/embed.js', assetHeaders(), forEveryPage, async (req, res) => {
    const encoding = encodingFor(req);
    vary(res, 'Accept-Encoding');
    const bytes = encoding === false ? await readFile(join(directory, element)) : await compress(element, encoding);
    if (encoding !== false) res.setHeader('Content-Encoding', encoding);
    // Each encoding is another answer (RFC 9110, 8.8.3.3). The name holds the hash of what is in it.
    const etag = etagOf(`${element} ${encoding || 'identity'}`);
    sendJson(res, bytes, { cache: 'public', etag, type: 'text/javascript; charset=utf-8' });
  });
  return router;
}

/** A page elsewhere asks for a module, and for what that imports, as it asks for data, whether or not the page may read channels. */
const forEveryPage: RequestHandler = (_req, res, next) => {
  res.setHeader('Access-Control-Allow-Origin', '*');
  next();
};

/**
 * There is one version of a file under its name, so that a request has nothing to insist on. It is passed over, as for all else that is read:
 * what sends files would have it refused as one whose body cannot be read.
 */
const inAnyVersion: RequestHandler = ({ headers }, _res, next) => {
  delete headers['if-match'];
  delete headers['if-unmodified-since'];
  next();
};
