import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type RequestHandler, Router } from 'express';
import { importRoutes } from './author/import-routes.ts';
import { authorRoutes } from './author/routes.ts';
import { tokenRoutes } from './author/token-routes.ts';
import { type Config, publicUrlOf } from './config.ts';
import { createImporter } from './desk/import.ts';
import { deskLimits } from './desk/limits.ts';
import { createDesk } from './desk/publish.ts';
import { createRenderer } from './desk/render.ts';
import { handleErrors, notFound } from './edge/answers.ts';
import { createSessionCookie } from './edge/cookies.ts';
import { apiHeaders } from './edge/headers.ts';
import {
  boundPreferences,
  closeHttp,
  createHttp,
  dropWaiting,
  httpLimits,
  leaveOpen,
  listen,
  requireOneHost,
  stopListening,
} from './edge/http.ts';
import { createIdentity } from './edge/identity.ts';
import { answerLimits } from './edge/limits.ts';
import { onlyMethodsOf } from './edge/methods.ts';
import { askedBy, cors, mayConnect } from './edge/origins.ts';
import { believeProxies } from './edge/proxies.ts';
import { createRates, limitRequests } from './edge/rates.ts';
import { authenticate, signedIn } from './edge/request.ts';
import { secretFor } from './edge/secret.ts';
import { sessionRoutes } from './edge/session-routes.ts';
import { createSessions } from './edge/sessions.ts';
import { createSlots } from './edge/slots.ts';
import { createTokens } from './edge/tokens.ts';
import { openEmbedded } from './engine/embedded/index.ts';
import { type Engine, JournalRefused, JournalUnavailable, type Renderer } from './engine/engine.ts';
import { openRedis, type RedisEngine } from './engine/redis/index.ts';
import { Feeds } from './fanout/feeds.ts';
import { allLimits } from './limits.ts';
import { NotStarted } from './not-started.ts';
import { type Transport, transports } from './protocol/model.ts';
import { problem } from './protocol/problems.ts';
import { type ComeBack, createComeBack } from './reader/come-back.ts';
import { documentPaths, documentRoutes } from './reader/document-routes.ts';
import { embedRoutes } from './reader/embed-routes.ts';
import { exportRoutes } from './reader/export.ts';
import { feedRoutes } from './reader/feed-routes.ts';
import { admitReaders, Handshakes } from './reader/handshakes.ts';
import { readerLimits } from './reader/limits.ts';
import { createPageErrors, type PageErrors } from './reader/page-errors.ts';
import { assetRoutes, pageRoutes } from './reader/page-routes.ts';
import { Readers } from './reader/readers.ts';
import { readerRoutes } from './reader/routes.ts';
import { signInRoutes } from './reader/sign-in-routes.ts';
import { openSockets, refusePolling, socketPath } from './reader/sockets.ts';
import { measureAppends } from './telemetry/appends.ts';
import { type Health, healthRoutes } from './telemetry/health.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { countProblems, createMetrics, type Metrics, type Report } from './telemetry/metrics.ts';

/**
 * The composition root: one server, from its configuration to its end. Tests start this; `main.ts` and `pressbox serve` do by `serve.ts`.
 */
export interface PressboxServer extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** Where readers reach it. */
  readonly publicUrl: string;
  /** HS256 secret that its tokens are checked with; undefined where only a JWK set is. */
  readonly secret: Uint8Array | undefined;
  readonly engine: Engine;
  /** What it is among those that share its journal; undefined where nobody does. */
  readonly node: Node | undefined;
  /** All who read over something that stays open. */
  readonly readers: Readers;
  /** What it has counted. */
  report(): Promise<Report>;
  /** Takes no more connections, and leads those that are open to the others on its port: each ends with its next answer. */
  retire(): void;
  /**
   * Takes no more, asks readers to leave within a time, finishes what was begun, and lets everything go. After `retire` requests are
   * answered until the readers have left. Safe to call twice.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

export interface ServerOptions {
  log?: Log;
  /** Milliseconds since 1970. */
  now?: () => number;
  random?: () => number;
  /** Of one among several processes on a port, which is not 0: it listens once it can serve, since others may do so already. */
  group?: Group;
}

