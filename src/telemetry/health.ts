import { Router } from 'express';
import { methodNotAllowed, sendJson } from '../edge/answers.ts';
import { answerLimits } from '../edge/limits.ts';
import { metricsType } from './metrics.ts';

/** What an operator's machines ask. Mount it before rate limits and tokens: a busy server is not a dead one. */
export interface Health {
  /** `retired`: others on the same port take what comes from now on. */
  phase: 'starting' | 'ready' | 'retired' | 'draining';
  /** Why readers may be seeing old state, while the store is out of reach. */
  degraded?: string | undefined;
  /** Settings of the store that durability needs and that are not as they should be, where the operator allowed it. */
  unsafe?: readonly string[] | undefined;
}

/**
 * `/healthz`: 200 while the process answers. `/readyz`: 503 while it starts or drains; 200 otherwise, also while the store is out of
 * reach, since readers who are connected are better kept than sent to a server that has lost it as well. A process that others on its
 * port have taken over from is no reason to pass the port over. `/metrics`: what `metrics` gives.
 */
export function healthRoutes(health: () => Health, metrics: () => Promise<string>): Router {
  const routes = Router({ caseSensitive: true });
  routes.get('/healthz', (_request, response) => sendJson(response, { status: 'alive' }, { cache: 'none' }));
  routes.get('/readyz', (_request, response) => {
    const { phase, degraded, unsafe } = health();
    const warning = unsafe && unsafe.length > 0 ? { unsafe } : {};
    if (phase === 'starting' || phase === 'draining') {
      response.setHeader('Retry-After', answerLimits.startRetrySeconds);
      sendJson(response, { status: phase }, { status: 503, cache: 'none' });
    } else if (degraded !== undefined) {
      sendJson(response, { status: 'degraded', reason: degraded, ...warning }, { cache: 'none' });
    } else {
      sendJson(response, { status: 'ready', ...warning }, { cache: 'none' });
    }
  });
  routes.get('/metrics', async (_request, response) => {
    sendJson(response, await metrics(), { cache: 'none', type: metricsType });
  });
  routes.all(['/healthz', '/readyz', '/metrics'], methodNotAllowed('GET', 'HEAD'));
  return routes;
}
