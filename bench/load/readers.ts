import { emptyHistogram, type Histogram, record } from '../histogram.ts';
import { sentAtIn } from './sample-post.ts';
import { connectSocketReader, type RawReader } from './socket-reader.ts';
import { openStreamReader } from './stream-reader.ts';
import { answerCalls, monotonicMs } from './worker.ts';

/** Many readers in one process, and what they received. */
export interface ReadersRequest {
  transport: ReaderTransport;
  url: string;
  channelId: string;
  /** Overrides `channelId`: one channel for each reader. */
  channelIds?: readonly string[];
  readers: number;
  /** The cursor of a returning reader; undefined for new readers. */
  after?: string;
}

export type ReaderTransport = 'socket' | 'stream';

export interface Received {
  deliveries: number;
  /** Connections lost, or subscriptions ended by the server. */
  lost: number;
  /** CPU time of this process since the last call. */
  cpuSeconds: number;
  /** From publication to reader, of all deliveries. */
  latency: Histogram;
  /** For each post, its send time and the milliseconds until the last reader of this process had it. */
  last: [sentAt: number, ms: number][];
}

export interface Reconnected {
  readers: number;
  /** Missed events that all readers together received. */
  missed: number;
  /** From the start of all attempts to each reader's live subscription. */
  latency: Histogram;
}

/** Concurrent handshakes while readers connect gradually. */
const atOnce = 50;

const readers: RawReader[] = [];
let single: RawReader | undefined;
let lost = 0;
let cpuBefore = process.cpuUsage();
let deliveries = 0;
let latency = emptyHistogram();
let last = new Map<number, number>();

answerCalls({ connectReaders, received, reconnect, catchUp, leave });

/** Connects and subscribes readers gradually. */
async function connectReaders({ transport, url, channelId, channelIds, readers: count, after }: ReadersRequest): Promise<void> {
  let left = count;
  const connectInTurn = async () => {
    while (left > 0) {
      left -= 1;
      const reader = await connectBy(transport, url);
      await reader.subscribe(channelIds?.[left] ?? channelId, after);
      readers.push(reader);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, connectInTurn));
}

/** Returns what was received since the last call. */
function received(): Received {
  const { user, system } = process.cpuUsage(cpuBefore);
  cpuBefore = process.cpuUsage();
  const answer = { deliveries, lost, cpuSeconds: (user + system) / 1e6, latency, last: [...last] };
  deliveries = 0;
  lost = 0;
  latency = emptyHistogram();
  last = new Map();
  return answer;
}

/**
 * Connects all readers at once, as after a restart of the server, subscribes them with the cursor, and receives what they missed.
 */
async function reconnect({ transport, url, channelId, readers: count, after }: ReadersRequest): Promise<Reconnected> {
  const times = emptyHistogram();
  const began = monotonicMs();
  const back = async () => {
    const reader = await connectBy(transport, url);
    const missed = await reader.subscribe(channelId, after);
    record(times, monotonicMs() - began);
    readers.push(reader);
    return missed;
  };
  const missed = await Promise.all(Array.from({ length: count }, back));
  return { readers: count, missed: missed.reduce((sum, one) => sum + one, 0), latency: times };
}

/** One reader over an open connection: milliseconds from the request to the last missed event. */
async function catchUp({
  url,
  channelId,
  after,
}: Omit<ReadersRequest, 'readers' | 'transport'>): Promise<{ ms: number; missed: number }> {
  single ??= await connectBy('socket', url);
  const began = monotonicMs();
  const missed = await single.subscribe(channelId, after);
  return { ms: monotonicMs() - began, missed };
}

async function connectBy(transport: ReaderTransport, url: string): Promise<RawReader> {
  return transport === 'socket'
    ? await connectSocketReader({ url, onEvent, onLost })
    : openStreamReader({ url, onEvent, onLost });
}

function leave(): void {
  for (const reader of readers.splice(0)) reader.close();
}

function onEvent(frame: Buffer): void {
  const now = monotonicMs();
  const sentAt = sentAtIn(frame);
  if (sentAt === undefined) return;
  const ms = now - sentAt;
  deliveries += 1;
  record(latency, ms);
  if (ms > (last.get(sentAt) ?? 0)) last.set(sentAt, ms);
}

function onLost(): void {
  lost += 1;
}
