import { Router } from 'express';
import { asyncApi } from '../apidocs/asyncapi.ts';
import { openApi } from '../apidocs/openapi.ts';
import { sendJson } from '../http/answers.ts';
import { pageHeaders } from '../http/headers.ts';
import type { Brand } from './brand/brand.ts';
import { loadAssets } from './pages/assets.ts';
import { docsPage } from './pages/docs.ts';

/** The OpenAPI and AsyncAPI documents and `/docs`, rendered once at the start. */
export function documentRoutes({
  publicUrl,
  basePath,
  brand,
}: {
  publicUrl: string;
  basePath: string;
  brand: Brand | undefined;
}): Router {
  const router = Router({ caseSensitive: true });
  const ofHttp = JSON.stringify(openApi(publicUrl));
  const ofMessages = JSON.stringify(asyncApi(publicUrl));

  const page = docsPage({ publicUrl, assets: loadAssets({ basePath, brand }) });

  router.get('/openapi.json', (_req, res) => sendJson(res, ofHttp, { cache: 'public' }));
  router.get('/asyncapi.json', (_req, res) => sendJson(res, ofMessages, { cache: 'public' }));

  router.get('/docs', pageHeaders(), (_req, res) => sendJson(res, page, { cache: 'public', type: 'text/html; charset=utf-8' }));

  return router;
}

/** Paths that pages of allowed origins may read, like the API. */
export const documentPaths = ['/openapi.json', '/asyncapi.json'];
