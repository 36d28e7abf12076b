import { Router } from 'express';
import { methodNotAllowed, sendJson } from '../http/answers.ts';
import { responseLimits } from '../http/http-limits.ts';
import { type Engine, JournalUnavailable, messageOf } from '../journal/engine.ts';
import { type Metrics, metricsType } from './metrics.ts';

/** The health endpoints. Mounted before rate limits and tokens, because a busy server is not a dead one. */
export interface Health {
  /** `retired`: other processes on the same port accept new connections. */
  phase: 'starting' | 'ready' | 'retired' | 'draining';
  /** Why writes fail or readers may see stale state, and since when (RFC 3339). */
  degraded?: { reason: string; since: string } | undefined;
  /** Redis settings that endanger durability, if the operator allowed them. */
  unsafe?: readonly string[] | undefined;
}

/**
 * `/healthz`: 200 while the process responds. `/readyz`: 503 while it starts or drains, otherwise 200, even while the store is
 * unreachable or accepts no writes: other servers have lost the same store, so connected readers should stay. A retired process
 * answers 200 too, because other processes serve its port. `/metrics`: the result of `metrics`.
 */
export function healthRoutes(health: () => Health, metrics: () => Promise<string>): Router {
  const routes = Router({ caseSensitive: true });
  routes.get('/healthz', (_request, response) => sendJson(response, { status: 'alive' }, { cache: 'none' }));
  routes.get('/readyz', (_request, response) => {
    const { phase, degraded, unsafe } = health();
    const warning = unsafe && unsafe.length > 0 ? { unsafe } : {};
    if (phase === 'starting' || phase === 'draining') {
      response.setHeader('Retry-After', responseLimits.startRetrySeconds);
      sendJson(response, { status: phase }, { status: 503, cache: 'none' });
    } else if (degraded !== undefined) {
      sendJson(response, { status: 'degraded', ...degraded, ...warning }, { cache: 'none' });
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
  /** Settings of the store that endanger durability, as of the last check. */
  unsafe: () => readonly string[];
}

interface Telling {
  metrics: Pick<Metrics, 'storeReachable' | 'storeWritable' | 'storeUnsafe'>;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
}

/** Keeps `health` up to date with the store, and logs changes. Returns a function that stops it. */
export function watchStore(health: Health, { engine, unsafe }: Watched, { metrics, log }: Telling): () => void {
  metrics.storeReachable.set(1);
  metrics.storeWritable.set(1);
  const lookAtSettings = () => {
    health.unsafe = unsafe();
    metrics.storeUnsafe.set(health.unsafe.length);
  };
  lookAtSettings();
  let wasReachable = true;
  const probe = setInterval(async () => {
    lookAtSettings();
    const trouble = await engine.ready().then(
      () => undefined,
      (error: unknown) => error,
    );
    const is = stateOf(trouble);
    metrics.storeReachable.set(is.reachable ? 1 : 0);
    metrics.storeWritable.set(is.reason === undefined ? 1 : 0);
    if (is.reason === health.degraded?.reason) return;
    const since = health.degraded?.since ?? new Date().toISOString();
    health.degraded = is.reason === undefined ? undefined : { reason: is.reason, since };
    if (is.reason !== undefined)
      log.error({ why: messageOf(trouble) }, is.reachable ? 'the store accepts no writes' : 'the journal is unreachable');
    else log.info({ since }, wasReachable ? 'the store accepts writes again' : 'the journal is reachable again');
    wasReachable = is.reachable;
  }, responseLimits.storeProbeMs).unref();
  return () => clearInterval(probe);
}

/** Interprets the engine's answer. `reason`: why the store is degraded. */
function stateOf(trouble: unknown): { reachable: boolean; reason?: string } {
  if (trouble === undefined) return { reachable: true };
  const refuses = trouble instanceof JournalUnavailable && (trouble.refusesToWrite || trouble.refusal !== undefined);
  if (!refuses) return { reachable: false, reason: 'The journal cannot be reached.' };
  return { reachable: true, reason: ['The journal accepts no writes.', trouble.refusal].filter(Boolean).join(' ') };
}
