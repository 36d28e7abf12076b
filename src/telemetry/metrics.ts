import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { sentProblemCode } from '../http/answers.ts';
import { buildEnds } from '../http/builds.ts';
import { compressionOutcomes } from '../http/compression.ts';
import { checkedSettings, storeRoles } from '../journal/store-settings.ts';
import { endedReasons, transports } from '../protocol/model.ts';
import { type ProblemCode, problems } from '../protocol/problems.ts';
import { CountedHistogram } from './counted-histogram.ts';
import { limitMetrics } from './limit-metrics.ts';
import { addProcess } from './process-metrics.ts';

/**
 * The metrics of the server, for Prometheus. Each server has its own registry, so that several servers can run in one process.
 * Label values come from closed lists: no client can create a series.
 */
export type AppendOutcome = 'appended' | 'duplicate' | 'conflict' | 'refused' | 'unknown';
export type CatchUpMode = 'replay' | 'snapshot' | 'reset';
export type FeedFormat = (typeof feedFormats)[number];

const appendOutcomes: readonly AppendOutcome[] = ['appended', 'duplicate', 'conflict', 'refused', 'unknown'];
const catchUpModes: readonly CatchUpMode[] = ['replay', 'snapshot', 'reset'];
const feedFormats = ['atom', 'json-feed', 'json-ld', 'ninjs', 'corrections-atom'] as const;
const rejectionKinds = [
  'writes',
  'requests',
  'connections',
  'exports',
  'imports',
  'uploads',
  'builds',
  // The earlier name of `builds`, until the next minor version.
  'versions',
  'messages',
  'misused',
  'unanswered',
  'handshakes',
  'headers',
  'slow',
  'idle',
  'pipelined',
  'unread',
  'share',
  'full',
  'stalled',
] as const;
/** How a page of earlier versions or of corrections shows a change. */
const changeForms = ['by-word', 'both-texts', 'alone', 'linked'] as const;
const wordDiffOutcomes = ['made', 'kept', 'forgotten'] as const;
const transferKinds = ['exports', 'imports', 'uploads'] as const;
const uploadOutcomes = ['added', 'existing', 'refused'] as const;
const buildStates = ['running', 'waiting'] as const;
const mediaAnswers = ['sent', 'unchanged', 'refused'] as const;
/** The classes of routes by which requests are timed. Requests of a class should take about as long as each other. */
export const routeClasses = ['read', 'write', 'transfer', 'feed', 'page', 'file', 'operator'] as const;
export type RouteClass = (typeof routeClasses)[number];
/** The directories whose disks the server fills. */
export const directories = ['journal', 'media'] as const;
/** The connections of a server to Redis. */
const redisConnections = ['writes', 'reads', 'lists', 'listens'] as const;
export type RedisConnection = (typeof redisConnections)[number];
const problemCodes = Object.keys(problems) as ProblemCode[];

