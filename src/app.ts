import express, { type Express, type RequestHandler, Router } from 'express';
import type { Identity } from './access/identity.ts';
import { exportRoutes } from './api/export-routes.ts';
import { importRoutes } from './api/import-routes.ts';
import { mediaTransferRoutes } from './api/media-transfer-routes.ts';
import { readerRoutes } from './api/read-routes.ts';
import { serverJournalRoutes } from './api/server-journal-routes.ts';
import { linkRoutes, sessionRoutes } from './api/session-routes.ts';
import { tokenRoutes } from './api/token-routes.ts';
import { uploadRoutes } from './api/upload-routes.ts';
import { writeRoutes } from './api/write-routes.ts';
import type { Config } from './config.ts';
import { handleErrors, notFound } from './http/answers.ts';
import type { Builds } from './http/builds.ts';
import type { Compression } from './http/compression.ts';
import { createSlots } from './http/concurrency-slots.ts';
import { guardReserve, isReserved } from './http/connections.ts';
import type { SessionCookie } from './http/cookies.ts';
import { repeatErased } from './http/erased-answers.ts';
import { apiHeaders, reportViolationsTo } from './http/headers.ts';
import { responseLimits } from './http/http-limits.ts';
import { onlyMethodsOf } from './http/methods.ts';
import { cors } from './http/origins.ts';
import { limitRequests, type Rates } from './http/rates.ts';
import { boundPreferences, hostGuard, rejectAmbiguousRequests } from './http/request-headers.ts';
import { authenticate, checkNamedOwner } from './http/request-identity.ts';
import { attachSecurityLog, type SecurityLog } from './http/security-log.ts';
import { securityTxtRoutes } from './http/security-txt.ts';
import { trustProxies, warnAboutForwardedHeaders } from './http/trusted-proxies.ts';
import type { Engine, Renderer } from './journal/engine.ts';
import { type AdmissionControl, admitReaders } from './live/admission-control.ts';
import { liveLimits } from './live/live-limits.ts';
import type { Readers } from './live/readers.ts';
import { refusePolling, socketPath } from './live/socket/sockets.ts';
import { createSseRetry, type SseRetry } from './live/sse-retry.ts';
import type { MediaStore } from './media/media-store.ts';
import type { Importer } from './newsroom/import.ts';
import type { Newsroom } from './newsroom/newsroom.ts';
import { newsroomLimits } from './newsroom/newsroom-limits.ts';
import { missing, problem } from './protocol/problems.ts';
import type { ChannelStreams } from './streams/channel-streams.ts';
import { type Health, healthRoutes } from './telemetry/health.ts';
import type { Log } from './telemetry/log.ts';
import { countProblems, type Metrics } from './telemetry/metrics.ts';
import { timeRequests } from './telemetry/request-timing.ts';
import { assetRoutes } from './web/asset-routes.ts';
import type { Brand } from './web/brand/brand.ts';
import { brandRoutes } from './web/brand-routes.ts';
import type { WordDiffs } from './web/corrections/word-diffs.ts';
import { deskRoutes } from './web/desk-routes.ts';
import { documentPaths, documentRoutes } from './web/document-routes.ts';
import type { EmbedFragments } from './web/embed-fragments.ts';
import { embedRoutes } from './web/embed-routes.ts';
import { feedRoutes } from './web/feed-routes.ts';
import { type MediaAnswer, mediaRoutes } from './web/media-routes.ts';
import { createPageErrors, type PageErrors } from './web/page-errors.ts';
import { pageRoutes } from './web/page-routes.ts';
import type { SharedBuilds } from './web/shared-builds.ts';
import { signInRoutes } from './web/sign-in-routes.ts';

/** Everything that is answered over HTTP, in the order in which a request meets it. */
export interface App {
  readonly app: Express;
  /** Adds the routes that need the journal, once it is open. Until then requests are answered 503. */
  mount(parts: Parts): void;
}

export interface AppContext {
  security: SecurityLog;
  health: Health;
  metrics: Metrics;
  /** The answer of `/metrics`. */
  metricsText(): Promise<string>;
  compression: Compression;
  random: () => number;
  log: Log;
  brand: Brand | undefined;
}

