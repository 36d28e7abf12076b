import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config.ts';
import { handleErrors, sendProblem } from '../../../src/http/answers.ts';
import { createCompression } from '../../../src/http/compression.ts';
import { type AppendRequest, type AppendResult, JournalUnavailable } from '../../../src/journal/engine.ts';
import { problem } from '../../../src/protocol/problems.ts';
import { problemSchema } from '../../../src/protocol/schemas.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { measureAppends } from '../../../src/telemetry/append-timing.ts';
import { type Health, healthRoutes } from '../../../src/telemetry/health.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { countProblems, createMetrics } from '../../../src/telemetry/metrics.ts';
import { logLimits } from '../../../src/telemetry/telemetry-limits.ts';
import { type Site, startSite } from '../../support/servers/site.ts';

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]();
});

async function serve(health: () => Health) {
  const metrics = createMetrics({ tailBytes: 5 });
  const app = express();
  app.use(countProblems(metrics));
  app.use(healthRoutes(health, metrics));
  app.get('/gone', (_request, response) => sendProblem(response, problem('channel-deleted')));
  app.use(handleErrors(createLog('silent')));
  const site = await startSite(app);
  sites.push(site);
  return { url: site.url, metrics };
}

describe('health', () => {
  it('reports liveness in every state', async () => {
    const { url } = await serve(() => ({ phase: 'draining' }));
    const response = await fetch(`${url}/healthz`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each(['starting', 'draining'] as const)('is not ready while %s', async (phase) => {
    const { url } = await serve(() => ({ phase }));
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toEqual({ status: phase });
  });

  it.each(['starting', 'draining'] as const)(
    'answers every other request with the problem for its state while %s',
    async (phase) => {
      const metrics = createMetrics({ tailBytes: 5 });
      const parts = {
        health: { phase },
        metrics,
        metricsText: metrics.text,
        compression: createCompression(() => undefined),
        random: Math.random,
        log: createLog('silent'),
        brand: undefined,
        security: { note() {}, refused() {} },
      };
      const site = await startSite(createApp(readConfig({}), parts).app);
      sites.push(site);
      const program = await fetch(`${site.url}/v1/channels`);
      expect([program.status, program.headers.get('retry-after')]).toEqual([503, '2']);
      expect(problemSchema.parse(await program.json())).toEqual(problem(phase, { retryAfter: 2 }));
      const page = await fetch(`${site.url}/live/harbour-fire`, { headers: { accept: 'text/html', 'accept-language': 'en' } });
      expect(await page.text()).toContain('This server is being restarted');
    },
  );

  it('is ready and reports why it is degraded while the store is unreachable', async () => {
    const health: Health = { phase: 'ready' };
    const { url } = await serve(() => health);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' });
    const since = '2026-11-24T12:00:00.000Z';
    health.degraded = { reason: 'The store does not answer.', since };
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'degraded', reason: 'The store does not answer.', since });
  });

  it('accepts no other method', async () => {
    const { url } = await serve(() => ({ phase: 'ready' }));
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  });
});

describe('metrics', () => {
  const ready = (): Health => ({ phase: 'ready' });

  it('are served in the text format of Prometheus, with every series from the start', async () => {
    const { url } = await serve(ready);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toContain('pressbox_readers{transport="socket"} 0');
    expect(text).toContain('pressbox_appends_total{outcome="appended"} 0');
    expect(text).toContain('pressbox_problems_total{code="revision-moved"} 0');
    expect(text).toContain('pressbox_catch_ups_total{mode="replay"} 0');
    expect(text).toContain('pressbox_rate_limited_total{kind="writes"} 0');
    expect(text).toMatch(/^pressbox_resident_memory_bytes [1-9]\d+$/m);
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    // What every process has is named as by other client libraries.
    const shared = /^(?:process|nodejs_eventloop_lag)_/;
    expect(names.filter((name = '') => !name.startsWith('pressbox_') && !shared.test(name))).toEqual([]);
  });

  it('contain every limit if the scrape asks for them, and no limit otherwise', async () => {
    const { url } = await serve(ready);
    const read = async (query: string) => await (await fetch(`${url}/metrics${query}`)).text();
    for (const query of ['', '?limits=', '?limits=0', '?limits=1&limits=1', '?other=1'])
      expect(await read(query)).not.toContain('pressbox_limit{');
    const text = await read('?limits=1');
    expect(text).toContain('pressbox_readers{transport="socket"} 0\n');
    for (const [name, value] of Object.entries({ ...limits, tailBytes: 5 }))
      expect(text).toContain(`pressbox_limit{name="${name}"} ${value}\n`);
  });

  it('count appends by outcome, measure the stored ones, and log why the journal accepts none', async () => {
    const metrics = createMetrics();
    const results = ['appended', 'appended', 'duplicate', 'conflict', 'deleted'].map((status) => ({ status }));
    const failures = [
      new JournalUnavailable('It is full.', 'unchanged'),
      new JournalUnavailable('It is gone.', 'unknown'),
      new Error('What is this?'),
    ];
    const answers = [...results, ...failures, results[0]].map((answer) =>
      answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer),
    );
    let clock = 0;
    const journal = { append: async () => (await answers.shift()) as AppendResult };
    const lines: unknown[] = [];
    const log = {
      info: (_facts: object, message: string) => lines.push(message),
      warn: (_facts: object, message: string) => lines.push(message),
      error: ({ err }: { err?: Error }, message: string) => lines.push(`${message}: ${err?.message}`),
    };
    const append = measureAppends(journal, { metrics, log, nowMs: () => (clock += 200) });
    const request = {} as AppendRequest;
    for (const result of results) expect(await append('moon', request)).toBe(result);
    for (const failure of failures) await expect(append('moon', request)).rejects.toBe(failure);
    await append('moon', request);
    const text = await metrics.text();
    const metricsText = { appended: 3, duplicate: 1, conflict: 1, refused: 2, unknown: 2 };
    for (const [outcome, count] of Object.entries(metricsText)) {
      expect(text).toContain(`pressbox_appends_total{outcome="${outcome}"} ${count}\n`);
    }
    expect(text).toContain('pressbox_append_seconds_count 3\n');
    expect(text).toMatch(/^pressbox_append_seconds_sum 0\.6/m);
    // Consecutive failures are logged once.
    expect(lines).toEqual(['the journal accepts no writes: It is full.', 'the journal accepts writes again']);
  });

  it('log slow writes, once a minute', async () => {
    let clock = 0;
    const lines: object[] = [];
    const log = { info() {}, error() {}, warn: (facts: object, message: string) => lines.push({ at: clock, ...facts, message }) };
    let tookMs = 0;
    const append = async () => {
      clock += tookMs;
      return { status: 'appended' } as AppendResult;
    };
    const measured = measureAppends({ append }, { metrics: createMetrics(), log, nowMs: () => clock });
    for (tookMs of [400, 600, 600, 59_000, 700]) await measured('moon', {} as AppendRequest);
    const slow = { channel: 'moon', message: 'writes to the journal are slow' };
    expect(lines).toEqual([
      { at: 1_000, tookMs: 600, ...slow },
      { at: 61_300, tookMs: 700, ...slow },
    ]);
  });

  it('count problems by code', async () => {
    const { url, metrics } = await serve(ready);
    await (await fetch(`${url}/gone`)).text();
    await (await fetch(`${url}/gone`)).text();
    expect(await metrics.text()).toContain('pressbox_problems_total{code="channel-deleted"} 2');
  });

  it('are separate for two servers in one process', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.subscriptions.inc(3);
    expect(await one.text()).toContain('pressbox_subscriptions 3');
    expect(await two.text()).toContain('pressbox_subscriptions 0');
  });

  it('are updated before each scrape, until the callback is removed', async () => {
    const metrics = createMetrics();
    let entries = 1;
    const undo = metrics.beforeScrape(() => metrics.tailEntries.set(entries));
    expect(await metrics.text()).toContain('pressbox_feed_tail_entries 1');
    entries = 2;
    expect(await metrics.text()).toContain('pressbox_feed_tail_entries 2');
    undo();
    entries = 3;
    expect(await metrics.text()).toContain('pressbox_feed_tail_entries 2');
  });
});