export interface Metrics {
  connections: Gauge;
  /** Stays 0 without a limit of file descriptors. */
  connectionsMost: Gauge;
  readers: Gauge<'transport'>;
  subscriptions: Gauge;
  /** One event to a thousand readers counts a thousand. */
  eventsDelivered: Counter<'transport'>;
  /** `refused`: certainly not appended. `unknown`: perhaps appended. */
  appends: Counter<'outcome'>;
  /** Duration of appended writes, including the sync. */
  appendSeconds: Histogram;
  catchUps: Counter<'mode'>;
  /** From the request of a reader until the catch-up was written. */
  catchUpSeconds: Histogram;
  /** From the date of an event until it was written, once for each reader. */
  deliverySeconds: CountedHistogram;
  requestSeconds: Histogram<'route'>;
  redisSeconds: Histogram<'connection'>;
  journalBytes: Gauge;
  diskFreeBytes: Gauge<'directory'>;
  diskSizeBytes: Gauge<'directory'>;
  mediaUsable: Gauge;
  storeComparisonAge: Gauge;
  feedPages: Counter<'format'>;
  changesShown: Counter<'how'>;
  wordDiffs: Counter<'how'>;
  compressions: Counter<'how'>;
  frontPages: Counter<'live'>;
  preferencesPassedOver: Counter;
  securityLinesLeftOut: Counter;
  rejections: Counter<'kind'>;
  transfers: Gauge<'kind'>;
  builds: Gauge<'state'>;
  buildsEnded: Counter<'how'>;
  uploads: Counter<'outcome'>;
  mediaFiles: Counter<'answer'>;
  problems: Counter<'code'>;
  subscriptionsEnded: Counter<'reason'>;
  feeds: Gauge;
  tailEntries: Gauge;
  brandBytes: Gauge;
  storeReachable: Gauge;
  storeWritable: Gauge;
  /** Bounded by `pressbox_limit{name="revokedTokens"}`. */
  revokedTokens: Gauge;
  /** Bounded by `pressbox_limit{name="endedSessions"}`. */
  endedSessions: Gauge;
  storeUnsafe: Gauge<'setting' | 'role'>;
  storeReplicas: Gauge;
  /** One series: the server in use. */
  storeMaster: Gauge<'address' | 'run_id'>;
  storeMasterConfirmed: Gauge;
  channelsDamaged: Gauge;
  channelsLost: Gauge<'how'>;
  channelLosses: Counter<'how'>;
  /** Bounded by `pressbox_limit{name="servedChannels"}`. */
  servedChannels: Gauge;
  clockJumps: Counter<'direction'>;
  /** Erasures that were answered as pending and are not complete. */
  erasuresPending: Gauge;
  /**
   * Calls `set` before each scrape, for gauges that are cheaper to read than to keep up to date. Returns a function that ends
   * this.
   */
  beforeScrape(set: () => void): () => void;
  /** All metrics but the limits, in Prometheus' text format. */
  text(): Promise<string>;
  /** The limits of this version as metrics. */
  limitsText(): Promise<string>;
  /** All metrics as data, which can be summed with those of other processes. */
  report(): Promise<Report>;
}

