import type { IncomingMessage } from 'node:http';

/**
 * The base path: where on its host the server is, such as `/live`. Requests and upgrades pass here first, and are then the same as
 * for a server at the root. Like Express does for a mounted application, `url` loses the base path, `baseUrl` holds it, and
 * `originalUrl` stays complete.
 */
interface MountedRequest extends IncomingMessage {
  baseUrl?: string;
  originalUrl?: string;
}

/**
 * Also answered at the root of the server's own port, below any base path: probes and scrapers ask the process and not the site,
 * and RFC 8615 has `/.well-known` at the root only.
 */
const rootPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics', '/.well-known/security.txt']);

/** The base path that was taken from the URL of a request. */
const basePaths = new WeakMap<IncomingMessage, string>();

/** The path below the base path, also in a router that is mounted at a path of its own. */
export function pathBelowBase(request: IncomingMessage & { baseUrl: string; path: string }): string {
  return (request.baseUrl + request.path).slice((basePaths.get(request) ?? '').length);
}

/** A path that matches no route. */
const nowhere = '/%';

/** Whether this path, perhaps with a query, is the base path or below it. */
export function isBelow(basePath: string, path: string): boolean {
  return path.startsWith(basePath) && /^(?:[/?]|$)/.test(path.slice(basePath.length));
}

/** Call it once for each request, before anything reads its URL. A target outside the base path becomes one that matches no route. */
export function enterBasePath(request: MountedRequest, basePath: string): void {
  const target = pathOfTarget(request.url ?? '');
  request.url = target;
  if (basePath === '') return;
  request.originalUrl = target;
  if (isBelow(basePath, target)) {
    const rest = target.slice(basePath.length);
    basePaths.set(request, basePath);
    request.baseUrl = basePath;
    request.url = rest.startsWith('/') ? rest : `/${rest}`;
  } else if (!rootPaths.has(target.replace(/\?.*$/s, ''))) request.url = nowhere;
}

/**
 * The path and query of a request target. The target can be a complete URL, as sent to a proxy. Any other target becomes a path
 * that matches no route.
 */
export function pathOfTarget(target: string): string {
  if (target.startsWith('/')) return target;
  const url = URL.parse(target);
  return url === null || url.host === '' ? nowhere : url.pathname + url.search;
}
