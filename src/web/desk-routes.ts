import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RequestHandler, Router } from 'express';
import { languages } from '../../client/browser/view/wording/site-wording.ts';
import { sendJson } from '../http/answers.ts';
import { deskHeaders } from '../http/headers.ts';
import type { Brand } from './brand/brand.ts';
import { assetsDirectory, fileOf, loadAssets, loadDeskFiles } from './pages/assets.ts';
import { deskManifest, deskPage } from './pages/desk.ts';
import { languageFor } from './pages/language.ts';

/**
 * The desk, the page for authors: one page for all of `/desk/`, which contains nothing personal, so that its service worker may keep
 * it. What belongs to a person comes from `/v1`.
 */
export function deskRoutes({ basePath, brand }: { basePath: string; brand: Brand | undefined }): Router {
  const router = Router({ caseSensitive: true });
  const assets = loadAssets({ basePath, brand });
  const worker = readFileSync(join(assetsDirectory(), fileOf('service-worker.js')));
  const files = loadDeskFiles(basePath);
  const headers = deskHeaders();
  const pages = new Map(languages.map((language) => [language, deskPage({ language, assets, files })]));
  const manifests = new Map(languages.map((language) => [language, deskManifest({ language, assets, files })]));

  const sendPage: RequestHandler = (req, res) => {
    const page = pages.get(languageFor(req, res)) as string;
    sendJson(res, page, { cache: 'public', type: 'text/html; charset=utf-8' });
  };

  router.get('/desk', headers, (req, res, next) => {
    // `/desk` is not in the scope of the service worker.
    if (req.path === '/desk') res.redirect(308, `${basePath}/desk/${req.url.slice('/desk'.length)}`);
    else sendPage(req, res, next);
  });

  // Before the page of a channel, whose id has no dot.
  router.get('/desk/service-worker.js', headers, (_req, res) =>
    sendJson(res, worker, { cache: 'public', type: 'text/javascript; charset=utf-8' }),
  );

  router.get('/desk/manifest.webmanifest', headers, (req, res) => {
    const manifest = manifests.get(languageFor(req, res)) as object;
    sendJson(res, manifest, { cache: 'public', type: 'application/manifest+json; charset=utf-8' });
  });

  router.get('/desk/:channelId', headers, sendPage);

  return router;
}
