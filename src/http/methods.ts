import { type RequestHandler, Router } from 'express';
import { methodNotAllowed } from './answers.ts';

/**
 * These routers, and for every path of theirs: other methods than theirs are refused with what is taken in `Allow`, and OPTIONS is told
 * it. That before them, as Express would end an OPTIONS at the first router that knows the path, telling of that one's methods alone.
 * Nothing is looked up, so that a path of the desk answers like one of nothing.
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

/** What the paths of routers take, in capitals. HEAD goes where GET goes. */
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