export interface Group {
  /** Its number among them, from 1. */
  readonly worker: number;
  /** What all have counted, in Prometheus' text format. */
  metrics(): Promise<string>;
}

/** As `RedisEngine` has it. */
export type Node = Pick<RedisEngine, 'nodeId' | 'forgetNode'>;

/** Resolves once it serves. Throws `JournalRefused` where the journal must not be used, and whatever the port says. */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<PressboxServer> {
  const { now = Date.now, random = Math.random, log = createLog(config.logLevel), group } = options;
  // For what is a while ago or due in one: a clock that is put back would have it wait for as long.
  const elapsed = options.now ?? (() => performance.now());
  const metrics = createMetrics(allLimits, group);
  const health: Health = { phase: 'starting' };
  const app = createApp(config);
  const pageErrors = createPageErrors({ log });
  const comeBack = createComeBack({ random });
  // Before anything may be refused: each answer has the headers, and a page elsewhere can read when to come back.
  app.use(
    apiHeaders(),
    countProblems(metrics),
    boundPreferences(() => metrics.preferencesPassedOver.inc()),
    requireOneHost(),
  );
  app.use(['/v1', socketPath, ...documentPaths, '/oembed'], cors(config.origins));
  app.use(
    leadAway(health),
    healthRoutes(() => health, group?.metrics ?? metrics.text),
  );
  app.use(whileServing(health, comeBack, pageErrors));
  // Also while there is nothing behind it yet: Express would answer with a trace.
  app.use(pageErrors.handler, handleErrors(log));

  const http = createHttp(app, (kind) => metrics.rejections.inc({ kind }));
  const onGone = () => metrics.connections.dec();
  http.on('connection', (socket) => {
    metrics.connections.inc();
    socket.on('close', onGone);
  });
  // Before the journal is checked, which takes its time: whoever asks meanwhile is told to wait.
  if (group === undefined) await listen(http, config);
  const undo: (() => unknown)[] = [() => closeHttp(http)];
  try {
    const { port } = group === undefined ? (http.address() as AddressInfo) : config;
    const publicUrl = publicUrlOf(config, port);
    const secret = await secretFor(config);
    const tokens = createTokens({ ...(secret && { secret }), ...(config.jwksUrl && { jwksUrl: config.jwksUrl }), now, elapsed });
    const renderer = createRenderer({ publicUrl });
    const { engine, node, unsafe } = await openEngine(config, { renderer, now, log });
    undo.unshift(() => engine.close());
    undo.unshift(engine.onErased(() => dropWaiting(http)));
    const sessions = createSessions({ tokens, secret, now });
    const identity = createIdentity({ tokens, sessions, revocations: engine, now });
    const cookie = createSessionCookie({ publicUrl, origins: config.origins });
    const delivered = (events: number, transport: Transport) => metrics.eventsDelivered.inc({ transport }, events);
    const feeds = new Feeds({ engine, random, log, delivered });
    undo.unshift(() => feeds.close());
    const readers = new Readers({
      onReach: (listener) => engine.onReach(listener),
      onStalled: () => metrics.rejections.inc({ kind: 'stalled' }),
      now: elapsed,
      log,
    });
    undo.unshift(() => readers.close());
    const handshakes = new Handshakes({ random, metrics });
    const rates = createRates(config, { onRejected: (kind) => metrics.rejections.inc({ kind }) });
    const append = measureAppends(engine, { metrics, log });
    const desk = createDesk({ engine, append, renderer, now, newId: () => newPostId(Date.now()) });

    const limit = limitRequests(rates);
    const reading = readerRoutes({
      engine,
      feeds,
      readers,
      handshakes,
      identity,
      renderer,
      rates,
      now: elapsed,
      random,
      log,
      metrics,
    });
    const slotsFor = (kind: 'exports' | 'imports', most: number) =>
      createSlots(most, {
        onRejected: () => metrics.rejections.inc({ kind }),
        onTaken: (count) => {
          metrics.transfers.set({ kind }, count);
          // An import may take as long as it needs; a connection on which nothing moves is closed all the same.
          if (kind === 'imports') http.requestTimeout = count > 0 ? 0 : httpLimits.requestMs;
        },
      });
    const exporting = exportRoutes({ engine, feeds, identity, slots: slotsFor('exports', readerLimits.exportsMost), log });
    const feeding = feedRoutes({ engine, feeds, publicUrl, metrics });
    const writing = authorRoutes({ desk, renderer, rates, now, log });
    const importing = importRoutes({
      importer: (by) => createImporter({ engine, append, renderer, newId: randomUUID }, by),
      identity,
      rates,
      slots: slotsFor('imports', deskLimits.importsMost),
      log,
    });
    const revoking = tokenRoutes({ revocations: engine, rates, log });
    const api = [writing, reading, feeding, exporting, importing, revoking, sessionRoutes({ identity, cookie })];
    // One router, so that its prefix is looked for once, ahead of what is asked for less often.
    const v1 = Router({ caseSensitive: true });
    v1.use(limit, admitReaders(handshakes), authenticate(identity, cookie), onlyMethodsOf(...api), notFound(), comeBack.handler);
    app.use(warnOfForwarded(config, log));
    app.use('/v1', v1);
    app.use(onlyMethodsOf(assetRoutes()), limit);
    app.use(socketPath, refusePolling());
    const documents = documentRoutes({ publicUrl });
    app.use(onlyMethodsOf(documents));
    const signingIn = signInRoutes({ identity, cookie });
    const pages = pageRoutes({ engine, feeds, identity, cookie, publicUrl, now, metrics });
    app.use(onlyMethodsOf(signingIn, pages, embedRoutes({ engine, feeds, publicUrl })), pageErrors.notFound);
    app.use(pageErrors.handler, handleErrors(log));

    const sockets = openSockets(http, {
      feeds,
      readers,
      handshakes,
      identity,
      signedIn: (request) => signedIn(request as Request, identity, cookie),
      rates,
      addressOf: (request) => (request as Request).ip ?? '',
      mayConnect: (request) => mayConnect(askedBy(request as Request), config.origins),
      now: elapsed,
      random,
      log,
      metrics,
    });
    undo.unshift(() => sockets.close());
    undo.unshift(measure(metrics, feeds, readers, engine));
    undo.unshift(watchStore({ engine, unsafe }, health, metrics, log));
    if (group !== undefined) await listen(http, config);
    health.phase = 'ready';
    const where = { url: publicUrl, ...(config.redisUrls ? {} : { dataDir: config.dataDir }) };
    log.info(where, group === undefined ? 'listening' : 'worker serves');

    const retire = () => {
      if (health.phase !== 'ready') return;
      health.phase = 'retired';
      void stopListening(http);
    };

    let closing: Promise<void> | undefined;
    const close = ({ drainMs = readerLimits.drainMs }: { drainMs?: number } = {}) => {
      closing ??= (async () => {
        if (health.phase !== 'retired') health.phase = 'draining';
        log.info({ readers: readers.size }, 'draining');
        await readers.drain(drainMs);
        if (health.phase === 'retired') await leaveOpen(http);
        for (const step of undo) await step();
        log.info({}, 'closed');
      })();
      return closing;
    };
    const url = publicUrlOf({ ...config, publicUrl: undefined }, port);
    const report = metrics.report;
    return {
      url,
      publicUrl,
      secret,
      engine,
      node,
      readers,
      report,
      retire,
      close,
      [Symbol.asyncDispose]: () => close({ drainMs: 0 }),
    };
  } catch (error) {
    for (const step of undo) await step();
    throw error;
  }
}

