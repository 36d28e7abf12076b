import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express, Request } from 'express';
import { createIdentity } from './access/identity.ts';
import { secretPrint, secretsFor } from './access/secret.ts';
import { createSessions } from './access/sessions.ts';
import { createSignInLinks } from './access/sign-in-links.ts';
import { createTokens } from './access/tokens.ts';
import { allLimits } from './all-limits.ts';
import { createAdminApp, createApp } from './app.ts';
import { type Config, ConfigError, publicUrlOf } from './config.ts';
import { attachHttp } from './http/attached-http.ts';
import { createBuilds } from './http/builds.ts';
import { createCompression } from './http/compression.ts';
import { connectionsFor, descriptorLimit } from './http/connections.ts';
import { createSessionCookie } from './http/cookies.ts';
import { httpLimits } from './http/http-limits.ts';
import {
  awaitDisconnects,
  type CutKind,
  closeHttp,
  createHttp,
  finishResponses,
  type HttpOptions,
  listen,
  stopListening,
} from './http/http-server.ts';
import { mayConnect, originIn } from './http/origins.ts';
import { chargesItself, createRates } from './http/rates.ts';
import { hostGuard } from './http/request-headers.ts';
import { signedIn } from './http/request-identity.ts';
import { createSecurityLog } from './http/security-log.ts';
import { type Engine, JournalRefused, JournalUnavailable, type Renderer } from './journal/engine.ts';
import { lossLimits } from './journal/losses/loss-limits.ts';
import { LossWatch } from './journal/losses/loss-watch.ts';
import { type Loss, ServedChannels } from './journal/losses/served-channels.ts';
import { openServedFile } from './journal/losses/served-file.ts';
import { unsafeSettings } from './journal/redis/connection/server-settings.ts';
import { openRedis, type RedisEngine, type RedisEngineOptions } from './journal/redis/index.ts';
import { openSqlite } from './journal/sqlite/index.ts';
import type { UnsafeSetting } from './journal/store-settings.ts';
import { AdmissionControl } from './live/admission-control.ts';
import { liveLimits } from './live/live-limits.ts';
import { Readers } from './live/readers.ts';
import { openSockets } from './live/socket/sockets.ts';
import type { MediaStore } from './media/media-store.ts';
import { type Clock, type ClockParts, createClock } from './newsroom/clock.ts';
import { createImporter } from './newsroom/import.ts';
import { createNewsroom } from './newsroom/newsroom.ts';
import { newsroomLimits } from './newsroom/newsroom-limits.ts';
import { createRenderer } from './newsroom/render.ts';
import { openMedia } from './open-media.ts';
import { type Transport, transports } from './protocol/model.ts';
import { NotStarted } from './startup-errors.ts';
import { ChannelStreams } from './streams/channel-streams.ts';
import { measureAppends } from './telemetry/append-timing.ts';
import { watchEventLoop } from './telemetry/event-loop-lag.ts';
import { type Health, watchStore } from './telemetry/health.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { createMetrics, type Metrics, type RedisConnection, type Report } from './telemetry/metrics.ts';
import { watchStorage } from './telemetry/storage.ts';
import { monitoring } from './telemetry/telemetry-limits.ts';
import type { Brand } from './web/brand/brand.ts';
import { brandLimits } from './web/brand/brand-limits.ts';
import { readBrand } from './web/brand/read-brand.ts';
import { createWordDiffs } from './web/corrections/word-diffs.ts';
import { createEmbedFragments } from './web/embed-fragments.ts';
import { brandedStyles } from './web/pages/assets.ts';
import { createSharedBuilds } from './web/shared-builds.ts';

/**
 * The composition root: creates one server from its configuration and closes it. Tests start it directly, `main.ts` and `pressbox
 * serve` through `serve.ts`.
 */
