import { Router } from 'express';
import { asyncApi } from '../documents/asyncapi.ts';
import { openApi } from '../documents/openapi.ts';
import { sendJson } from '../edge/answers.ts';

/** The documents that describe the server, made once: nothing in them changes while it runs. */
export function documentRoutes({ publicUrl }: { publicUrl: string }): Router {
  const router = Router({ caseSensitive: true });
  const ofHttp = JSON.stringify(openApi(publicUrl));
  const ofMessages = JSON.stringify(asyncApi(publicUrl));

  router.get('/openapi.json', (_req, res) => sendJson(res, ofHttp, { cache: 'public' }));
  router.get('/asyncapi.json', (_req, res) => sendJson(res, ofMessages, { cache: 'public' }));

  return router;
}

/** Which pages elsewhere may read, as they may read the API. */
export const documentPaths = ['/openapi.json', '/asyncapi.json'];
