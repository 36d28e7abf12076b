import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { problemFor, sendJson, sendProblem, setProblemHeaders } from '../http/answers.ts';
import { AllClientsGone } from '../http/builds.ts';
import { pageHeaders } from '../http/headers.ts';
import { missing, type Problem, problem, Refusal } from '../protocol/problems.ts';
import type { Brand } from './brand/brand.ts';
import { loadAssets } from './pages/assets.ts';
import { errorPage } from './pages/error.ts';
import { languageFor } from './pages/language.ts';

/** Shows problems as pages to browsers. Programs get the problem document, even at the URL of a page. */
export interface PageErrors {
  /** Answers with a page if the client prefers one, otherwise with the problem document. */
  tell(req: Request, res: Response, reported: Problem): void;
  /** Shows errors as pages to browsers, and passes on the others. Mount just before `handleErrors`. */
  handler: ErrorRequestHandler;
  /** Answers requests that no route handled. */
  notFound: RequestHandler;
}

export function createPageErrors({
  basePath,
  brand,
  log,
}: {
  basePath: string;
  brand: Brand | undefined;
  log: { error(fields: object, message: string): void };
}): PageErrors {
  const assets = loadAssets({ basePath, brand });
  const headers = pageHeaders();
  // A frame must be able to show the error too.
  const inFrames = pageHeaders({ frameAncestors: '*' });

  const tell = (req: Request, res: Response, reported: Problem) => {
    const framed = req.path.startsWith('/embed/');
    if (!wantsPage(req)) return sendProblem(res, reported);
    const page = errorPage(reported, { language: languageFor(req, res), assets });
    (framed ? inFrames : headers)(req, res, () => sendErrorPage(res, page, reported));
  };
  return {
    tell,
    handler(error: unknown, req, res, next) {
      if (res.headersSent || error instanceof AllClientsGone || !wantsPage(req)) return next(error);
      const known = problemFor(error);
      if (known === undefined) log.error({ err: error, path: req.path }, 'page failed');
      tell(req, res, known ?? problem('internal-error'));
    },
    notFound(_req, _res, next) {
      next(new Refusal('not-found', missing.path));
    },
  };
}

/** Sends an error page with the problem's status and headers. */
export function sendErrorPage(res: Response, page: string, reported: Problem): void {
  setProblemHeaders(res, reported);
  sendJson(res, page, { status: reported.status, cache: 'none', type: 'text/html; charset=utf-8' });
}

const pagePaths = ['/', '/desk', '/docs', '/live', '/sign-in', '/sign-out'];

/**
 * Whether to answer with a page. API paths never do. If the client accepts HTML and JSON equally, it gets HTML at the URL of a
 * page, and JSON elsewhere.
 */
export function wantsPage(req: Request): boolean {
  const { path } = req;
  if (/^\/(?:(?:v1|socket\.io|assets|brand|oembed|embed\.js)(?:\/|$)|embed\/[^/]+\/fragment$)/.test(path)) return false;
  const isPage = pagePaths.includes(path) || path.startsWith('/live/') || path.startsWith('/desk/') || path.startsWith('/embed/');
  return req.accepts(isPage ? ['html', 'json'] : ['json', 'html']) === 'html';
}