export interface PressboxServer extends AsyncDisposable {
  /** The address it listens on. */
  readonly url: string;
  /** The address at which readers reach it. */
  readonly publicUrl: string;
  /** The HS256 secret that signs tokens; undefined if only a JWK set is configured. */
  readonly secret: Uint8Array | undefined;
  readonly engine: Engine;
  /** The identity of the server among the nodes that share the journal. Undefined with the embedded journal. */
  readonly node: Node | undefined;
  /** The readers on open connections: sockets, streams and polls that wait. */
  readonly readers: Readers;
  /** The element with the content of a public channel. `attributes`: as in the URL of a fragment. Throws a `Refusal`. */
  embedFragment(channelId: string, attributes?: object): Promise<string>;
  /** The metrics of the server. */
  report(): Promise<Report>;
  /**
   * Stops accepting connections. Each open connection ends with its next answer, so that clients reach other processes on the
   * port.
   */
  retire(): void;
  /**
   * Stops accepting requests, drains readers within `drainMs`, finishes requests under way and releases everything. After
   * `retire`, requests are answered until the readers have left. Safe to call twice.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

export interface ServerOptions {
  log?: Log;
  /** The system clock, in milliseconds since 1970. Without `elapsed` it is also used as the monotonic clock. */
  now?: () => number;
  /** A monotonic clock, in milliseconds. */
  elapsed?: () => number;
  random?: () => number;
  /** The store of uploads, in place of that of the configuration. */
  media?: MediaStore;
  /** The HTTP server of another program, in place of one of its own. It serves the base path there. */
  attachTo?: HttpServer;
  /**
   * Set for one of several processes that share a port, which must not be 0. Such a server listens only once it can serve,
   * because other processes may be serving already.
   */
  group?: Group;
}

export interface Group {
  /** The number of this worker, from 1. */
  readonly worker: number;
  /** The metrics of all workers, in the text format of Prometheus. */
  metrics(): Promise<string>;
}

/** The part of `RedisEngine` that concerns nodes. */
export type Node = Pick<
  RedisEngine,
  'nodeId' | 'nodeName' | 'otherSecrets' | 'master' | 'forgetNode' | 'tellServed' | 'onServed'
>;

