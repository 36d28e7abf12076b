import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { Totals } from '../../../src/telemetry/totals.ts';
import { afterDeath, afterRefusal, noStreak, type RestartDecision, type Streak } from '../../../src/workers/restarts.ts';
import { workerLimits } from '../../../src/workers/worker-limits.ts';

const { workerDeathsMost, workerSteadyMs, workerRestartFirstMs, workerRestartMostMs } = workerLimits;

/** The decisions after this number of ends in a row. */
function inARow(times: number, next: (before: Streak) => RestartDecision): RestartDecision[] {
  const all: RestartDecision[] = [];
  let streak = noStreak;
  for (let at = 0; at < times; at += 1) {
    const follows = next(streak);
    all.push(follows);
    if (follows.status === 'give-up') break;
    streak = follows.streak;
  }
  return all;
}

describe('a worker that ended', () => {
  it('is restarted after a pause that doubles, and not at all once it died too often in a row', () => {
    const all = inARow(100, (before) => afterDeath(before, 10));
    expect(all).toHaveLength(workerDeathsMost);
    expect(all.at(-1)).toEqual({ status: 'give-up' });
    const pauses = all.slice(0, -1).map((next) => next.status === 'restart' && next.afterMs);
    expect(pauses).toEqual(pauses.map((_, at) => workerRestartFirstMs * 2 ** at));
  });

  it('is restarted without limit if each one served for a while', () => {
    const all = inARow(100, (before) => afterDeath(before, workerSteadyMs));
    expect(all).toEqual(
      all.map(() => ({ status: 'restart', afterMs: workerRestartFirstMs, streak: { deaths: 1, refusals: 0 } })),
    );
  });

  it('is retried without limit, ever more slowly, while it refuses to start', () => {
    const all = inARow(20, afterRefusal);
    expect(all).toHaveLength(20);
    expect(all.at(-1)).toMatchObject({ status: 'restart', afterMs: workerRestartMostMs, streak: { deaths: 0 } });
  });

  it('is retried after the shortest pause again if it had served, however often it refused to start before', () => {
    const refused = inARow(20, afterRefusal).at(-1);
    const died = afterDeath((refused as { streak: Streak }).streak, workerSteadyMs);
    expect(afterRefusal((died as { streak: Streak }).streak)).toMatchObject({ afterMs: workerRestartFirstMs });
  });

  it('keeps the count of its earlier deaths if it refuses to start in between', () => {
    const all = inARow(100, (before) => (before.deaths > before.refusals ? afterRefusal(before) : afterDeath(before, 0)));
    expect(all.at(-1)).toEqual({ status: 'give-up' });
  });
});

describe('the metrics of several processes', () => {
  const open = () => ({ one: createMetrics({}, { worker: 1 }), two: createMetrics({}, { worker: 2 }) });

  async function told(totals: Totals): Promise<Map<string, number>> {
    const lines = (await totals.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }

  it('are summed, except values where the worst counts', async () => {
    const { one, two } = open();
    const totals = new Totals({ serving: () => 2, wanted: 3 });
    for (const [metrics, readers] of [
      [one, 10],
      [two, 5],
    ] as const) {
      metrics.readers.set({ transport: 'socket' }, readers);
      metrics.appends.inc({ outcome: 'appended' }, readers);
      metrics.appendSeconds.observe(0.003);
      metrics.connections.set(readers + 1);
      metrics.revokedTokens.set(4);
    }
    one.storeReachable.set(1);
    for (const metrics of [one, two]) totals.take(metrics, await metrics.report());
    const all = await told(totals);
    for (const [series, value] of [
      ['pressbox_readers{transport="socket"}', 15],
      ['pressbox_appends_total{outcome="appended"}', 15],
      ['pressbox_append_seconds_count', 2],
      ['pressbox_append_seconds_bucket{le="0.005"}', 2],
      ['pressbox_connections', 17],
      ['pressbox_worker_connections{worker="1"}', 11],
      ['pressbox_worker_connections{worker="2"}', 6],
      ['pressbox_revoked_tokens', 4],
      ['pressbox_store_reachable', 0],
      ['pressbox_workers', 2],
      ['pressbox_workers_wanted', 3],
    ] as const)
      expect([series, all.get(series)]).toEqual([series, value]);
  });

  it('have every series of a single server', async () => {
    const names = (text: string) => [...text.matchAll(/^# TYPE (\S+ \S+)/gm)].map(([, name]) => name).sort();
    const { one } = open();
    const totals = new Totals({ serving: () => 1, wanted: 2 });
    totals.take(one, await one.report());
    expect(names(await totals.text())).toEqual(names(await createMetrics().text()));
  });

  it('keep the counters of processes that ended, but not their gauges', async () => {
    const totals = new Totals({ serving: () => 1, wanted: 1 });
    for (let round = 1; round <= 3; round += 1) {
      const { one } = open();
      one.appends.inc({ outcome: 'appended' });
      one.appendSeconds.observe(0.003);
      one.readers.set({ transport: 'socket' }, 10);
      totals.take(one, await one.report());
      expect((await told(totals)).get('pressbox_appends_total{outcome="appended"}')).toBe(round);
      expect((await told(totals)).get('pressbox_readers{transport="socket"}')).toBe(10);
      totals.end(one, 'died');
    }
    const all = await told(totals);
    expect(all.get('pressbox_appends_total{outcome="appended"}')).toBe(3);
    expect(all.get('pressbox_append_seconds_bucket{le="+Inf"}')).toBe(3);
    expect(all.get('pressbox_append_seconds_bucket{le="0.001"}')).toBe(0);
    expect(all.get('pressbox_readers{transport="socket"}')).toBeUndefined();
    expect(all.get('pressbox_worker_ends_total{how="died"}')).toBe(3);
  });
});