/** `unsafe`: settings of the store that are not as they should be, where that is allowed, as looked at last. */
async function openEngine(
  { redisUrls, redisMinReplicas, allowUnsafeRedis, dataDir }: Config,
  parts: { renderer: Renderer; now: () => number; log: Log },
): Promise<{ engine: Engine; node?: Node; unsafe: () => string[] }> {
  if (redisUrls === undefined) return { engine: await openEmbedded({ dataDir, ...parts }), unsafe: () => [] };
  const options = { urls: redisUrls, minReplicas: redisMinReplicas, allowUnsafe: allowUnsafeRedis };
  try {
    const engine = await openRedis({ ...options, ...parts });
    return { engine, node: engine, unsafe: () => engine.faults.map(({ line }) => line) };
  } catch (error) {
    // Whoever starts the server is told which variable to look at.
    if (error instanceof JournalRefused) throw new JournalRefused(`PRESSBOX_REDIS_URL: ${error.message}`);
    if (error instanceof JournalUnavailable) throw new NotStarted(`PRESSBOX_REDIS_URL: ${error.message}`);
    throw error;
  }
}

function createApp({ trustProxy }: Config): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  believeProxies(app, trustProxy);
  app.set('query parser', 'simple');
  return app;
}

/** A connection that may not stay ends with its next answer, so that whoever asks again reaches another process or server. */
function leadAway(health: Health): RequestHandler {
  return (_req, res, next) => {
    if (health.phase !== 'ready') res.set('Connection', 'close');
    next();
  };
}

