import { Router } from 'express';
import { openApi } from '../documents/openapi.ts';
import { sendJson } from '../edge/answers.ts';

/** The documents that describe the server, made once: nothing in them changes while it runs. */
export function documentRoutes({ publicUrl }: { publicUrl: string }): Router {
  const router = Router({ caseSensitive: true });
  const asOpenApi = JSON.stringify(openApi(publicUrl));

  router.get('/openapi.json', (_req, res) => sendJson(res, asOpenApi, { cache: 'public' }));

  return router;
}

/** Which pages elsewhere may read, as they may read the API. */
export const documentPaths = ['/openapi.json'];
