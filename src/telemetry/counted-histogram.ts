import type { Metric, Registry } from 'prom-client';

interface Definition {
  name: string;
  help: string;
  /** Upper bounds in ascending order. */
  buckets: readonly number[];
  registers: readonly Registry[];
}

/** A histogram that takes many equal values at once. That of `prom-client` takes one value at a time. */
export class CountedHistogram {
  readonly name: string;
  readonly help: string;
  readonly #buckets: readonly number[];
  /** The values in each bucket and not in the one below. The last one has no upper bound. */
  readonly #counts: number[];
  #sum = 0;

  constructor({ name, help, buckets, registers }: Definition) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
    this.#counts = [...buckets.map(() => 0), 0];
    // A registry only calls `get`, as it does for aggregated metrics. Its type asks for a class of its own.
    for (const registry of registers) registry.registerMetric(this as unknown as Metric);
  }

  observe(value: number, count = 1): void {
    const found = this.#buckets.findIndex((bound) => value <= bound);
    const index = found === -1 ? this.#buckets.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#sum += value * count;
  }

  get() {
    const { name, help } = this;
    let total = 0;
    const buckets = this.#counts.map((count, index) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { le: this.#buckets[index] ?? '+Inf' }, value: total };
    });
    const sum = { metricName: `${name}_sum`, labels: {}, value: this.#sum };
    const count = { metricName: `${name}_count`, labels: {}, value: total };
    return { name, help, type: 'histogram', aggregator: 'sum', values: [...buckets, sum, count] };
  }
}