/**
 * Resolves once the server accepts requests. Throws `JournalRefused` if the journal must not be used, and the errors of binding
 * the port.
 */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<PressboxServer> {
  const { now = Date.now, random = Math.random, log = createLog(config.logLevel), group } = options;
  // The clock for durations and timeouts. With the system clock, they would last longer whenever it is set back.
  const elapsed = options.elapsed ?? options.now ?? (() => performance.now());
  // Before anything else: a mistake in the brand stops the start, like one in the environment.
  const brand = await brandOf(config);
  const metrics = createMetrics(allLimits, group);
  metrics.brandBytes.set(brand?.bytes ?? 0);
  const health: Health = { phase: 'starting' };
  const metricsText = group?.metrics ?? metrics.text;
  const security = createSecurityLog({ log, now: elapsed, onLeftOut: () => metrics.securityLinesLeftOut.inc() });
  const compression = createCompression((how) => metrics.compressions.inc({ how }));
  const { app, mount } = createApp(config, { health, metrics, metricsText, compression, random, log, security, brand });
  const onCut = (kind: CutKind) => metrics.rejections.inc({ kind });
  // Listen before the journal is checked, which may take a while. Requests are answered 503 until then.
  const front =
    options.attachTo === undefined
      ? await openFront(app, onCut, config, { group, metrics, log })
      : attachedFront(options.attachTo, app, onCut, { config, metrics });
  const undo: (() => unknown)[] = [front.close];
  try {
    const admin =
      config.adminPort === undefined
        ? undefined
        : createHttp(createAdminApp({ health, metrics, metricsText, log }), onCut, {
            connections: { most: httpLimits.adminConnections, reserved: 0 },
          });
    const listenAdmin = async () => {
      if (admin === undefined) return;
      await listen(admin, { host: config.host, port: config.adminPort ?? 0 });
      // Closed last, so that the admin port answers as long as the server answers anything.
      undo.push(() => closeHttp(admin));
    };
    if (group === undefined) await listenAdmin();
    const { listening } = front;
    const publicUrl = publicUrlOf({ ...config, host: listening.host }, listening.port);
    const secrets = await secretsFor(config);
    const { jwksUrl, jwtIssuer, jwtAudience, jwtMaxLifetimeMinutes, sessionIdleMinutes } = config;
    // Only the first of several processes warns.
    if ((group?.worker ?? 1) === 1) {
      warnAboutSettings(config, brand, log);
      if (secrets !== undefined && secrets.length > 1)
        log.info({ accepted: secrets.length }, 'tokens of several secrets are accepted: the first one signs');
    }
    const tokens = createTokens({
      ...{ secrets, jwksUrl, issuer: jwtIssuer, audience: jwtAudience, now, elapsed },
      ...(jwtMaxLifetimeMinutes > 0 && { maxLifetimeSeconds: jwtMaxLifetimeMinutes * 60 }),
    });
    const renderer = createRenderer({ publicUrl });
    const onAnswered = (connection: RedisConnection, seconds: number) => metrics.redisSeconds.observe({ connection }, seconds);
    const secretPrints = secrets?.map(secretPrint) ?? [];
    let losses: LossWatch | undefined;
    // Until the first comparison nothing is known to be complete.
    const whyKeepFiles = async () => (losses === undefined ? 'this server is starting' : await losses.whyKeepFiles());
    const opened = await openEngine(config, {
      renderer,
      now,
      elapsed,
      log,
      onAnswered,
      secretPrints,
      whyKeepFiles,
    });
    undo.unshift(() => opened.engine.close());
    const { node, unsafe, replicas } = opened;
    const served = new ServedChannels(lossLimits.servedChannels);
    const servedFile = await openServedFile(config.dataDir, served, log);
    undo.unshift(() => servedFile.close());
    const onLoss = (how: Loss) => metrics.channelLosses.inc({ how });
    const watch = new LossWatch({ engine: opened.engine, served, peers: node, elapsed, log, onLoss });
    losses = watch;
    watch.start();
    undo.unshift(() => watch.close());
    const { engine } = watch;
    undo.unshift(engine.onErased(() => compression.erased()));
    const idleMs = sessionIdleMinutes > 0 ? sessionIdleMinutes * 60_000 : undefined;
    const sessions = createSessions({ tokens, secrets, storedKey: () => engine.sessionKey(), idleMs, now });
    const links = createSignInLinks({ secrets, store: engine, now });
    const identity = createIdentity({ tokens, sessions, links, store: engine, now });
    const cookie = createSessionCookie({ publicUrl, origins: config.origins });
    const delivered = (events: number, transport: Transport) => metrics.eventsDelivered.inc({ transport }, events);
    const uploads = await openMedia(config, { engine, renderer, now, log });
    if (uploads !== undefined) undo.unshift(() => uploads.close());
    const media = options.media ?? uploads?.store;
    const clock = watchClock({ system: now, elapsed }, { metrics, log });
    undo.unshift(clock.stop);
    const onWritten = (atMs: number, readers: number) => {
      // Other nodes date their events by their own clocks.
      const ageMs = Math.max(0, clock.now() - atMs);
      if (ageMs < monitoring.importedAgeMs) metrics.deliverySeconds.observe(ageMs / 1_000, readers);
    };
    const streams = new ChannelStreams({ engine, random, log, delivered, onWritten });
    undo.unshift(() => streams.close());
    const diffs = createWordDiffs({ engine, renderer, metrics });
    undo.unshift(() => diffs.close());
    const readers = new Readers({
      onReach: (listener) => engine.onReachability(listener),
      onStalled: () => metrics.rejections.inc({ kind: 'stalled' }),
      now: elapsed,
      log,
    });
    undo.unshift(() => readers.close());
    const admission = new AdmissionControl({ random, metrics });
    const rates = createRates(config, { now: elapsed, onRejected: (kind) => metrics.rejections.inc({ kind }) });
    const builds = createBuilds({
      charge({ address, response }, madeBytes) {
        chargesItself(response);
        rates.chargeBuild(address, madeBytes);
      },
      onChange({ running, waiting }) {
        metrics.builds.set({ state: 'running' }, running);
        metrics.builds.set({ state: 'waiting' }, waiting);
      },
      onEnded(how) {
        metrics.buildsEnded.inc({ how });
        if (how === 'refused') for (const kind of ['builds', 'versions'] as const) metrics.rejections.inc({ kind });
      },
    });
    const sharedBuilds = createSharedBuilds(builds);
    const { embedHosts } = config;
    const fragments = createEmbedFragments({ engine, streams, builds: sharedBuilds, publicUrl, embedHosts, now });
    const append = measureAppends(engine, { metrics, log });
    mount({
      publicUrl,
      engine,
      renderer,
      newsroom: createNewsroom({
        engine,
        append,
        renderer,
        media,
        ownership: jwtIssuer === undefined ? undefined : { olderPosts: config.olderPosts },
        now: clock.now,
        newId: () => newPostId(clock.now()),
      }),
      media,
      importer: (by) => createImporter({ engine, append, renderer, newId: randomUUID, media }, by),
      // While an import or an upload runs, requests have no time limit. Idle connections are closed nevertheless.
      onLongRequests: front.onLongRequests,
      streams,
      diffs,
      builds,
      sharedBuilds,
      fragments,
      readers,
      admission,
      identity,
      cookie,
      rates,
      now,
      elapsed,
    });
    const sockets = openSockets(front.upgrades, {
      streams,
      readers,
      admission,
      identity,
      signedIn: (request) => signedIn(request as Request, identity, cookie),
      rates,
      addressOf: (request) => (request as Request).ip ?? '',
      mayConnect: (request) => mayConnect(originIn(request as Request), config.origins),
      mustNameHost: hostGuard(config.publicUrl),
      basePath: config.basePath,
      now: elapsed,
      random,
      log,
      metrics,
      security,
    });
    undo.unshift(() => sockets.close());
    undo.unshift(measure(metrics, { streams, readers, engine, losses: watch, served, media }));
    const journal = config.redisUrls === undefined ? { journal: config.dataDir } : {};
    const directories = { ...journal, ...(config.mediaDir !== undefined && { media: config.mediaDir }) };
    undo.unshift(await watchStorage({ engine, media, directories }, { metrics, log }));
    undo.unshift(watchEventLoop({ log }));
    undo.unshift(
      watchStore(
        health,
        {
          engine,
          unsafe,
          replicas,
          otherSecrets: () => node?.otherSecrets ?? [],
          master: () => node?.master,
          lost: () => watch.lost,
          remembersInMemory: () => servedFile.isInMemory,
        },
        { metrics, log },
      ),
    );
    if (group !== undefined) {
      await front.listen();
      await listenAdmin();
    }
    health.phase = 'ready';
    const where = { url: publicUrl, ...(node ? { node: node.nodeName } : { dataDir: config.dataDir }) };
    log.info(where, group === undefined ? 'listening' : 'worker serves');

    const retire = () => {
      if (health.phase !== 'ready') return;
      health.phase = 'retired';
      front.retire();
      if (admin !== undefined) void stopListening(admin);
    };

    let closing: Promise<void> | undefined;
    const close = ({ drainMs = liveLimits.drainMs }: { drainMs?: number } = {}) => {
      closing ??= (async () => {
        if (health.phase !== 'retired') health.phase = 'draining';
        log.info({ readers: readers.size }, 'draining');
        await readers.drain(drainMs);
        if (health.phase === 'retired') await front.awaitDisconnects();
        // From now on no request is begun. Requests under way may still wait for the journal.
        health.phase = 'draining';
        await front.finishResponses();
        for (const step of undo) await step();
        log.info({}, 'closed');
      })();
      return closing;
    };
    const url = publicUrlOf({ ...config, host: listening.host, publicUrl: undefined }, listening.port);
    const report = metrics.report;
    return {
      url,
      publicUrl,
      secret: secrets?.[0],
      engine,
      node,
      readers,
      embedFragment: fragments.render,
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

/** What accepts the requests: an HTTP server of its own, or that of another program. */
interface Front {
  /** Where it listens. */
  readonly listening: { host: string; port: number };
  /** Emits `upgrade`. */
  readonly upgrades: Pick<EventEmitter, 'on' | 'off'>;
  listen(): Promise<void>;
  onLongRequests(count: number): void;
  retire(): void;
  awaitDisconnects(): Promise<void>;
  finishResponses(): Promise<void>;
  close(): unknown;
}

/** Opens the server's own HTTP server. A worker starts to listen only when its group says so. */
async function openFront(
  app: Express,
  onCut: (kind: CutKind) => void,
  config: Config,
  { group, metrics, log }: { group: Group | undefined; metrics: Metrics; log: Log },
): Promise<Front> {
  const { host, basePath } = config;
  const http = createHttp(app, onCut, { basePath, ...boundByDescriptors(config, { metrics, log }) });
  http.on('connection', connectionCounter(metrics));
  if (group === undefined) await listen(http, config);
  return {
    listening: { host, port: group === undefined ? (http.address() as AddressInfo).port : config.port },
    upgrades: http,
    listen: () => listen(http, config),
    onLongRequests(count) {
      http.requestTimeout = count > 0 ? 0 : httpLimits.requestMs;
    },
    retire: () => void stopListening(http),
    awaitDisconnects: () => awaitDisconnects(http),
    finishResponses: () => finishResponses(http),
    close: () => closeHttp(http),
  };
}

/** Counts an open connection until it closes. */
function connectionCounter({ connections }: Metrics): (socket: Duplex) => void {
  const onGone = () => connections.dec();
  return (socket) => {
    connections.inc();
    socket.once('close', onGone);
  };
}

/** The owner of the server decides when it listens, which time limits it has and when it closes. */
function attachedFront(
  http: HttpServer,
  app: Express,
  onCut: (kind: CutKind) => void,
  { config, metrics }: { config: Config; metrics: Metrics },
): Front {
  const address = http.address();
  const isKnown = address !== null && typeof address === 'object';
  if (!isKnown && config.publicUrl === undefined) {
    const message = 'must be set, because the HTTP server does not listen on a port yet.';
    throw new ConfigError([{ name: 'PRESSBOX_PUBLIC_URL', message }]);
  }
  const { upgrades, finishResponses, detach } = attachHttp(http, app, onCut, {
    basePath: config.basePath,
    onConnection: connectionCounter(metrics),
  });
  return {
    listening: isKnown ? { host: address.address, port: address.port } : config,
    upgrades,
    listen: async () => undefined,
    onLongRequests: () => undefined,
    retire: () => undefined,
    awaitDisconnects: async () => undefined,
    finishResponses,
    close: detach,
  };
}

/** Throws a `ConfigError` that names every mistake in the files of the brand. */
async function brandOf({ brandDir, pageSources, basePath }: Config): Promise<Brand | undefined> {
  if (brandDir === undefined) return undefined;
  const read = await readBrand(brandDir, { pageStyles: brandedStyles(), sources: pageSources, basePath });
  if (read.status === 'read') return read.brand;
  const listed = read.mistakes.slice(0, brandLimits.brandMistakesMost);
  const more = read.mistakes.length - listed.length;
  const lines = listed.map(({ file, line, message }) => {
    const place = [file, line !== undefined && `line ${line}`].filter(Boolean).join(', ');
    return { name: 'PRESSBOX_BRAND_DIR', message: place === '' ? message : `${place}: ${message}` };
  });
  throw new ConfigError([...lines, ...(more > 0 ? [{ name: 'PRESSBOX_BRAND_DIR', message: `has ${more} more mistakes.` }] : [])]);
}

/** Warns about settings that are accepted, but probably not meant. */
function warnAboutSettings({ unknownSettings, jwksUrl, jwtIssuer }: Config, brand: Brand | undefined, log: Log): void {
  for (const { name, nearest } of unknownSettings) {
    log.warn({ variable: name, ...(nearest !== undefined && { nearest }) }, 'unknown setting is ignored');
  }
  for (const found of brand?.lowContrasts ?? []) log.warn(found, 'text in the colours of the brand is hard to read');
  if (jwksUrl !== undefined && jwtIssuer === undefined) {
    log.warn({}, 'tokens of any issuer with a key in the JWK set are accepted: set PRESSBOX_JWT_ISSUER');
    log.warn({}, 'administrators of the JWK set are refused: set PRESSBOX_JWT_ISSUER');
  }
}

/** Limits connections to the available file descriptors, and warns if that is fewer than the settings allow. */
function boundByDescriptors(config: Config, { metrics, log }: { metrics: Metrics; log: Log }): HttpOptions {
  const descriptors = descriptorLimit();
  if (descriptors === undefined) return {};
  const connections = connectionsFor(descriptors);
  metrics.connectionsMost.set(connections.most);
  // One address may hold at most half of all connections.
  const settings = 2 * (config.connectionsPerAddress || liveLimits.handshakesMost);
  if (connections.most < settings) {
    const facts = { descriptors, connections: connections.most, settings };
    log.warn(facts, 'the open file limit is too low for the configured connections');
  }
  return {
    connections,
    onFull(isFull, count) {
      const facts = { connections: count, descriptors };
      if (isFull) log.error(facts, 'the open file limit is reached: new connections are refused');
      else log.info(facts, 'new connections are accepted again');
    },
  };
}

/** `unsafe`: unsafe settings of the store and of its replicas at the last check. `replicas`: how many of them were in sync. */
async function openEngine(
  { redisUrls, redisMinReplicas, allowUnsafeRedis, dataDir }: Config,
  parts: {
    renderer: Renderer;
    now: () => number;
    elapsed: () => number;
    log: Log;
    onAnswered: NonNullable<RedisEngineOptions['onAnswered']>;
    secretPrints: readonly string[];
    whyKeepFiles: () => Promise<string | undefined>;
  },
): Promise<{ engine: Engine; node?: Node; unsafe: () => UnsafeSetting[]; replicas: () => number }> {
  if (redisUrls === undefined) return { engine: await openSqlite({ dataDir, ...parts }), unsafe: () => [], replicas: () => 0 };
  const options = { urls: redisUrls, minReplicas: redisMinReplicas, allowUnsafe: allowUnsafeRedis };
  try {
    const engine = await openRedis({ ...options, ...parts });
    return { engine, node: engine, unsafe: () => unsafeSettings(engine.faults), replicas: () => engine.replicasOnline };
  } catch (error) {
    // Names the variable that the operator should check.
    if (error instanceof JournalRefused) throw new JournalRefused(`PRESSBOX_REDIS_URL: ${error.message}`);
    if (error instanceof JournalUnavailable) throw new NotStarted(`PRESSBOX_REDIS_URL: ${error.message}`);
    throw error;
  }
}

/** The clock that dates entries. Jumps of the system clock are logged and counted. `stop` ends the watch. */
function watchClock(
  clocks: Pick<ClockParts, 'system' | 'elapsed'>,
  { metrics, log }: { metrics: Metrics; log: Log },
): Clock & { stop: () => void } {
  const clock = createClock({
    ...clocks,
    onJump(byMs) {
      metrics.clockJumps.inc({ direction: byMs < 0 ? 'back' : 'ahead' });
      log.warn({ byMs }, 'the system clock jumped');
    },
    onFollow: (byMs) => log.warn({ byMs }, 'dates follow the system clock again'),
  });
  const looking = setInterval(clock.now, newsroomLimits.clockLookMs).unref();
  return { ...clock, stop: () => clearInterval(looking) };
}

interface Measured {
  streams: ChannelStreams;
  readers: Readers;
  engine: Engine;
  losses: LossWatch;
  served: ServedChannels;
  media: MediaStore | undefined;
}

function measure(metrics: Metrics, { streams, readers, engine, losses, served, media }: Measured): () => void {
  return metrics.beforeScrape(() => {
    for (const transport of transports) metrics.readers.set({ transport }, readers.count(transport));
    metrics.subscriptions.set(readers.subscriptions());
    metrics.storeComparisonAge.set(engine.comparedAgoMs / 1_000);
    metrics.revokedTokens.set(engine.revokedTokens);
    metrics.endedSessions.set(engine.endedSessions);
    metrics.erasuresPending.set(engine.pendingErasures + (media?.pendingErasures ?? 0));
    metrics.channelsDamaged.set(engine.damagedChannels);
    for (const [how, count] of Object.entries(losses.lost)) metrics.channelsLost.set({ how: how as Loss }, count);
    metrics.servedChannels.set(served.size);
    const open = [...streams];
    metrics.feeds.set(open.length);
    metrics.tailEntries.set(open.reduce((sum, { tail }) => sum + tail.size, 0));
  });
}

/**
 * A UUIDv7 (RFC 9562) of this millisecond. The random part comes from a v4 UUID, because Node draws random bytes for many of
 * those at once.
 */
function newPostId(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
