import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createChannel, publish, wholeJournal } from '../support/authors/writers.ts';
import { type Watcher, watch } from '../support/readers/distrustful-reader.ts';
import { type ServerProcess, startServerProcess } from '../support/servers/process.ts';
import { call } from '../support/servers/server.ts';
import { noPowercut, type Power, watchPower } from '../support/stores/powercut/powercut.ts';

const reason = noPowercut();

describe.skipIf(reason !== undefined)(`A server whose disk fails${reason ? ` (not here: ${reason})` : ''}`, () => {
  let disk: string;
  let power: Power;
  let server: ServerProcess;
  let reader: Watcher;
  let token: string;
  let id: string;
  let said: string[];
  beforeEach(async () => {
    disk = mkdtempSync(join(tmpdir(), 'pressbox-disk-'));
    power = watchPower(disk);
    said = [];
    const onLine = (line: string) => void said.push(line);
    server = await startServerProcess({ dataDir: join(disk, 'data'), env: () => power.env, onLine });
    token = await server.token();
    ({ id } = await createChannel(server, token));
    await publish(server, token, id, { headline: 'Before' });
    reader = watch(server.url, id);
    await vi.waitFor(() => expect(reader.live).toBe(true));
  });
  afterEach(async () => {
    reader[Symbol.dispose]();
    for (const how of ['full', 'broken', 'stuck'] as const) power.fail(how, false);
    await server[Symbol.asyncDispose]();
    power[Symbol.dispose]();
    rmSync(disk, { recursive: true, force: true });
  });

  const send = (headline: string) =>
    call(`${server.url}/v1/channels/${id}/posts`, {
      method: 'POST',
      token,
      body: { headline },
      headers: { 'idempotency-key': headline },
    });
  /** The posts that the reader sees, oldest first. */
  const shown = () => reader.posts.map(({ headline }) => headline).reverse();
  const readiness = async () => (await call(`${server.url}/readyz`)).body;
  const metric = async (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec((await call(`${server.url}/metrics`)).text)?.[1];
  const degraded = { status: 'degraded', reason: 'The journal cannot be reached.', since: expect.any(String) };

  it('answers that the outcome of a write is unknown if its sync failed, shows it to nobody, and refuses writes until a restart', async () => {
    power.fail('broken', true);
    expect(await send('Unsynced')).toMatchObject({ status: 503, body: { code: 'journal-unavailable', outcome: 'unknown' } });
    power.fail('broken', false);
    // These are refused as well, although the disk works again: the server cannot know what the disk kept.
    for (const headline of ['Unsynced', 'After'])
      expect(await send(headline)).toMatchObject({ status: 503, body: { code: 'journal-unavailable', outcome: 'unchanged' } });
    await vi.waitFor(async () => expect(await readiness()).toEqual(degraded));
    expect(await metric('pressbox_store_reachable')).toBe('0');
    expect(said.join('\n')).toMatch(/the journal accepts no writes/);
    expect(said.join('\n')).toMatch(/takes no writes until a restart/);
    expect(shown()).toEqual(['Before']);
    expect(await wholeJournal(server, id, token)).toHaveLength(2);
    await server.kill();
    await server.start();
    const again = await send('Unsynced');
    expect([200, 201]).toContain(again.status);
    await vi.waitFor(() => expect(shown()).toEqual(['Before', 'Unsynced']));
    expect(reader.faults).toEqual([]);
    expect(await readiness()).toEqual({ status: 'ready' });
  });

  it('is not ready while a sync hangs, and continues once syncs end', async () => {
    power.fail('stuck', true);
    const waiting = send('Late').catch(() => undefined);
    await vi.waitFor(async () => expect(await readiness()).toEqual(degraded));
    expect(await metric('pressbox_store_reachable')).toBe('0');
    expect(said.join('\n')).toMatch(/the journal is unreachable/);
    expect(shown()).toEqual(['Before']);
    power.fail('stuck', false);
    expect((await waiting)?.status).toBe(201);
    await vi.waitFor(async () => expect(await readiness()).toEqual({ status: 'ready' }));
    await vi.waitFor(() => expect(shown()).toEqual(['Before', 'Late']));
  });
});
