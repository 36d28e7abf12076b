import { Router } from 'express';
import { methodNotAllowed, sendJson } from '../edge/answers.ts';
import { answerLimits } from '../edge/limits.ts';
import { type Engine, messageOf } from '../engine/engine.ts';
import { type Metrics, metricsType } from './metrics.ts';

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

interface Watched {
  engine: Pick<Engine, 'ready'>;
  /** Settings of the store that are not as they should be, as looked at last. */
  unsafe: () => readonly string[];
}

interface Telling {
  metrics: Pick<Metrics, 'storeReachable' | 'storeUnsafe'>;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
}

/** Keeps what `health` says of the store true, with a line in the log when it comes out of reach, or back. Returns the end of it. */
export function watchStore(health: Health, { engine, unsafe }: Watched, { metrics, log }: Telling): () => void {
  metrics.storeReachable.set(1);
  const lookAtSettings = () => {
    health.unsafe = unsafe();
    metrics.storeUnsafe.set(health.unsafe.length);
  };
  lookAtSettings();
  const probe = setInterval(async () => {
    lookAtSettings();
    const trouble = await engine.ready().then(
      () => undefined,
      (error: unknown) => error,
    );
    const reason = trouble === undefined ? undefined : 'The journal cannot be reached.';
    if (reason === health.degraded) return;
    metrics.storeReachable.set(reason === undefined ? 1 : 0);
    health.degraded = reason;
    if (reason === undefined) log.info({}, 'the journal is in reach again');
    else log.error({ why: messageOf(trouble) }, 'the journal is out of reach');
  }, answerLimits.storeProbeMs).unref();
  return () => clearInterval(probe);
}
