import { emptyHistogram, type Histogram, record } from '../../../bench/histogram.ts';
import { answerCalls } from '../../../bench/load/worker.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { openLeanReader } from './lean-reader.ts';

/** Many readers in a process of their own, and what they noticed. */
export interface CrowdRequest {
  url: string;
  channelId: string;
  readers: number;
  /** `lean`: readers who do little else than count, so that thousands fit into a test. */
  with: 'client library' | 'lean reader';
}

export interface CrowdReport {
  /** Changes that a reader did not get, and those that a reader got twice. */
  gaps: number;
  doubled: number;
  /** Readers who had to begin afresh, or stopped. */
  resets: number;
  ended: number;
  /** Milliseconds for which each reader was not live, since all of them were. */
  awayMs: Histogram;
}

interface Reader {
  close(): void;
  /** Everything up to here was received. */
  offset: number | undefined;
  awaySince: number | undefined;
  awayMs: number;
}

/** Readers who connect at the same time. */
const atOnce = 50;

const readers: Reader[] = [];
const found = { gaps: 0, doubled: 0, resets: 0, ended: 0 };

answerCalls({ open, reached, report, close });

/** Resolves once all readers are live. */
async function open({ readers: count, ...request }: CrowdRequest): Promise<void> {
  let left = count;
  const inTurn = async () => {
    while (left > 0) {
      left -= 1;
      await openOne(request);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, inTurn));
  for (const reader of readers) reader.awayMs = 0;
}

/** Resolves once the reader is live. */
function openOne({ url, channelId, with: kind }: Omit<CrowdRequest, 'readers'>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const reader: Reader = { close() {}, offset: undefined, awaySince: performance.now(), awayMs: 0 };
  readers.push(reader);
  const onEvent = ({ from, offset }: { from: number; offset: number }) => {
    if (reader.offset !== undefined && from > reader.offset + 1) found.gaps += 1;
    if (reader.offset !== undefined && from <= reader.offset) found.doubled += 1;
    reader.offset = offset;
  };
  const onLive = (isLive: boolean) => {
    if (!isLive) {
      reader.awaySince ??= performance.now();
      return;
    }
    reader.awayMs += reader.awaySince === undefined ? 0 : performance.now() - reader.awaySince;
    reader.awaySince = undefined;
    resolve();
  };
  if (kind === 'lean reader') {
    const onStart = (offset: number) => {
      if (reader.offset !== undefined) found.resets += 1;
      reader.offset = offset;
    };
    reader.close = openLeanReader({ url, channelId, onStart, onEvent, onLive }).close;
    return promise;
  }
  const client = new ReaderClient({ url, channelId, limit: 1 });
  reader.close = () => client.close();
  client.on('timeline', ({ offset }) => {
    reader.offset ??= offset;
  });
  client.on('event', onEvent);
  client.on('reset', () => {
    found.resets += 1;
    reader.offset = undefined;
  });
  client.on('state', ({ status }) => {
    if (status === 'ended') found.ended += 1;
    onLive(status === 'live');
  });
  client.open();
  return promise;
}

/** The number of readers who are live and have everything up to `offset`. */
function reached({ offset }: { offset: number }): number {
  return readers.filter((reader) => reader.awaySince === undefined && (reader.offset ?? 0) >= offset).length;
}

function report(): CrowdReport {
  const awayMs = emptyHistogram();
  for (const reader of readers) record(awayMs, reader.awayMs);
  return { ...found, awayMs };
}

function close(): void {
  for (const reader of readers.splice(0)) reader.close();
}