/** What the routes need. */
export interface Parts {
  publicUrl: string;
  engine: Engine;
  renderer: Renderer;
  newsroom: Newsroom;
  /** The store of uploads. Undefined: this server takes none. */
  media: MediaStore | undefined;
  /** Creates the importer of one import. */
  importer(by: string): Importer;
  /** Called with the number of imports and uploads under way. */
  onLongRequests(count: number): void;
  streams: ChannelStreams;
  diffs: WordDiffs;
  builds: Builds;
  sharedBuilds: SharedBuilds;
  fragments: EmbedFragments;
  readers: Readers;
  admission: AdmissionControl;
  identity: Identity;
  cookie: SessionCookie;
  rates: Rates;
  /** Milliseconds since 1970. */
  now: () => number;
  /** A monotonic clock, in milliseconds. */
  elapsed: () => number;
}

export function createApp(config: Config, context: AppContext): App {
  const { health, metrics, metricsText, compression, random, log, security, brand } = context;
  const app = express();
  attachSecurityLog(app, security);
  reportViolationsTo(app, config.reportUrl);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  trustProxies(app, config.trustProxy);
  app.set('query parser', 'simple');

  const pageErrors = createPageErrors({ brand, basePath: config.basePath, log });
  const comeBack = createSseRetry({ random });
  // Mounted before anything can refuse a request, so that every answer has the headers, and a page of another origin can read
  // `Retry-After`.
  app.use(
    apiHeaders(),
    countProblems(metrics),
    timeRequests(metrics),
    boundPreferences(() => metrics.preferencesPassedOver.inc()),
    rejectAmbiguousRequests(),
    compression.handler,
  );
  app.use(['/v1', socketPath, ...documentPaths, '/oembed'], cors(config.origins));
  app.use(leadAway(health));
  if (config.adminPort === undefined) app.use(healthRoutes(() => health, { text: metricsText, limitsText: metrics.limitsText }));
  const mustNameHost = hostGuard(config.publicUrl);
  app.use(
    guardReserve(() => metrics.rejections.inc({ kind: 'full' })),
    (request, _response, next) => {
      mustNameHost(request);
      next();
    },
  );
  app.use(whileServing(health, comeBack, pageErrors));
  // Needed before the routes are mounted, too: without it Express would answer with a stack trace.
  app.use(pageErrors.handler, handleErrors(log));

  return {
    app,
    mount(parts) {
      const { publicUrl, engine, streams, media, diffs, builds, sharedBuilds, fragments } = parts;
      const { admission, identity, cookie, rates, now } = parts;
      const limit = limitRequests(rates);
      const { sessionIdleMinutes, basePath } = config;
      const idleSeconds = sessionIdleMinutes > 0 ? sessionIdleMinutes * 60 : undefined;
      const api = apiRoutes(parts, idleSeconds, { metrics, random, log, brand });
      // One router for all of `/v1`, so that the prefix is matched once. It comes before routes that are requested less often.
      const v1 = Router({ caseSensitive: true });
      const links = linkRoutes({ identity, cookie, idleSeconds });
      v1.use(limit, admitReaders(admission), links, authenticate(identity, cookie), checkNamedOwner());
      v1.use(routesOf(...api), notFound(), comeBack.handler);
      app.use(warnAboutForwardedHeaders(config.trustProxy, log));
      app.use('/v1', v1);
      app.use(routesOf(assetRoutes(), brandRoutes(brand)), limit);
      app.use(socketPath, refusePolling());
      app.use(routesOf(documentRoutes({ publicUrl, basePath, brand }), deskRoutes({ basePath, brand })));
      const onAnswered = (answer: MediaAnswer) => metrics.mediaFiles.inc({ answer });
      app.use(routesOf(mediaRoutes({ engine, streams, media, identity, cookie, onAnswered })));
      app.use(routesOf(securityTxtRoutes({ contact: config.securityContact, publicUrl, now })));
      const signingIn = signInRoutes({ identity, cookie, publicUrl, basePath, brand });
      const reading = { engine, streams, identity, cookie, publicUrl, basePath, hasIdleLimit: idleSeconds !== undefined };
      const { embedHosts } = config;
      const pages = pageRoutes({
        ...reading,
        diffs,
        builds,
        sharedBuilds,
        now,
        metrics,
        brand,
        sources: config.pageSources,
        embedHosts,
      });
      const embeds = embedRoutes({ engine, streams, publicUrl, brand, embedHosts, fragments });
      app.use(routesOf(signingIn, pages, embeds), pageErrors.notFound);
      app.use(pageErrors.handler, handleErrors(log));
    },
  };
}

