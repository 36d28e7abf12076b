import type { RequestHandler } from 'express';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { problemSent } from '../http/answers.ts';
import { compressionOutcomes } from '../http/compression.ts';
import { endedReasons, transports } from '../protocol/model.ts';
import { type ProblemCode, problems } from '../protocol/problems.ts';
import { limits } from '../protocol/wire-limits.ts';
import { cutInLines, droppedLines } from './log.ts';

/**
 * What the server counts, for Prometheus. Each server has its own registry, so that several can run in one process.
 * Labels come from closed lists: nobody outside can make a series.
 */
export type AppendOutcome = 'appended' | 'duplicate' | 'conflict' | 'refused' | 'unknown';
export type CatchUpMode = 'replay' | 'snapshot' | 'reset';
export type FeedFormat = (typeof feedFormats)[number];

const appendOutcomes: readonly AppendOutcome[] = ['appended', 'duplicate', 'conflict', 'refused', 'unknown'];
const catchUpModes: readonly CatchUpMode[] = ['replay', 'snapshot', 'reset'];
const feedFormats = ['atom', 'json-feed', 'json-ld', 'ninjs'] as const;
const rejectionKinds = [
  'writes',
  'requests',
  'connections',
  'exports',
  'imports',
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
/** How a change of a post is told on the page of its earlier versions. */
const changeForms = ['by-word', 'both-texts', 'alone'] as const;
/** How a comparison of two versions was come by: made, taken from memory; or forgotten to make room for others. */
const wordDiffOutcomes = ['made', 'kept', 'forgotten'] as const;
const transferKinds = ['exports', 'imports'] as const;
const problemCodes = Object.keys(problems) as ProblemCode[];

export interface Metrics {
  /** TCP connections open, of whatever kind. */
  connections: Gauge;
  /** That may be open, by the limit of file descriptors; set where there is one. */
  connectionsMost: Gauge;
  /** Readers connected. */
  readers: Gauge<'transport'>;
  /** Channels subscribed to, counted once a reader. */
  subscriptions: Gauge;
  /** Events handed to readers: one to a thousand readers counts a thousand. */
  eventsDelivered: Counter<'transport'>;
  /** `refused`: certainly not appended; `unknown`: it may have been. */
  appends: Counter<'outcome'>;
  /** Of what was appended: until the answer of the journal, the sync in it. */
  appendSeconds: Histogram;
  catchUps: Counter<'mode'>;
  /** Pages of feeds that were answered, unchanged ones too. */
  feedPages: Counter<'format'>;
  /** Changes of posts that were told on pages of earlier versions. */
  changesShown: Counter<'how'>;
  /** Comparisons of two versions of a post, by how they were come by. */
  wordDiffs: Counter<'how'>;
  /** Answers that were to be compressed, by how that was come by. */
  compressions: Counter<'how'>;
  /** Lists of channels on `/`, by whether all that are live stood first, or the newest of them. */
  frontPages: Counter<'live'>;
  /** Headers that tell what a client would rather have, at greater length than is listened to. */
  preferencesPassedOver: Counter;
  /** Lines of the security log that were too many in their interval. */
  securityLinesLeftOut: Counter;
  /** Requests refused for their rate; from `messages` on: connections closed on clients that asked without measure, or did not read. */
  rejections: Counter<'kind'>;
  /** Exports and imports under way. */
  transfers: Gauge<'kind'>;
  /** Problems answered, over HTTP and sockets. */
  problems: Counter<'code'>;
  /** By the server. */
  subscriptionsEnded: Counter<'reason'>;
  /** Feeds open. */
  feeds: Gauge;
  /** Changes held in the tails of all feeds. */
  tailEntries: Gauge;
  /** 1 while the store is in reach, else 0. */
  storeReachable: Gauge;
  /** 1 while the store could take a write, else 0. */
  storeWritable: Gauge;
  /** Tokens that are refused though they have not expired. Bounded by `pressbox_limit{name="revokedTokens"}`. */
  revokedTokens: Gauge;
  /** Sessions that are remembered as signed out. Bounded by `pressbox_limit{name="endedSessions"}`. */
  endedSessions: Gauge;
  /** Settings of the store that durability needs and that are not as they should be. */
  storeUnsafe: Gauge;
  /** Channels that are refused, since what the store holds of them contradicts itself. */
  channelsDamaged: Gauge;
  /** Jumps of the system clock. */
  clockJumps: Counter<'direction'>;
  /** Erasures, as of takedowns, that whoever asked was told to be pending, and that are not complete. */
  erasuresPending: Gauge;
  /** Calls the function before each scrape, to set gauges that are cheaper to read than to keep. Returns its undo. */
  beforeScrape(set: () => void): () => void;
  /** The whole in Prometheus' text format. */
  text(): Promise<string>;
  /** The whole as data, which can be summed with that of other processes. */
  report(): Promise<Report>;
}

/** Of one process: every metric with its values. */
export type Report = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What `/metrics` is sent as. */
export const metricsType: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** `bounds`: limits of the server beyond those of the wire, by name. `group`: it is one of several processes on a port. */
export function createMetrics(bounds: Readonly<Record<string, number>> = {}, group?: { worker: number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const scrapes = new Set<() => void>();

  const metrics: Metrics = {
    connections: new Gauge({ name: 'pressbox_connections', help: 'TCP connections open.', registers }),
    connectionsMost: new Gauge({
      name: 'pressbox_connections_most',
      help: 'TCP connections that may be open, by the limit of file descriptors; 0 where there is none.',
      registers,
    }),
    readers: new Gauge({ name: 'pressbox_readers', help: 'Readers connected.', labelNames: ['transport'], registers }),
    subscriptions: new Gauge({ name: 'pressbox_subscriptions', help: 'Channels subscribed to, summed over readers.', registers }),
    eventsDelivered: new Counter({
      name: 'pressbox_events_delivered_total',
      help: 'Events handed to readers, summed over readers.',
      labelNames: ['transport'],
      registers,
    }),
    appends: new Counter({
      name: 'pressbox_appends_total',
      help: 'Writes, by what the journal made of them.',
      labelNames: ['outcome'],
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'pressbox_append_seconds',
      help: 'Time until the journal had a write on disk and answered.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    catchUps: new Counter({
      name: 'pressbox_catch_ups_total',
      help: 'Answers to readers who asked what they missed.',
      labelNames: ['mode'],
      registers,
    }),
    feedPages: new Counter({
      name: 'pressbox_feed_pages_total',
      help: 'Pages of Atom and other feeds answered.',
      labelNames: ['format'],
      registers,
    }),
    changesShown: new Counter({
      name: 'pressbox_changes_shown_total',
      help: 'Changes of posts told on pages of earlier versions.',
      labelNames: ['how'],
      registers,
    }),
    wordDiffs: new Counter({
      name: 'pressbox_word_diffs_total',
      help: 'Comparisons of two versions of a post: made, taken from memory, or forgotten to make room.',
      labelNames: ['how'],
      registers,
    }),
    compressions: new Counter({
      name: 'pressbox_compressions_total',
      help: 'Public answers compressed, taken from memory, sent as they are because too many were being compressed, or forgotten to make room.',
      labelNames: ['how'],
      registers,
    }),
    frontPages: new Counter({
      name: 'pressbox_front_pages_total',
      help: 'Lists of channels made for `/`, with all live channels first or the newest of them.',
      labelNames: ['live'],
      registers,
    }),
    preferencesPassedOver: new Counter({
      name: 'pressbox_preferences_passed_over_total',
      help: 'Accept, Accept-Encoding and Accept-Language headers that were too long to be listened to.',
      registers,
    }),
    securityLinesLeftOut: new Counter({
      name: 'pressbox_security_lines_left_out_total',
      help: 'Lines of the security log that were left out, as too many different ones came in a minute.',
      registers,
    }),
    rejections: new Counter({
      name: 'pressbox_rate_limited_total',
      help: 'Requests refused for their rate, or as too many at once, and connections closed on clients that sent too much or did not read.',
      labelNames: ['kind'],
      registers,
    }),
    transfers: new Gauge({
      name: 'pressbox_transfers',
      help: 'Exports and imports under way.',
      labelNames: ['kind'],
      registers,
    }),
    problems: new Counter({ name: 'pressbox_problems_total', help: 'Problems answered.', labelNames: ['code'], registers }),
    subscriptionsEnded: new Counter({
      name: 'pressbox_subscriptions_ended_total',
      help: 'Subscriptions that the server ended.',
      labelNames: ['reason'],
      registers,
    }),
    feeds: new Gauge({ name: 'pressbox_feeds', help: 'Channels followed by this process.', registers }),
    tailEntries: new Gauge({
      name: 'pressbox_feed_tail_entries',
      help: 'Changes held in memory for readers who were briefly away.',
      registers,
    }),
    storeReachable: new Gauge({
      name: 'pressbox_store_reachable',
      help: '1 while the store is in reach, else 0.',
      aggregator: 'min',
      registers,
    }),
    storeWritable: new Gauge({
      name: 'pressbox_store_writable',
      help: '1 while the store could take a write, else 0.',
      aggregator: 'min',
      registers,
    }),
    revokedTokens: new Gauge({
      name: 'pressbox_revoked_tokens',
      help: 'Tokens that are refused though they have not expired.',
      aggregator: 'max',
      registers,
    }),
    endedSessions: new Gauge({
      name: 'pressbox_ended_sessions',
      help: 'Sessions that are remembered as signed out.',
      aggregator: 'max',
      registers,
    }),
    storeUnsafe: new Gauge({
      name: 'pressbox_store_unsafe_settings',
      help: 'Settings of the store that durability needs and that are not as they should be.',
      aggregator: 'max',
      registers,
    }),
    channelsDamaged: new Gauge({
      name: 'pressbox_channels_damaged',
      help: 'Channels that were found lately to contradict themselves in the store, and are refused.',
      aggregator: 'max',
      registers,
    }),
    clockJumps: new Counter({
      name: 'pressbox_clock_jumps_total',
      help: 'Jumps of the system clock by more than half a second, ahead or back.',
      labelNames: ['direction'],
      registers,
    }),
    erasuresPending: new Gauge({
      name: 'pressbox_erasures_pending',
      help: 'Takedowns and deletions whose text is not gone yet from everything that the store keeps.',
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
    report() {
      for (const set of scrapes) set();
      return registry.getMetricsAsJSON();
    },
  };

  addProcess(registry);
  // Of several processes the primary counts them.
  if (group === undefined) addWorkers(registry, { serving: () => 1, wanted: 1 });
  const worker = String(group?.worker ?? 1);
  new Gauge({
    name: 'pressbox_worker_connections',
    help: 'TCP connections open, by worker.',
    labelNames: ['worker'],
    registers,
    async collect() {
      this.set({ worker }, (await metrics.connections.get()).values[0]?.value ?? 0);
    },
  });
  const limit = new Gauge({
    name: 'pressbox_limit',
    help: 'Bounds of this version; the unit is in the name.',
    labelNames: ['name'],
    aggregator: 'max',
    registers,
  });
  for (const [name, value] of Object.entries({ ...limits, ...bounds })) limit.set({ name }, value);

  // A series that is there from the start can be alerted on before anything went wrong.
  for (const transport of transports) {
    metrics.readers.set({ transport }, 0);
    metrics.eventsDelivered.inc({ transport }, 0);
  }
  for (const outcome of appendOutcomes) metrics.appends.inc({ outcome }, 0);
  for (const mode of catchUpModes) metrics.catchUps.inc({ mode }, 0);
  for (const format of feedFormats) metrics.feedPages.inc({ format }, 0);
  for (const how of changeForms) metrics.changesShown.inc({ how }, 0);
  for (const how of compressionOutcomes) metrics.compressions.inc({ how }, 0);
  for (const how of wordDiffOutcomes) metrics.wordDiffs.inc({ how }, 0);
  for (const live of ['all', 'newest']) metrics.frontPages.inc({ live }, 0);
  for (const direction of ['ahead', 'back']) metrics.clockJumps.inc({ direction }, 0);
  for (const kind of transferKinds) metrics.transfers.set({ kind }, 0);
  for (const reason of endedReasons) metrics.subscriptionsEnded.inc({ reason }, 0);
  for (const kind of rejectionKinds) metrics.rejections.inc({ kind }, 0);
  for (const code of problemCodes) metrics.problems.inc({ code }, 0);
  return metrics;
}

/** What is told of each process, also of one that serves nobody. */
export function addProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'pressbox_resident_memory_bytes',
    help: 'Memory of the server, summed over its processes.',
    registers,
    collect() {
      try {
        this.set(process.memoryUsage.rss());
      } catch {
        // It stands in a file. Where no more may be open it is as it was last told.
      }
    },
  });
  new Counter({
    name: 'pressbox_log_lines_dropped_total',
    help: 'Lines of the log that were left out, as too many waited that could not be written.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLines());
    },
  });
  new Counter({
    name: 'pressbox_log_cuts_total',
    help: 'Texts, lists and the like that were cut in lines of the log, as they were too much for one.',
    registers,
    collect() {
      this.reset();
      this.inc(cutInLines());
    },
  });
}

