import { setTimeout as pause } from 'node:timers/promises';
import { startPrometheus } from '../support/servers/prometheus.ts';
import type { Fault } from './scene.ts';

/** What an operator saw of a fault. Seconds are counted from the fault. Undefined: not within the time. */
export interface Rehearsal {
  /** The values of the metric at each affected server, before the fault and when the alert fired. */
  before: number[];
  after: number[];
  messageSeconds: number | undefined;
  /** When the alert fired for every affected server. */
  alertSeconds: number | undefined;
  /** Other alerts that fired by then. */
  others: string[];
}

export interface Rehearsing {
  prometheus: string;
  /** Seconds between two scrapes, and between two evaluations of the rules. */
  scrapeSeconds: number;
  /** How long an alert is awaited. */
  mostSeconds: number;
}

const lookMs = 100;

/** Causes the fault on real servers that a real Prometheus scrapes, with the rules in `deploy/prometheus`. */
export async function rehearse(fault: Fault, { prometheus, scrapeSeconds, mostSeconds }: Rehearsing): Promise<Rehearsal> {
  await using room = new AsyncDisposableStack();
  const { servers, strike } = await fault.start(room);
  const urls = servers.map(({ url }) => url);
  const hosts = urls.map((url) => new URL(url).host);
  const seen = room.use(await startPrometheus(prometheus, urls, { scrapeSeconds }));
  const valuesOf = async () => {
    const found = await seen.query(expressionOf(fault.metric));
    return hosts.map((host) => found.find(({ metric }) => metric.instance === host)?.value ?? Number.NaN);
  };
  const alerts = async () =>
    (await seen.alerts()).filter(({ instance, state }) => state === 'firing' && hosts.includes(instance));

  // Two scrapes, so that an increase can be computed from the first one.
  const scraped = async () => (await seen.query('count_over_time(up{job="pressbox"}[10m])')).map(({ value }) => value);
  while ((await scraped()).filter((count) => count >= 2).length < hosts.length) await pause(lookMs);
  const early = await alerts();
  if (early.length > 0) throw new Error(`${fault.name}: ${early[0]?.name} fires before the fault.`);
  const before = await valuesOf();
  const lines = servers.map(({ said }) => said.length);

  const struck = performance.now();
  const seconds = () => Math.round((performance.now() - struck) / 100) / 10;
  await strike();
  let [messageSeconds, alertSeconds]: (number | undefined)[] = [];
  const isSaid = () => servers.every(({ said }, index) => fault.message && said.indexOf(fault.message, lines[index]) >= 0);
  let firing = await alerts();
  while (
    seconds() < mostSeconds &&
    (alertSeconds === undefined || (fault.message !== undefined && messageSeconds === undefined))
  ) {
    if (messageSeconds === undefined && isSaid()) messageSeconds = seconds();
    firing = await alerts();
    const rings = hosts.every((host) => firing.some(({ name, instance }) => name === fault.alert && instance === host));
    if (alertSeconds === undefined && rings) alertSeconds = seconds();
    await pause(lookMs);
  }
  const others = [...new Set(firing.map(({ name }) => name))].filter((name) => name !== fault.alert);
  return { before, after: await valuesOf(), messageSeconds, alertSeconds, others };
}

/** The value of a metric for each server: the mean of a histogram within the last minute, the largest of several series. */
function expressionOf(metric: string): string {
  if (metric === 'pressbox_append_seconds') return `rate(${metric}_sum[1m]) / rate(${metric}_count[1m])`;
  return `max by (instance) (${metric}{job="pressbox"})`;
}
