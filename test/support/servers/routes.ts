import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Express } from 'express';

/** The internals of a router that Express does not type. */
interface Layer {
  route?: { path: string | string[]; stack: { method?: string }[] };
  handle: { stack?: Layer[] };
  slash: boolean;
  match(path: string): boolean;
}

/** Where routers may be mounted. A router mounted elsewhere fails the walk, so this list stays complete. */
const mounts = ['/v1'];

/** Every route of a running server, such as `GET /v1/channels/{channelId}`, found by walking its Express application. */
export async function servedRoutes(url: string): Promise<string[]> {
  const app = await applicationAt(url);
  // A route appears once for each of its handlers.
  return [...new Set(walk((app.router as unknown as { stack: Layer[] }).stack, ''))].sort();
}

/** Finds the Express application through a request. */
async function applicationAt(url: string): Promise<Express> {
  let found: Express | undefined;
  const listen = (message: unknown) => {
    const { request } = message as { request: IncomingMessage & { app?: Express } };
    if (request.headers.host === new URL(url).host) found ??= request.app;
  };
  subscribe('http.server.response.finish', listen);
  try {
    await fetch(`${url}/healthz`);
  } finally {
    unsubscribe('http.server.response.finish', listen);
  }
  if (found === undefined) throw new Error(`No Express application answered at ${url}.`);
  return found;
}

function walk(layers: readonly Layer[], prefix: string): string[] {
  return layers.flatMap(({ route, handle, slash, match }, at) => {
    if (route !== undefined) {
      // Guards accept every method, and the guarded routes are separate.
      const methods = route.stack.flatMap(({ method }) => (method === undefined ? [] : [method.toUpperCase()]));
      return [route.path].flat().flatMap((path) => methods.map((method) => `${method} ${prefix}${named(path)}`));
    }
    if (handle.stack === undefined) return [];
    if (slash) return walk(handle.stack, prefix);
    const mount = mounts.find((mount) => match.call(layers[at], mount));
    if (mount === undefined && routesIn(handle.stack))
      throw new Error('A router is mounted where test/support/servers/routes.ts does not look.');
    return mount === undefined ? [] : walk(handle.stack, prefix + mount);
  });
}

function routesIn(layers: readonly Layer[]): boolean {
  return layers.some(({ route, handle }) => route !== undefined || (handle.stack !== undefined && routesIn(handle.stack)));
}

/** Express's `:channelId` in OpenAPI's form. */
function named(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}
