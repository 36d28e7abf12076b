import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { monitoring } from './telemetry-limits.ts';

/** How late the event loop of this process was, in seconds, within the last one or two windows. */
export interface Lag {
  median: number;
  p99: number;
  most: number;
}

const none: Lag = { median: 0, p99: 0, most: 0 };
let monitor: ELDHistogram | undefined;
let before = none;

/**
 * Begins to measure at the first call. The values do not depend on how often they are read, so that several scrapers can read
 * them.
 */
export function eventLoopLag(): Lag {
  if (monitor === undefined) {
    monitor = monitorEventLoopDelay({ resolution: monitoring.lagResolutionMs });
    monitor.enable();
    setInterval(nextWindow, monitoring.lagWindowMs).unref();
  }
  const now = read(monitor);
  return {
    median: Math.max(before.median, now.median),
    p99: Math.max(before.p99, now.p99),
    most: Math.max(before.most, now.most),
  };
}

export interface LagWatch {
  log: Record<'info' | 'warn', (facts: object, message: string) => void>;
  lag?: () => Lag;
  lookMs?: number;
}

/** Logs when this process becomes too busy to answer in time, and when that is over. Returns a function that stops it. */
export function watchEventLoop({ log, lag = eventLoopLag, lookMs = monitoring.lateLookMs }: LagWatch): () => void {
  let wasLate = false;
  const looking = setInterval(() => {
    const { p99, most } = lag();
    const isLate = p99 * 1_000 > monitoring.lateMs;
    const facts = { lateMs: Math.round(p99 * 1_000), mostMs: Math.round(most * 1_000) };
    if (isLate && !wasLate) log.warn(facts, 'the process is too busy: readers and authors wait');
    if (wasLate && !isLate) log.info(facts, 'the process is not too busy any more');
    wasLate = isLate;
  }, lookMs).unref();
  return () => clearInterval(looking);
}

function nextWindow(): void {
  if (monitor === undefined) return;
  before = read(monitor);
  monitor.reset();
}

/** The monitor measures the time between two turns of a timer. What exceeds the interval of the timer is lag. */
function read(from: ELDHistogram): Lag {
  if (from.count === 0) return none;
  const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - monitoring.lagResolutionMs / 1_000);
  return { median: lag(from.percentile(50)), p99: lag(from.percentile(99)), most: lag(from.max) };
}
