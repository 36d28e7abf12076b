/**
 * Durations in buckets 1 % wide. Histograms of several processes can be merged, and a million durations take little memory.
 * Quantiles are accurate to 1 %, and the maximum is exact.
 */
export interface Histogram {
  count: number;
  /** Milliseconds. */
  most: number;
  /** Count by bucket. */
  buckets: Record<string, number>;
}

export interface Quantiles {
  count: number;
  p50: number;
  p99: number;
  most: number;
}

const width = Math.log(1.01);
/** Durations below a microsecond share one bucket. */
const smallestMs = 0.001;

export function emptyHistogram(): Histogram {
  return { count: 0, most: 0, buckets: {} };
}

export function record(histogram: Histogram, ms: number): void {
  const bucket = ms <= smallestMs ? 0 : Math.ceil(Math.log(ms / smallestMs) / width);
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
  histogram.count += 1;
  if (ms > histogram.most) histogram.most = ms;
}

export function merged(histograms: readonly Histogram[]): Histogram {
  const whole = emptyHistogram();
  for (const { count, most, buckets } of histograms) {
    whole.count += count;
    whole.most = Math.max(whole.most, most);
    for (const [bucket, times] of Object.entries(buckets)) whole.buckets[bucket] = (whole.buckets[bucket] ?? 0) + times;
  }
  return whole;
}

export function quantilesOf(histogram: Histogram): Quantiles {
  const { count, most } = histogram;
  return { count, p50: quantile(histogram, 0.5), p99: quantile(histogram, 0.99), most };
}

export function histogramOf(durations: Iterable<number>): Histogram {
  const histogram = emptyHistogram();
  for (const ms of durations) record(histogram, ms);
  return histogram;
}

/** The upper edge of the bucket that contains the quantile. */
function quantile({ count, most, buckets }: Histogram, share: number): number {
  const rank = Math.ceil(count * share);
  let seen = 0;
  for (const bucket of Object.keys(buckets)
    .map(Number)
    .sort((a, b) => a - b)) {
    seen += buckets[bucket] ?? 0;
    if (seen >= rank) return Math.min(most, smallestMs * Math.exp(bucket * width));
  }
  return most;
}
