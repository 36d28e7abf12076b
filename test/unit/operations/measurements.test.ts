import express from 'express';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { operations } from '../../../src/apidocs/operations.ts';
import { socketFormat } from '../../../src/live/socket/packet-encoder.ts';
import type { EncodedBatch } from '../../../src/streams/encoded-batches.ts';
import { WriteReports } from '../../../src/streams/write-reports.ts';
import { CountedHistogram } from '../../../src/telemetry/counted-histogram.ts';
import { eventLoopLag, watchEventLoop } from '../../../src/telemetry/event-loop-lag.ts';
import { createMetrics, routeClasses } from '../../../src/telemetry/metrics.ts';
import { routeOf, timeRequests } from '../../../src/telemetry/request-timing.ts';
import { Totals } from '../../../src/telemetry/totals.ts';
import { startSite } from '../../support/servers/site.ts';

const batch = (...atMs: number[]): EncodedBatch => ({
  ...{ after: 0, format: socketFormat, frames: Buffer.alloc(0), events: atMs.length, last: atMs.length },
  ...{ atMs, writes: 0 },
});

describe('the times at which events were written', () => {
  it('are reported once for all readers of a turn', () => {
    const told: [number, number][] = [];
    const writes = new WriteReports((atMs, readers) => told.push([atMs, readers]));
    const [one, two] = [batch(10), batch(10, 20)];
    for (const written of [one, two, one, one]) writes.count(written);
    expect(told).toEqual([]);
    writes.report();
    expect(told).toEqual([
      [10, 3],
      [10, 1],
      [20, 1],
    ]);
    writes.count(two);
    writes.report();
    writes.report();
    expect(told.slice(3)).toEqual([
      [10, 1],
      [20, 1],
    ]);
  });
});

describe('a histogram that counts', () => {
  it('takes many equal values at once, and is served like any other', async () => {
    const registry = new Registry();
    const histogram = new CountedHistogram({ name: 'waits_seconds', help: 'Waits.', buckets: [0.1, 1], registers: [registry] });
    histogram.observe(0.1, 15_000);
    histogram.observe(0.5);
    histogram.observe(9, 2);
    expect(await registry.metrics()).toBe(
      [
        '# HELP waits_seconds Waits.',
        '# TYPE waits_seconds histogram',
        'waits_seconds_bucket{le="0.1"} 15000',
        'waits_seconds_bucket{le="1"} 15001',
        'waits_seconds_bucket{le="+Inf"} 15003',
        'waits_seconds_sum 1518.5',
        'waits_seconds_count 15003',
        '',
      ].join('\n'),
    );
  });
});

