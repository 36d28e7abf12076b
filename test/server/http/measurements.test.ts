import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer();
  token = await server.token({ admin: true });
});
afterAll(() => server[Symbol.asyncDispose]());

async function measured(series: string): Promise<number> {
  const { text } = await call(`${server.url}/metrics`);
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  if (line === undefined) throw new Error(`There is no series ${series}.`);
  return Number(line.slice(series.length));
}

const deliveries = 'pressbox_delivery_seconds_count';

it('measures how long an event took to each reader who was there, and not what another reader missed', async () => {
  const { id } = await createChannel(server, token);
  using one = await openReader(server.url);
  using two = await openReader(server.url);
  const joined = await one.subscribe(id);
  await two.subscribe(id);
  const before = await measured(deliveries);
  const sum = await measured('pressbox_delivery_seconds_sum');
  await publish(server, token, id, { body: 'Three boats are out.' });
  for (const reader of [one, two]) await vi.waitFor(() => expect(reader.heard('event')).toHaveLength(1));
  expect(await measured(deliveries)).toBe(before + 2);
  const seconds = ((await measured('pressbox_delivery_seconds_sum')) - sum) / 2;
  expect(seconds).toBeLessThan(10);

  using back = await openReader(server.url);
  const missed = await back.subscribe(id, joined.ok ? joined.cursor : '');
  expect(missed).toMatchObject({ ok: true, mode: 'replay', events: [{ type: 'post.published' }] });
  expect(await measured(deliveries)).toBe(before + 2);
});

it('does not take the age of imported posts for latency', async () => {
  await using old = await startTestServer({}, { now: () => Date.now() - 7_200_000 });
  const admin = new AuthorClient({ url: old.url, token: await old.token({ admin: true }) });
  const {
    channel: { id },
  } = await admin.createChannel({ headline: 'Flood' });
  const early = await exportOf(old, id);
  await sendTo(server, early);
  using reader = await openReader(server.url);
  await reader.subscribe(id);
  await admin.publish(id, { body: 'The bridge is closed.' });
  const before = await measured(deliveries);
  await sendTo(server, await exportOf(old, id));
  await vi.waitFor(() => expect(reader.heard('event')).toHaveLength(1));
  expect(await measured(deliveries)).toBe(before);
});

it('measures catch-ups, requests, the journal, its disk and the process from the start', async () => {
  const { id } = await createChannel(server, token);
  const before = {
    catchUps: await measured('pressbox_catch_up_seconds_count'),
    writes: await measured('pressbox_http_request_seconds_count{route="write"}'),
  };
  await publish(server, token, id, { body: 'Two boats are back.' });
  for (const path of ['snapshot', 'events', 'events?wait=1']) await call(`${server.url}/v1/channels/${id}/${path}`);
  expect(await measured('pressbox_catch_up_seconds_count')).toBe(before.catchUps + 3);
  expect(await measured('pressbox_http_request_seconds_count{route="write"}')).toBe(before.writes + 1);
  const [free, size] = await Promise.all(
    ['free', 'size'].map((part) => measured(`pressbox_disk_${part}_bytes{directory="journal"}`)),
  );
  expect(free).toBeGreaterThan(0);
  expect(size).toBeGreaterThan(free!);
  expect(await measured('pressbox_journal_bytes')).toBeGreaterThan(1_000);
  expect(await measured('pressbox_store_comparison_age_seconds')).toBeLessThan(60);
  expect(await measured('process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(await measured('process_open_fds')).toBeGreaterThan(3);
});
