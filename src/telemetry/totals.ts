import { AggregatorRegistry, type Counter, Registry } from 'prom-client';
import { addWorkers, type Report, type WorkerEnd } from './metrics.ts';
import { addProcess } from './process-metrics.ts';

/**
 * The metrics of several processes, aggregated: sums, or the minimum or maximum if the metric says so. Counters never go back:
 * the last report of a process stays in the sum after the process has ended.
 */
export class Totals {
  readonly #reports = new Map<object, Report>();
  readonly #ends: Counter<'how'>;
  /** The metrics of the primary itself. */
  readonly #own = new Registry();
  #ended: Report = [];

  constructor(workers: { serving: () => number; wanted: number }) {
    addProcess(this.#own);
    this.#ends = addWorkers(this.#own, workers);
  }

  /** Replaces the last report of this process. */
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

/** The types of metrics that only rise. The gauges of an ended process are dropped. */
const isCounted = new Set(['counter', 'histogram']);

function sum(reports: Report[]): Registry {
  return AggregatorRegistry.aggregate(reports);
}