/**
 * How a worker ended: by itself or by a signal, killed because it gave no sign any more, without being able to start, or because it was
 * asked to leave.
 */
const workerEnds = ['died', 'silent', 'refused', 'left'] as const;
export type WorkerEnd = (typeof workerEnds)[number];

/** Counts the ends of workers. */
export function addWorkers(registry: Registry, { serving, wanted }: { serving: () => number; wanted: number }): Counter<'how'> {
  const registers = [registry];
  new Gauge({
    name: 'pressbox_workers',
    help: 'Processes that serve the port.',
    registers,
    collect() {
      this.set(serving());
    },
  });
  new Gauge({ name: 'pressbox_workers_wanted', help: 'Processes that are to serve the port.', registers }).set(wanted);
  const ends = new Counter({
    name: 'pressbox_worker_ends_total',
    help: 'Processes that have ended, each of which was followed by another.',
    labelNames: ['how'],
    registers,
  });
  for (const how of workerEnds) ends.inc({ how }, 0);
  return ends;
}

/** Counts the problems that routes answer. Mount it before them. */
export function countProblems(metrics: Metrics): RequestHandler {
  return (_request, response, next) => {
    response.once('finish', () => {
      const code = problemSent(response);
      if (code !== undefined) metrics.problems.inc({ code });
    });
    next();
  };
}
