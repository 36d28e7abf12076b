import type { Request, Response } from 'express';
import { expect, it } from 'vitest';
import { problemFor } from '../../../src/http/answers.ts';
import { connectionsFor } from '../../../src/http/connections.ts';
import { httpLimits, rateLimits, responseLimits } from '../../../src/http/http-limits.ts';
import { cors } from '../../../src/http/origins.ts';
import { createRates } from '../../../src/http/rates.ts';
import { JournalUnavailable } from '../../../src/journal/engine.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { retryDelayMs } from '../../../src/live/sse-messages.ts';

it('an unreachable journal is asked again after journalRetrySeconds, a damaged channel after about damagedRetrySeconds', () => {
  const { journalRetrySeconds, damagedRetrySeconds } = responseLimits;
  const away = new JournalUnavailable('It is away.', 'unchanged');
  expect(problemFor(away)?.retryAfter).toBe(journalRetrySeconds);
  const damaged = new JournalUnavailable('It is damaged.', 'unchanged', { isDamaged: true });
  expect([0, 0.5, 1].map((random) => problemFor(damaged, () => random)?.retryAfter)).toEqual([
    damagedRetrySeconds / 2,
    damagedRetrySeconds,
    damagedRetrySeconds * 1.5,
  ]);
});

it('a stream that ended is opened again after streamRetryMs on average', () => {
  const { streamRetryMs } = liveLimits;
  expect([0, 0.5, 1].map((random) => retryDelayMs(500, () => random))).toEqual([
    500 + streamRetryMs / 2,
    500 + streamRetryMs,
    500 + streamRetryMs * 1.5,
  ]);
});

it('an address with too many connections is told to retry after connectionRetrySeconds', () => {
  const rates = createRates({ writesPerSecond: 0, requestsPerSecond: 0, connectionsPerAddress: 1 });
  rates.connection('192.0.2.1');
  expect(() => rates.connection('192.0.2.1')).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ retryAfter: rateLimits.connectionRetrySeconds }) }),
  );
});

it('a process keeps otherDescriptors for files and reservedConnections for authors, and serves a few readers in any case', () => {
  const { otherDescriptors, reservedConnections } = httpLimits;
  expect(connectionsFor(1_000)).toEqual({
    most: 1_000 - otherDescriptors - reservedConnections,
    reserved: reservedConnections,
  });
  for (const few of [0, otherDescriptors + 2 * reservedConnections])
    expect(connectionsFor(few)).toEqual({ most: reservedConnections, reserved: reservedConnections });
  expect(connectionsFor(otherDescriptors + 2 * reservedConnections + 1).most).toBe(reservedConnections + 1);
  expect(connectionsFor(undefined).most).toBe(Number.POSITIVE_INFINITY);
});

it('a browser may use the answer to a preflight for preflightSeconds', () => {
  const headers = new Map<string, unknown>();
  const response = {
    setHeader: (name: string, value: unknown) => void headers.set(name, value),
    getHeader: () => undefined,
    status: () => ({ end: () => undefined }),
  } as unknown as Response;
  const request = {
    method: 'OPTIONS',
    headers: { origin: 'https://www.example.org', host: 'live.example.org', 'access-control-request-method': 'GET' },
  } as Request;
  cors(['https://www.example.org'])(request, response, () => undefined);
  expect(headers.get('Access-Control-Max-Age')).toBe(responseLimits.preflightSeconds);
});