/** Until the journal is open, and once the server is going away, nothing but the health is answered. */
function whileServing(health: Health, comeBack: ComeBack, pageErrors: PageErrors): RequestHandler {
  return (req, res, next) => {
    if (health.phase === 'ready' || health.phase === 'retired') return next();
    const detail = health.phase === 'starting' ? { detail: 'The server is starting.' } : {};
    const said = problem('draining', { ...detail, retryAfter: answerLimits.startRetrySeconds });
    if (!comeBack.tell(req, res, said)) pageErrors.tell(req, res, said);
  };
}

/** Behind a proxy that is not trusted all readers would share one address, and one rate: said once, to whoever reads the log. */
function warnOfForwarded({ trustProxy }: Config, log: Log): RequestHandler {
  let warned = trustProxy !== false;
  return (req, _res, next) => {
    if (!warned && (req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined)) {
      warned = true;
      log.warn({}, 'a forwarded header came in and is not believed: behind a proxy, set PRESSBOX_TRUST_PROXY');
    }
    next();
  };
}

function measure(metrics: Metrics, feeds: Feeds, readers: Readers, engine: Engine): () => void {
  return metrics.beforeScrape(() => {
    for (const transport of transports) metrics.readers.set({ transport }, readers.count(transport));
    metrics.subscriptions.set(readers.subscriptions());
    metrics.revokedTokens.set(engine.revokedTokens);
    metrics.erasuresPending.set(engine.pendingErasures);
    const open = [...feeds];
    metrics.feeds.set(open.length);
    metrics.tailEntries.set(open.reduce((sum, { tail }) => sum + tail.size, 0));
  });
}

/** A UUIDv7 (RFC 9562) of this millisecond. Its random part is that of a v4, which Node draws many at a time. */
function newPostId(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

interface Watched {
  engine: Engine;
  unsafe: () => string[];
}

/** Keeps what `health` says of the store true, with a line in the log when it comes out of reach, or back. */
function watchStore({ engine, unsafe }: Watched, health: Health, metrics: Metrics, log: Log): () => void {
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
    else log.error({ why: trouble instanceof Error ? trouble.message : String(trouble) }, 'the journal is out of reach');
  }, answerLimits.storeProbeMs).unref();
  return () => clearInterval(probe);
}
