import { AggregatorRegistry, type Counter, Registry } from 'prom-client';
import { addProcess, addWorkers, type Report, type WorkerEnd } from './metrics.ts';

/**
 * What several processes count, as one: sums, and where a sum says nothing the least or the most, as each metric has it. Counters
 * never go back: what is told of a process is what it reported last, and stays in the sum when the process has ended.
 */
export class Totals {
  readonly #reports = new Map<object, Report>();
  readonly #ends: Counter<'how'>;
  /** Of the primary, which keeps this. */
  readonly #own = new Registry();
  #ended: Report = [];

  constructor(workers: { serving: () => number; wanted: number }) {
    addProcess(this.#own);
    this.#ends = addWorkers(this.#own, workers);
  }

  /** The newest of this process. */
  take(from: object, report: Report): void {
    this.#reports.set(from, report);
  }

  end(from: object, how: WorkerEnd): void {
    this.#ends.inc({ how });
    const last = this.#reports.get(from);
    if (last === undefined) return;
    this.#reports.delete(from);
    const counted = last.filter(({ type }) => isCounted.has(String(type)));
    this.#ended = sum([this.#ended, counted]).getMetricsAsArray() as unknown as Report;
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    return sum([await this.#own.getMetricsAsJSON(), ...this.#reports.values(), this.#ended]).metrics();
  }
}

/** What only rises, as against gauges, which end with their process. */
const isCounted = new Set(['counter', 'histogram']);

function sum(reports: Report[]): Registry {
  return AggregatorRegistry.aggregate(reports);
}