describe('the metrics of a process', () => {
  it('are those of the process that is worst off, or sums, and stay after a process has ended', async () => {
    const totals = new Totals({ serving: () => 2, wanted: 2 });
    const [one, two] = [createMetrics({}, { worker: 1 }), createMetrics({}, { worker: 2 })];
    for (const [metrics, seconds, free] of [
      [one, 0.004, 70],
      [two, 0.4, 50],
    ] as const) {
      metrics.deliverySeconds.observe(seconds, 10);
      metrics.storeComparisonAge.set(seconds);
      metrics.journalBytes.set(1_000);
      metrics.diskFreeBytes.set({ directory: 'media' }, free);
      metrics.redisSeconds.observe({ connection: 'writes' }, seconds);
      metrics.requestSeconds.observe({ route: 'write' }, seconds);
      totals.take(metrics, await metrics.report());
    }
    const before = Number(/^process_cpu_seconds_total (.*)$/m.exec(await totals.text())?.[1]);
    totals.end(one, 'left');
    const text = await totals.text();
    for (const line of [
      'pressbox_delivery_seconds_bucket{le="0.005"} 10',
      'pressbox_delivery_seconds_count 20',
      'pressbox_redis_seconds_count{connection="writes"} 2',
      'pressbox_http_request_seconds_count{route="write"} 2',
      'pressbox_store_comparison_age_seconds 0.4',
      'pressbox_journal_bytes 1000',
      'pressbox_disk_free_bytes{directory="media"} 50',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).toMatch(/^pressbox_build_info\{version="[\d.]+[^"]*",node="2[\d.]+"\} 1$/m);
    expect(Number(/^process_cpu_seconds_total (.*)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(before);
    expect(Number(/^process_start_time_seconds (.*)$/m.exec(text)?.[1])).toBeCloseTo(
      (Date.now() - performance.now()) / 1_000,
      -1,
    );
    const [open, most] = ['open', 'max'].map((part) => Number(new RegExp(`^process_${part}_fds (.*)$`, 'm').exec(text)?.[1]));
    expect(open).toBeGreaterThan(3);
    // 0 on a machine without a limit.
    if (most !== 0) expect(most).toBeGreaterThan(open!);
  });

  it('tell how late the event loop was, however often they are read', async () => {
    eventLoopLag();
    await vi.waitFor(() => expect(eventLoopLag().median).toBeGreaterThanOrEqual(0));
    await vi.waitFor(
      () => {
        const until = performance.now() + 120;
        while (performance.now() < until);
        expect(eventLoopLag().most).toBeGreaterThan(0.1);
      },
      { interval: 50 },
    );
    expect(eventLoopLag().most).toBeGreaterThan(0.1);
  });

  it('are logged when the process becomes too busy, and when that is over', async () => {
    const lines: string[] = [];
    const note = (_facts: object, message: string) => void lines.push(message);
    let p99 = 0.4;
    const stop = watchEventLoop({ log: { info: note, warn: note }, lag: () => ({ median: 0, p99, most: p99 }), lookMs: 1 });
    onTestFinished(stop);
    for (p99 of [0.6, 0.4, 0.7]) await vi.waitFor(() => expect(lines.length % 2).toBe(p99 > 0.5 ? 1 : 0), { interval: 1 });
    const busy = 'the process is too busy: readers and authors wait';
    expect(lines).toEqual([busy, 'the process is not too busy any more', busy]);
  });
});

describe('the classes of routes', () => {
  const of = (method: string, path: string) => routeOf(path.replace(/\{\w+\}/g, 'harbour-fire'), method === 'GET');

  it.each([
    ['GET', '/v1/channels', 'read'],
    ['POST', '/v1/channels', 'write'],
    ['PATCH', '/v1/channels/harbour-fire', 'write'],
    ['GET', '/v1/channels/harbour-fire/snapshot', 'read'],
    ['GET', '/v1/channels/harbour-fire/stream', undefined],
    ['GET', '/v1/channels/harbour-fire/feed.atom', 'feed'],
    ['GET', '/v1/channels/harbour-fire/corrections.atom', 'feed'],
    ['GET', '/v1/channels/harbour-fire/corrections', 'read'],
    ['GET', '/v1/channels/harbour-fire/liveblog.jsonld', 'feed'],
    ['GET', '/v1/channels/harbour-fire/export', 'transfer'],
    ['POST', '/v1/channels/harbour-fire/media', 'transfer'],
    ['POST', '/v1/import', 'transfer'],
    ['POST', '/v1/channels/harbour-fire/posts/1/takedown', 'write'],
    ['GET', '/media/harbour-fire/1/640.webp', 'file'],
    ['GET', '/live/harbour-fire', 'page'],
    ['GET', '/', 'page'],
    ['GET', '/metrics', 'operator'],
  ])('%s %s is %s', (method, path, route) => {
    expect(of(method, path)).toBe(route);
  });

  it('cover every documented route, and each has one', () => {
    const found = operations.map(({ method, path }) => of(method.toUpperCase(), path));
    expect(found.filter((route) => route === undefined)).toHaveLength(1);
    expect(new Set([...found, 'file'])).toEqual(new Set([undefined, ...routeClasses]));
  });

  it('time requests that are answered, and none that is held', async () => {
    const metrics = createMetrics();
    const app = express();
    app.use(timeRequests(metrics));
    app.use((_request, response) => void response.end('x'));
    await using site = await startSite(app);
    for (const path of ['/live/moon', '/v1/channels/moon/events', '/v1/channels/moon/events?wait=30', '/v1/channels/moon/stream'])
      await (await fetch(site.url + path)).text();
    await vi.waitFor(async () => {
      const text = await metrics.text();
      expect(text).toContain('pressbox_http_request_seconds_count{route="page"} 1\n');
      expect(text).toContain('pressbox_http_request_seconds_count{route="read"} 1\n');
    });
  });
});
