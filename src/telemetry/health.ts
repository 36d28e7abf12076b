import { Router } from 'express';
import { methodNotAllowed, sendJson } from '../http/answers.ts';
import { responseLimits } from '../http/http-limits.ts';
import { type Engine, JournalRefused, JournalUnavailable, messageOf } from '../journal/engine.ts';
import type { MasterInUse, Unconfirmed } from '../journal/store-master.ts';
import { checkedSettings, storeRoles, type UnsafeSetting } from '../journal/store-settings.ts';
import { type Metrics, metricsType } from './metrics.ts';

/** The health endpoints. Mounted before rate limits and tokens, because a busy server is not a dead one. */
export interface Health {
  /** `retired`: other processes on the same port accept new connections. */
  phase: 'starting' | 'ready' | 'retired' | 'draining';
  /** Why writes fail or readers may see stale state, and since when (RFC 3339). */
  degraded?: { reason: string; since: string } | undefined;
  /** Unsafe settings of Redis and of its replicas. */
  unsafe?: readonly string[] | undefined;
  /** Nodes of the store that share no secret with this one. */
  otherSecrets?: readonly string[] | undefined;
  /** Why no majority of the Sentinels confirms the Redis server in use. */
  unconfirmedMaster?: string | undefined;
  /** Channels that this server served and that the store lost, and since when there are any (RFC 3339). */
  lost?: { missing: number; behind: number; since: string } | undefined;
  /** A restart forgets which channels were served, so that it does not notice a loss from before it. */
  remembersInMemory?: boolean | undefined;
}

/**
 * `/healthz`: 200 while the process responds. `/readyz`: 503 while it starts or drains, otherwise 200, even while the store is
 * unreachable or accepts no writes: other servers have lost the same store, so connected readers should stay. A retired process
 * answers 200 too, because other processes serve its port. `/metrics`: the result of `text`, and of `limitsText` if it asks for it.
 */
export function healthRoutes(health: () => Health, { text, limitsText }: Pick<Metrics, 'text' | 'limitsText'>): Router {
  const routes = Router({ caseSensitive: true });
  routes.get('/healthz', (_request, response) => sendJson(response, { status: 'alive' }, { cache: 'none' }));
  routes.get('/readyz', (_request, response) => {
    const { phase, unsafe, otherSecrets, unconfirmedMaster, lost, remembersInMemory, ...rest } = health();
    const degraded = rest.degraded ?? (lost?.missing ? { reason: channelsMissing, since: lost.since } : undefined);
    const warning = {
      ...(unsafe?.length && { unsafe }),
      ...(otherSecrets?.length && { otherSecrets }),
      ...(unconfirmedMaster !== undefined && { unconfirmedMaster }),
      ...(lost && { lost: { missing: lost.missing, behind: lost.behind } }),
      ...(remembersInMemory && { servedChannels: 'in memory' }),
    };
    if (phase === 'starting' || phase === 'draining') {
      response.setHeader('Retry-After', responseLimits.startRetrySeconds);
      sendJson(response, { status: phase }, { status: 503, cache: 'none' });
    } else if (degraded !== undefined) {
      sendJson(response, { status: 'degraded', ...degraded, ...warning }, { cache: 'none' });
    } else {
      sendJson(response, { status: 'ready', ...warning }, { cache: 'none' });
    }
  });
  routes.get('/metrics', async (request, response) => {
    const parts = [await text(), ...(request.query.limits === '1' ? [await limitsText()] : [])];
    sendJson(response, parts.join('\n'), { cache: 'none', type: metricsType });
  });
  routes.all(['/healthz', '/readyz', '/metrics'], methodNotAllowed('GET', 'HEAD'));
  return routes;
}

const channelsMissing = 'The store lost channels that this server served.';

interface Watched {
  engine: Pick<Engine, 'ready'>;
  /** Unsafe settings of the store, as of the last check. */
  unsafe: () => readonly UnsafeSetting[];
  /** Replicas of the store that are in sync, as of the last check. */
  replicas: () => number;
  /** Nodes of the store that share no secret with this one, as of the last heartbeat. */
  otherSecrets: () => readonly string[];
  /** The Redis server in use, or undefined for the embedded journal. */
  master: () => MasterInUse | undefined;
  /** Channels that the store lost. */
  lost: () => { missing: number; behind: number };
  /** Whether the channels that were served are remembered in memory only. */
  remembersInMemory: () => boolean;
}

