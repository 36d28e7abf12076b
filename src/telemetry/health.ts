import { Router } from 'express';
import { methodNotAllowed, sendJson } from '../http/answers.ts';
import { answerLimits } from '../http/http-limits.ts';
import { type Engine, JournalUnavailable, messageOf } from '../journal/engine.ts';
import { type Metrics, metricsType } from './metrics.ts';

/** What an operator's machines ask. Mount it before rate limits and tokens: a busy server is not a dead one. */
export interface Health {
  /** `retired`: others on the same port take what comes from now on. */
  phase: 'starting' | 'ready' | 'retired' | 'draining';
  /** Why nothing can be written, or readers may be seeing old state, and since when (RFC 3339). */
  degraded?: { reason: string; since: string } | undefined;
  /** Settings of the store that durability needs and that are not as they should be, where the operator allowed it. */
  unsafe?: readonly string[] | undefined;
}

/**
 * `/healthz`: 200 while the process answers. `/readyz`: 503 while it starts or drains; 200 otherwise, also while the store is out of
 * reach or takes no writes, since readers who are connected are better kept than sent to a server that has lost it as well. A process that others on its
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
  /** Settings of the store that are not as they should be, as looked at last. */
  unsafe: () => readonly string[];
}

interface Telling {
  metrics: Pick<Metrics, 'storeReachable' | 'storeWritable' | 'storeUnsafe'>;
  log: { info(facts: object, message: string): void; error(facts: object, message: string): void };
}

/** Keeps what `health` says of the store true, with a line in the log when that changes. Returns the end of it. */
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
  }, answerLimits.storeProbeMs).unref();
  return () => clearInterval(probe);
}

/** What the engine's answer says of the store. `reason`: why it is not well. */
function stateOf(trouble: unknown): { reachable: boolean; reason?: string } {
  if (trouble === undefined) return { reachable: true };
  const refuses = trouble instanceof JournalUnavailable && (trouble.refusesToWrite || trouble.refusal !== undefined);
  if (!refuses) return { reachable: false, reason: 'The journal cannot be reached.' };
  return { reachable: true, reason: ['The journal accepts no writes.', trouble.refusal].filter(Boolean).join(' ') };
}
