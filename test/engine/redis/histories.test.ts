import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Announcement, Engine } from '../../../src/journal/engine.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { appending, createChannel, newRequest, publication, publish, samplePost, wide } from '../../support/stores/engines.ts';
import { openNode, type RedisServer, startRedis } from '../../support/stores/redis.ts';

const patient = { interval: 50 };

async function head(engine: Engine, channelId: string): Promise<Position> {
  return (await engine.heads([channelId]))[0] as Position;
}

/** Publishes one post, and retries even if it was stored without an answer. */
async function publishAgain(engine: Engine, channelId: string): Promise<void> {
  const request = appending([publication(samplePost(channelId))], { request: newRequest() });
  await vi.waitFor(() => engine.append(channelId, request), patient);
}

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `histories on ${kind}`, (binary) => {
    let server: RedisServer;
    let [here, there]: RedisEngine[] = [];
    beforeEach(async () => {
      server = await startRedis(binary);
      [here, there] = [await openNode(server), await openNode(server)];
    });
    afterEach(async () => {
      await Promise.all([here?.close(), there?.close()]);
      await server.stop();
    });

    it('never share a cursor, even if older files were restored', async () => {
      const { id } = await createChannel(here!);
      await publish(here!, id);
      const common = await head(here!, id);
      const files = join(server.directory, 'appendonlydir');
      const older = join(server.directory, 'older');
      await cp(files, older, { recursive: true });
      const lost: Position[] = [];
      for (let index = 0; index < 5; index++) {
        await publish(here!, id);
        lost.push(await head(here!, id));
      }
      const heard: Announcement[] = [];
      await there!.subscribe(id, (one) => heard.push(one));
      await server.kill();
      await rm(files, { recursive: true });
      await cp(older, files, { recursive: true });
      await server.start();
      await vi.waitFor(() => expect(heard).toContainEqual({ type: 'maybe-missed' }), patient);
      // Offsets below, at and above the lost head.
      for (let index = 0; index < 8; index++) {
        for (const cursor of lost)
          expect(await vi.waitFor(() => there!.catchUp(id, cursor, wide), patient)).toEqual({ status: 'foreign' });
        expect(await there!.catchUp(id, common, wide)).toMatchObject({ status: 'replay' });
        await publishAgain(here!, id);
      }
      expect((await vi.waitFor(() => head(there!, id), patient)).offset).toBe(10);
    });

    it('are distinguished by listeners when the new one is as long as the lost one', async () => {
      const { id } = await createChannel(here!);
      const files = join(server.directory, 'appendonlydir');
      const older = join(server.directory, 'older');
      await cp(files, older, { recursive: true });
      await publish(here!, id);
      const lost = await head(here!, id);
      const heard: Announcement[] = [];
      await there!.subscribe(id, (one) => heard.push(one));
      await publish(here!, id);
      await vi.waitFor(() => expect(heard.some(({ type }) => type === 'entry')).toBe(true), patient);
      await server.kill();
      await rm(files, { recursive: true });
      await cp(older, files, { recursive: true });
      await server.start();
      // The head reaches the same offset before the other node compares.
      await publishAgain(here!, id);
      await publishAgain(here!, id);
      const now = await vi.waitFor(() => head(here!, id), patient);
      expect(now.offset).toBe(3);
      // The node hears the new entries or a possible loss. Both make it read the journal.
      await vi.waitFor(() => expect(heard).toContainEqual({ type: 'maybe-missed' }), patient);
      expect(await vi.waitFor(() => there!.catchUp(id, lost, wide), patient)).toEqual({ status: 'foreign' });
      expect(await there!.catchUp(id, now, wide)).toMatchObject({ status: 'replay', changes: [] });
    });
  });
}