/** The addresses are left out, because not everyone may see them. */
const unconfirmedReasons: Readonly<Record<Unconfirmed, string>> = {
  silent: 'Too few Sentinels answer for a majority.',
  divided: 'The Sentinels name different masters.',
  outdated: 'Most Sentinels name another master, at an earlier epoch.',
  unreachable: 'Most Sentinels name another master, which does not answer.',
  'not-master': 'Most Sentinels name another master, which is a replica.',
};

interface Telling {
  metrics: Pick<
    Metrics,
    'storeReachable' | 'storeWritable' | 'storeUnsafe' | 'storeReplicas' | 'storeMaster' | 'storeMasterConfirmed' | 'beforeScrape'
  >;
  log: Record<'info' | 'warn' | 'error', (facts: object, message: string) => void>;
}

/** Keeps `health` up to date with the store, and logs changes. Returns a function that stops it. */
export function watchStore(health: Health, watched: Watched, { metrics, log }: Telling): () => void {
  const { engine, unsafe, replicas, otherSecrets, master, lost, remembersInMemory } = watched;
  metrics.storeReachable.set(1);
  metrics.storeWritable.set(1);
  const lookAtSettings = (found: readonly UnsafeSetting[]) => {
    health.unsafe = [...new Set(found.map(({ role, line }) => (role === 'replica' ? `${line} (replica)` : line)))];
    for (const setting of checkedSettings)
      for (const role of storeRoles)
        metrics.storeUnsafe.set({ setting, role }, found.filter((one) => one.setting === setting && one.role === role).length);
  };
  lookAtSettings(unsafe());
  let inSync = replicas();
  const lookAtReplicas = () => {
    const before = inSync;
    inSync = replicas();
    metrics.storeReplicas.set(inSync);
    if (inSync < before) log.warn({ before, replicas: inSync }, 'fewer replicas are in sync');
  };
  lookAtReplicas();
  const lookAtSecrets = () => {
    const before = health.otherSecrets ?? [];
    health.otherSecrets = otherSecrets();
    if (health.otherSecrets.some((node) => !before.includes(node)))
      log.warn({ nodes: health.otherSecrets }, 'another server of the store shares no secret with this one');
    if (before.length > 0 && health.otherSecrets.length === 0)
      log.info({}, 'every server of the store shares a secret with this one again');
  };
  lookAtSecrets();
  const lookAtMaster = () => {
    const found = master();
    metrics.storeMaster.reset();
    if (found !== undefined) metrics.storeMaster.set({ address: found.address, run_id: found.runId }, 1);
    metrics.storeMasterConfirmed.set(found?.unconfirmed === undefined ? 1 : 0);
    health.unconfirmedMaster = found?.unconfirmed && unconfirmedReasons[found.unconfirmed];
  };
  lookAtMaster();
  const endScrapes = metrics.beforeScrape(lookAtMaster);
  const lookAtLosses = () => {
    const { missing, behind } = lost();
    const since = health.lost?.since ?? new Date().toISOString();
    health.lost = missing + behind > 0 ? { missing, behind, since } : undefined;
    health.remembersInMemory = remembersInMemory();
  };
  lookAtLosses();
  let wasReachable = true;
  const probe = setInterval(async () => {
    lookAtReplicas();
    lookAtSecrets();
    lookAtMaster();
    lookAtLosses();
    const trouble = await engine.ready().then(
      () => undefined,
      (error: unknown) => error,
    );
    const found = unsafe();
    lookAtSettings(found);
    const is = stateOf(trouble, found);
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
  return () => {
    clearInterval(probe);
    endScrapes();
  };
}

const notUsed = 'The journal is not used, because settings of Redis are unsafe.';

/** Whether the engine refuses the store itself, and not only for a moment. With unsafe settings that are allowed it does not. */
function isUnsafe(trouble: unknown, found: readonly UnsafeSetting[]): boolean {
  const isRefused = trouble instanceof JournalUnavailable && trouble.cause instanceof JournalRefused;
  return isRefused && found.some(({ role }) => role === 'master');
}

/** Interprets the engine's answer. `reason`: why the store is degraded. */
function stateOf(trouble: unknown, found: readonly UnsafeSetting[]): { reachable: boolean; reason?: string } {
  if (trouble === undefined) return { reachable: true };
  const refuses = trouble instanceof JournalUnavailable && (trouble.refusesToWrite || trouble.refusal !== undefined);
  if (!refuses) return { reachable: false, reason: isUnsafe(trouble, found) ? notUsed : 'The journal cannot be reached.' };
  return { reachable: true, reason: ['The journal accepts no writes.', trouble.refusal].filter(Boolean).join(' ') };
}