/** Every metric of one process, with its values. */
export type Report = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Content type of `/metrics`. */
export const metricsType: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** `bounds`: further limits for `pressbox_limit`, by name. `group`: this process is one of several workers on a port. */
export function createMetrics(bounds: Readonly<Record<string, number>> = {}, group?: { worker: number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const limits = limitMetrics(bounds);
  const scrapes = new Set<() => void>();

  const metrics: Metrics = {
    connections: new Gauge({ name: 'pressbox_connections', help: 'Open TCP connections.', registers }),
    connectionsMost: new Gauge({
      name: 'pressbox_connections_most',
      help: 'TCP connections that the process accepts, by its limit of open files; 0 without a limit.',
      registers,
    }),
    readers: new Gauge({ name: 'pressbox_readers', help: 'Connected readers.', labelNames: ['transport'], registers }),
    subscriptions: new Gauge({ name: 'pressbox_subscriptions', help: 'Subscriptions of all readers.', registers }),
    eventsDelivered: new Counter({
      name: 'pressbox_events_delivered_total',
      help: 'Events sent, counted once for each reader.',
      labelNames: ['transport'],
      registers,
    }),
    appends: new Counter({
      name: 'pressbox_appends_total',
      help: 'Writes by outcome in the journal; refused: not written, unknown: perhaps written.',
      labelNames: ['outcome'],
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'pressbox_append_seconds',
      help: 'Time until a write was on disk.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    catchUps: new Counter({
      name: 'pressbox_catch_ups_total',
      help: 'Answers to catch-up requests.',
      labelNames: ['mode'],
      registers,
    }),
    catchUpSeconds: new Histogram({
      name: 'pressbox_catch_up_seconds',
      help: 'Time until a reader who connected was sent what they had missed.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    deliverySeconds: new CountedHistogram({
      name: 'pressbox_delivery_seconds',
      help: 'Time from the date of an event in the journal until it was written to a reader, counted once for each reader.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'pressbox_http_request_seconds',
      help: 'Time until a request was answered, without polls that wait and streams.',
      labelNames: ['route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    redisSeconds: new Histogram({
      name: 'pressbox_redis_seconds',
      help: 'Time until Redis answered a command on a connection of the server; listens: until a message came back.',
      labelNames: ['connection'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    feedPages: new Counter({
      name: 'pressbox_feed_pages_total',
      help: 'Feed pages answered, unchanged ones included.',
      labelNames: ['format'],
      registers,
    }),
    changesShown: new Counter({
      name: 'pressbox_changes_shown_total',
      help: 'Changes shown on pages of earlier versions and of corrections.',
      labelNames: ['how'],
      registers,
    }),
    wordDiffs: new Counter({
      name: 'pressbox_word_diffs_total',
      help: 'Comparisons of two versions of a post: made, taken from the cache (kept), or evicted (forgotten).',
      labelNames: ['how'],
      registers,
    }),
    compressions: new Counter({
      name: 'pressbox_compressions_total',
      help: 'Compressions of public responses: made, taken from the cache (kept), skipped under load (passed-over), or evicted (forgotten).',
      labelNames: ['how'],
      registers,
    }),
    frontPages: new Counter({
      name: 'pressbox_front_pages_total',
      help: 'Front pages made, with all live channels or only those with the latest posts.',
      labelNames: ['live'],
      registers,
    }),
    preferencesPassedOver: new Counter({
      name: 'pressbox_preferences_passed_over_total',
      help: 'Accept, Accept-Encoding and Accept-Language headers ignored because they were too long.',
      registers,
    }),
    securityLinesLeftOut: new Counter({
      name: 'pressbox_security_lines_left_out_total',
      help: 'Security log lines dropped because there were too many different ones in a minute.',
      registers,
    }),
    rejections: new Counter({
      name: 'pressbox_rate_limited_total',
      help: 'Requests refused and connections closed because of a limit.',
      labelNames: ['kind'],
      registers,
    }),
    transfers: new Gauge({
      name: 'pressbox_transfers',
      help: 'Exports, imports and uploads in progress.',
      labelNames: ['kind'],
      registers,
    }),
    builds: new Gauge({
      name: 'pressbox_builds',
      help: 'Pages, feeds and lists that are being built, or wait to be.',
      labelNames: ['state'],
      registers,
    }),
    buildsEnded: new Counter({
      name: 'pressbox_builds_ended_total',
      help: 'Builds of pages, feeds and lists; abandoned: no client waited any more, refused: too many waited.',
      labelNames: ['how'],
      registers,
    }),
    uploads: new Counter({
      name: 'pressbox_uploads_total',
      help: 'Uploads; existing: the channel had the file already.',
      labelNames: ['outcome'],
      registers,
    }),
    mediaFiles: new Counter({
      name: 'pressbox_media_files_total',
      help: 'Requests for uploaded files; unchanged: the client had the file.',
      labelNames: ['answer'],
      registers,
    }),
    problems: new Counter({
      name: 'pressbox_problems_total',
      help: 'Problem responses, over HTTP and sockets.',
      labelNames: ['code'],
      registers,
    }),
    subscriptionsEnded: new Counter({
      name: 'pressbox_subscriptions_ended_total',
      help: 'Subscriptions ended by the server.',
      labelNames: ['reason'],
      registers,
    }),
    feeds: new Gauge({ name: 'pressbox_feeds', help: 'Channel streams that are open.', registers }),
    tailEntries: new Gauge({
      name: 'pressbox_feed_tail_entries',
      help: 'Entries held in memory for readers who reconnect.',
      registers,
    }),
    brandBytes: new Gauge({
      name: 'pressbox_brand_bytes',
      help: 'Memory for the files of the brand. 0 without a brand.',
      registers,
    }),
    storeReachable: new Gauge({
      name: 'pressbox_store_reachable',
      help: '1 if the store is reachable, else 0.',
      aggregator: 'min',
      registers,
    }),
    storeWritable: new Gauge({
      name: 'pressbox_store_writable',
      help: '1 if the store accepts writes, else 0.',
      aggregator: 'min',
      registers,
    }),
    storeReplicas: new Gauge({
      name: 'pressbox_store_replicas',
      help: 'Replicas of Redis that were in sync at the last check; 0 for the embedded journal.',
      aggregator: 'min',
      registers,
    }),
    storeMaster: new Gauge({
      name: 'pressbox_store_master',
      help: '1, with address and run id of the Redis server that the server writes to; no series for the embedded journal.',
      labelNames: ['address', 'run_id'],
      aggregator: 'max',
      registers,
    }),
    storeMasterConfirmed: new Gauge({
      name: 'pressbox_store_master_confirmed',
      help: '0 if no majority of the Sentinels names that server, else 1.',
      aggregator: 'min',
      registers,
    }),
    storeComparisonAge: new Gauge({
      name: 'pressbox_store_comparison_age_seconds',
      help: 'Time since the server last compared its state with the store.',
      aggregator: 'max',
      registers,
    }),
    journalBytes: new Gauge({
      name: 'pressbox_journal_bytes',
      help: 'Size of the journal: of its files, or the memory of Redis.',
      aggregator: 'max',
      registers,
    }),
    diskFreeBytes: new Gauge({
      name: 'pressbox_disk_free_bytes',
      help: 'Free space on the disk of a directory that the server writes to.',
      labelNames: ['directory'],
      aggregator: 'min',
      registers,
    }),
    diskSizeBytes: new Gauge({
      name: 'pressbox_disk_size_bytes',
      help: 'Size of this disk. 0 if the server has no such directory.',
      labelNames: ['directory'],
      aggregator: 'min',
      registers,
    }),
    mediaUsable: new Gauge({
      name: 'pressbox_media_usable',
      help: '0 if the directory for uploads cannot be used, else 1.',
      aggregator: 'min',
      registers,
    }),
    revokedTokens: new Gauge({
      name: 'pressbox_revoked_tokens',
      help: 'Revoked tokens that have not expired yet.',
      aggregator: 'max',
      registers,
    }),
    endedSessions: new Gauge({
      name: 'pressbox_ended_sessions',
      help: 'Sessions remembered as signed out.',
      aggregator: 'max',
      registers,
    }),
    storeUnsafe: new Gauge({
      name: 'pressbox_store_unsafe_settings',
      help: 'Servers of the store whose setting endangers acknowledged writes or keeps erased texts.',
      labelNames: ['setting', 'role'],
      aggregator: 'max',
      registers,
    }),
    channelsDamaged: new Gauge({
      name: 'pressbox_channels_damaged',
      help: 'Damaged channels, which are refused until they are repaired.',
      aggregator: 'max',
      registers,
    }),
    channelsLost: new Gauge({
      name: 'pressbox_channels_lost',
      help: 'Channels that this server served and that the store lost: the whole channel (`missing`), or its newest entries (`behind`).',
      labelNames: ['how'],
      aggregator: 'max',
      registers,
    }),
    channelLosses: new Counter({
      name: 'pressbox_channel_losses_total',
      help: 'Losses that this server noticed, each channel once until it is served again.',
      labelNames: ['how'],
      registers,
    }),
    servedChannels: new Gauge({
      name: 'pressbox_served_channels',
      help: 'Channels that this server served and remembers, to notice if the store loses them.',
      aggregator: 'max',
      registers,
    }),
    clockJumps: new Counter({
      name: 'pressbox_clock_jumps_total',
      help: 'Jumps of the system clock.',
      labelNames: ['direction'],
      registers,
    }),
    erasuresPending: new Gauge({
      name: 'pressbox_erasures_pending',
      help: 'Erasures that are not complete: the store may still contain the text, or the directory of uploads a file.',
      aggregator: 'max',
      registers,
    }),
    beforeScrape(set) {
      scrapes.add(set);
      return () => void scrapes.delete(set);
    },
    text() {
      for (const set of scrapes) set();
      return registry.metrics();
    },
    limitsText: () => limits.metrics(),
    report() {
      for (const set of scrapes) set();
      return registry.getMetricsAsJSON();
    },
  };

  addProcess(registry);
  // With several processes, the primary counts the workers.
  if (group === undefined) addWorkers(registry, { serving: () => 1, wanted: 1 });
  const worker = String(group?.worker ?? 1);
  new Gauge({
    name: 'pressbox_worker_connections',
    help: 'Open TCP connections of each worker.',
    labelNames: ['worker'],
    registers,
    async collect() {
      this.set({ worker }, (await metrics.connections.get()).values[0]?.value ?? 0);
    },
  });
  // Every series exists from the start, so that an alert can tell zero from missing.
  for (const transport of transports) {
    metrics.readers.set({ transport }, 0);
    metrics.eventsDelivered.inc({ transport }, 0);
  }
  for (const outcome of appendOutcomes) metrics.appends.inc({ outcome }, 0);
  for (const mode of catchUpModes) metrics.catchUps.inc({ mode }, 0);
  for (const route of routeClasses) metrics.requestSeconds.zero({ route });
  for (const connection of redisConnections) metrics.redisSeconds.zero({ connection });
  for (const directory of directories) {
    metrics.diskFreeBytes.set({ directory }, 0);
    metrics.diskSizeBytes.set({ directory }, 0);
  }
  for (const format of feedFormats) metrics.feedPages.inc({ format }, 0);
  for (const how of changeForms) metrics.changesShown.inc({ how }, 0);
  for (const how of compressionOutcomes) metrics.compressions.inc({ how }, 0);
  for (const how of wordDiffOutcomes) metrics.wordDiffs.inc({ how }, 0);
  for (const live of ['all', 'newest']) metrics.frontPages.inc({ live }, 0);
  for (const how of ['missing', 'behind']) {
    metrics.channelsLost.set({ how }, 0);
    metrics.channelLosses.inc({ how }, 0);
  }
  for (const direction of ['ahead', 'back']) metrics.clockJumps.inc({ direction }, 0);
  for (const kind of transferKinds) metrics.transfers.set({ kind }, 0);
  for (const state of buildStates) metrics.builds.set({ state }, 0);
  for (const how of buildEnds) metrics.buildsEnded.inc({ how }, 0);
  for (const outcome of uploadOutcomes) metrics.uploads.inc({ outcome }, 0);
  for (const answer of mediaAnswers) metrics.mediaFiles.inc({ answer }, 0);
  for (const setting of checkedSettings) for (const role of storeRoles) metrics.storeUnsafe.set({ setting, role }, 0);
  for (const reason of endedReasons) metrics.subscriptionsEnded.inc({ reason }, 0);
  for (const kind of rejectionKinds) metrics.rejections.inc({ kind }, 0);
  for (const code of problemCodes) metrics.problems.inc({ code }, 0);
  return metrics;
}

/**
 * `died`: by itself or by a signal. `silent`: killed because it was unresponsive. `refused`: it could not start. `left`: on
 * request.
 */
const workerEnds = ['died', 'silent', 'refused', 'left'] as const;
export type WorkerEnd = (typeof workerEnds)[number];

/** Adds the metrics about workers, and returns the counter of their ends. */
export function addWorkers(registry: Registry, { serving, wanted }: { serving: () => number; wanted: number }): Counter<'how'> {
  const registers = [registry];
  new Gauge({
    name: 'pressbox_workers',
    help: 'Workers that serve the port.',
    registers,
    collect() {
      this.set(serving());
    },
  });
  new Gauge({ name: 'pressbox_workers_wanted', help: 'Workers that should serve the port.', registers }).set(wanted);
  const ends = new Counter({
    name: 'pressbox_worker_ends_total',
    help: 'Workers that have ended.',
    labelNames: ['how'],
    registers,
  });
  for (const how of workerEnds) ends.inc({ how }, 0);
  return ends;
}

/** Counts the problems of all routes that are mounted after it. */
export function countProblems(metrics: Metrics): RequestHandler {
  return (_request, response, next) => {
    response.once('finish', () => {
      const code = sentProblemCode(response);
      if (code !== undefined) metrics.problems.inc({ code });
    });
    next();
  };
}
