import type { RequestHandler } from 'express';
import { isReadRequest } from '../http/answers.ts';
import type { Metrics, RouteClass } from './metrics.ts';

/** Times all requests of routes that are mounted after it, except those that are held open. */
export function timeRequests({ requestSeconds }: Pick<Metrics, 'requestSeconds'>): RequestHandler {
  return (request, response, next) => {
    const route = routeOf(request.path, isReadRequest(request));
    if (route === undefined || (route === 'read' && request.query.wait !== undefined)) return next();
    const began = performance.now();
    response.once('finish', () => requestSeconds.observe({ route }, (performance.now() - began) / 1_000));
    next();
  };
}

/** Undefined for a stream, which stays open as long as its reader. */
export function routeOf(path: string, isRead: boolean): RouteClass | undefined {
  const [, first = '', second = '', , third = ''] = path.split('/');
  switch (first) {
    case 'healthz':
    case 'readyz':
    case 'metrics':
      return 'operator';
    case 'assets':
    case 'brand':
    case 'media':
      return 'file';
    case 'v1':
      if (second === 'import' || third === 'export' || third === 'media') return 'transfer';
      if (isRead && third === 'stream') return undefined;
      if (isFeed.test(third)) return 'feed';
      return isRead ? 'read' : 'write';
    default:
      return 'page';
  }
}

/** The files of feeds end in the type of their content. No other route of a channel does. */
const isFeed = /\.(?:atom|json|jsonld)$/;