function routesOf(...routers: Router[]): Router {
  return repeatErased(...onlyMethodsOf(...routers));
}

/** The health and metrics routes, if they have a port of their own. */
export function createAdminApp({
  health,
  metrics,
  metricsText,
  log,
}: Pick<AppContext, 'health' | 'metrics' | 'metricsText' | 'log'>): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  trustProxies(app, false);
  app.use(
    apiHeaders(),
    countProblems(metrics),
    timeRequests(metrics),
    rejectAmbiguousRequests(),
    leadAway(health),
    healthRoutes(() => health, { text: metricsText, limitsText: metrics.limitsText }),
    notFound(missing.adminPath),
    handleErrors(log),
  );
  return app;
}

/** The routes below `/v1`. */
function apiRoutes(
  parts: Parts,
  idleSeconds: number | undefined,
  { metrics, random, log, brand }: Pick<AppContext, 'metrics' | 'random' | 'log' | 'brand'>,
): Router[] {
  const {
    publicUrl,
    engine,
    renderer,
    newsroom,
    media,
    importer,
    onLongRequests,
    streams,
    builds,
    sharedBuilds,
    identity,
    cookie,
    rates,
    now,
    elapsed,
  } = parts;
  const { readers, admission } = parts;
  const underWay = { exports: 0, imports: 0, uploads: 0 };
  const slotsFor = (kind: keyof typeof underWay, most: number, options: { mostOfAuthor?: number } = {}) =>
    createSlots(most, {
      ...options,
      onRejected: () => metrics.rejections.inc({ kind }),
      onTaken: (count) => {
        metrics.transfers.set({ kind }, count);
        underWay[kind] = count;
        onLongRequests(underWay.imports + underWay.uploads);
      },
    });
  const uploads = {
    ...{ engine, media, publicUrl, rates, log },
    slots: slotsFor('uploads', newsroomLimits.uploadsMost, { mostOfAuthor: newsroomLimits.uploadsOfAuthor }),
    onStalled: () => metrics.rejections.inc({ kind: 'stalled' }),
  };
  return [
    writeRoutes({ newsroom, renderer, publicUrl, rates, now, log }),
    uploadRoutes({ ...uploads, onUpload: (outcome) => metrics.uploads.inc({ outcome }) }),
    mediaTransferRoutes({ ...uploads, streams, renderer }),
    readerRoutes({
      engine,
      streams,
      builds,
      readers,
      admission,
      identity,
      renderer,
      rates,
      now: elapsed,
      random,
      log,
      metrics,
    }),
    feedRoutes({ engine, streams, builds: sharedBuilds, publicUrl, metrics, brand }),
    exportRoutes({ engine, streams, identity, slots: slotsFor('exports', liveLimits.exportsMost), log }),
    importRoutes({
      importer,
      publicUrl,
      identity,
      rates,
      slots: slotsFor('imports', newsroomLimits.importsMost),
      log,
    }),
    tokenRoutes({ revocations: engine, rates, log }),
    serverJournalRoutes({ engine, now }),
    sessionRoutes({ identity, cookie, idleSeconds }),
  ];
}

/**
 * Closes a connection after its next answer while the server starts or drains, so that the client reaches another process or
 * server. Also closes reserved connections, which serve one request each.
 */
function leadAway(health: Health): RequestHandler {
  return (req, res, next) => {
    if (health.phase !== 'ready' || isReserved(req.socket)) res.set('Connection', 'close');
    next();
  };
}

/** While the server starts or drains, only the health routes answer; everything else is 503. */
function whileServing(health: Health, comeBack: SseRetry, pageErrors: PageErrors): RequestHandler {
  return (req, res, next) => {
    if (health.phase === 'ready' || health.phase === 'retired') return next();
    const refusal = problem(health.phase, { retryAfter: responseLimits.startRetrySeconds });
    if (!comeBack.send(req, res, refusal)) pageErrors.tell(req, res, refusal);
  };
}
