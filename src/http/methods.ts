import { type RequestHandler, Router } from 'express';
import { methodNotAllowed } from './answers.ts';

/**
 * Returns these routers, preceded by handlers for the other methods of each of their paths: 405 with `Allow`, and an answer to
 * OPTIONS. The handlers come before the routers, because Express would end an OPTIONS request at the first router with the path,
 * and list only the methods of that router. The handlers look nothing up, so the answer for a hidden channel is the same as for a
 * missing one.
 */
export function onlyMethodsOf(...routers: readonly Router[]): RequestHandler[] {
  const guard = guardOf(routers);
  return [
    (request, response, next) => (request.method === 'OPTIONS' ? guard(request, response, next) : next()),
    ...routers,
    guard,
  ];
}

function guardOf(routers: readonly Router[]): Router {
  const guard = Router({ caseSensitive: true });
  for (const [path, methods] of methodsOf(routers)) {
    const refuse = methodNotAllowed(...methods);
    guard.all(path, (request, response, next) => {
      if (methods.includes(request.method)) next();
      else if (request.method !== 'OPTIONS') refuse(request, response, next);
      else response.status(204).setHeader('Allow', methods.join(', ')).end();
    });
  }
  return guard;
}

/** The methods of each path of the routers, in capitals. GET includes HEAD. */
function methodsOf(routers: readonly Router[]): Map<string, string[]> {
  const taken = new Map<string, Set<string>>();
  for (const { route } of routers.flatMap(({ stack }) => stack)) {
    if (route === undefined) continue;
    const methods = taken.get(route.path) ?? new Set();
    for (const { method } of route.stack) {
      methods.add(method.toUpperCase());
      if (method === 'get') methods.add('HEAD');
    }
    taken.set(route.path, methods);
  }
  return new Map([...taken].map(([path, methods]) => [path, [...methods]]));
}