describe('the log', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJpZGEifQ.c2lnbmF0dXJl';
  const words = 'words of a post';

  function collect() {
    const lines: string[] = [];
    const log = createLog('trace', { write: (line) => void lines.push(line) });
    return { log, lines, last: () => JSON.parse(lines.at(-1) as string) as Record<string, unknown> };
  }

  it('is one JSON object per line, with the facts as fields', () => {
    const { log, lines, last } = collect();
    log.info({ channel: 'moon', offset: 7, tookMs: 1.5, reasons: ['a', 'b'], at: { deep: true } }, 'post appended');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toMatchObject({
      level: 'info',
      msg: 'post appended',
      channel: 'moon',
      offset: 7,
      tookMs: 1.5,
      reasons: ['a', 'b'],
      at: { deep: true },
    });
    expect(Date.parse(last().time as string)).not.toBeNaN();
  });

  it('contains no text of a post and no token, whatever is logged', () => {
    const { log, lines } = collect();
    const post = { id: 'p', headline: words, body: words, html: words, history: [{ note: words }] };
    log.info({ post, channel: { headline: words }, headline: words, note: words, body: { changes: { body: words } } }, 'x');
    log.info({ deep: { deeper: { post, current: post, errors: [{ input: words }] } } }, 'x');
    log.info(
      { token, authorization: `Bearer ${token}`, headers: { authorization: token, Cookie: words }, jwtSecrets: [words] },
      'x',
    );
    log.info({ url: `/live/moon?token=${token}` }, `said ${token}`);
    log.child({ token: words, body: words }).info('x');
    log.error(new SyntaxError(`Unexpected token in "${words}"`));
    log.error({ err: new SyntaxError(words, { cause: new SyntaxError(words) }) });
    log.error({ err: new Error(token) });
    log.error({ cause: new SyntaxError(words) }, 'x');
    expect(lines).toHaveLength(9);
    for (const line of lines) {
      expect(line).not.toContain(words);
      expect(line).not.toContain('eyJ');
    }
  });

  it('records the type, code, message and place of an error', () => {
    const { log, last } = collect();
    log.error(
      { err: Object.assign(new Error('disk full', { cause: new TypeError('inner') }), { code: 'ENOSPC' }) },
      'append failed',
    );
    expect(last()).toMatchObject({
      msg: 'append failed',
      err: { type: 'Error', code: 'ENOSPC', message: 'disk full', cause: { type: 'TypeError', message: 'inner' } },
    });
    expect(JSON.stringify(last())).toContain('request-telemetry.test.ts');
  });

  it('cuts values that are too long or too deep, including circular ones', () => {
    const { log, last } = collect();
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    log.info({ long: 'x'.repeat(5_000), list: Array(1_000).fill(1), circle, bytes: new Uint8Array(3), big: 1n }, 'x');
    expect(JSON.stringify(last()).length).toBeLessThan(1_000);
  });

  it('marks what was cut, and counts it', async () => {
    const { log, last } = collect();
    const metricsText = async () => Number(/^pressbox_log_cuts_total (\d+)$/m.exec(await createMetrics().text())?.[1]);
    const { logTextCharacters, logItems } = logLimits;
    const before = await metricsText();
    const whole = { said: 'x'.repeat(logTextCharacters), list: Array(logItems).fill(1) };
    log.info(whole, 'x');
    expect([last(), await metricsText()]).toEqual([expect.objectContaining(whole), before]);
    const fields = Object.fromEntries(Array.from({ length: logItems + 3 }, (_, at) => [`field${at}`, at]));
    const text = 'x'.repeat(logTextCharacters + 1);
    log.info({ said: text, list: Array(logItems + 2).fill(1), fields, err: new Error(text), a: { b: { c: { d: {} } } } }, 'x');
    const { said, list, fields: some, err, a } = last() as Record<string, Record<string, unknown>>;
    expect(said).toBe(`${text.slice(1)}…`);
    expect([(list as unknown as unknown[]).length, (list as unknown as unknown[]).at(-1)]).toEqual([logItems + 1, '… 2 more']);
    expect([Object.keys(some ?? {}).length, some?.['…']]).toEqual([logItems + 1, '3 more']);
    expect(err?.message).toBe(`${text.slice(1)}…`);
    expect(a).toEqual({ b: { c: { d: '[left out]' } } });
    expect(await metricsText()).toBe(before + 5);
  });

  it('has logDepth levels of fields, and logStackFrames frames of an error', () => {
    const { log, last } = collect();
    const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
    const shown = (depth: number) => {
      log.info(nested(depth), 'x');
      return JSON.stringify(last());
    };
    expect(shown(logLimits.logDepth - 1)).not.toContain('[left out]');
    expect(shown(logLimits.logDepth)).toContain('[left out]');
    const deep = (frames: number): Error => (frames === 0 ? new Error('deep') : deep(frames - 1));
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 100;
    log.info({ err: deep(50) }, 'x');
    Error.stackTraceLimit = before;
    expect((last() as { err: { stack: string[] } }).err.stack).toHaveLength(logLimits.logStackFrames);
  });

  it('listens once for the end of the process, however many servers run in it', () => {
    const before = process.listenerCount('exit');
    for (let servers = 0; servers < 20; servers += 1) createLog('silent');
    expect(process.listenerCount('exit') - before).toBeLessThanOrEqual(1);
  });

  it('is silent below its level', () => {
    const lines: string[] = [];
    const log = createLog('warn', { write: (line) => void lines.push(line) });
    log.info('x');
    log.warn('y');
    expect(lines).toHaveLength(1);
  });
});
