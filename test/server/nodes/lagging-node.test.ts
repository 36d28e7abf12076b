import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createChannel, publish, type Written } from '../../support/authors/writers.ts';
import { openReader, type SocketReader } from '../../support/readers/socket-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import type { ServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { startTwoServers, type TwoServers } from '../../support/servers/two-servers.ts';
import { type RedisServer, startRedis } from '../../support/stores/redis.ts';

/**
 * A server that missed a change of access and has not noticed yet. The access it knows is outdated.
 */

const patient = { interval: 50 };

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `a server on ${kind} that missed a change of access`, (binary) => {
    let redis: RedisServer;
    let two: TwoServers;
    let [near, behind]: ServerProcess[] = [];
    const readers: SocketReader[] = [];

    beforeAll(async () => {
      redis = await startRedis(binary);
      two = await startTwoServers(redis);
      [near, behind] = two.servers;
    });
    afterAll(async () => {
      for (const reader of readers) reader[Symbol.dispose]();
      await two?.[Symbol.asyncDispose]();
      await redis?.stop();
    });

    async function open(token?: string): Promise<SocketReader> {
      const reader = await openReader(behind!.url, token === undefined ? {} : { token });
      readers.push(reader);
      return reader;
    }

    /**
     * Subscribes a reader to the channel on the lagging server. From then on that server receives no announcements, until it
     * notices within seconds.
     */
    async function followThenDeafen(channelId: string): Promise<void> {
      const member = await open(two.token);
      await vi.waitFor(async () => expect(await member.subscribe(channelId)).toMatchObject({ ok: true, more: false }), patient);
      await vi.waitFor(() => expect(two.lines[1]!.deafen('subscribe')).toBe(1));
    }

    async function change(channelId: string, body: object): Promise<void> {
      const { status } = await call(`${near!.url}/v1/channels/${channelId}`, {
        method: 'PATCH',
        token: two.token,
        body,
        headers: { 'If-Match': '*' },
      });
      expect(status).toBe(200);
    }

    const post = (channelId: string, body: string): Promise<Written> => publish(near!, two.token, channelId, { body });

    it('sends nothing to readers who may no longer read the channel, for any cursor', async () => {
      const { id } = await createChannel(near!, two.token);
      // Older than the tail, so the store is read.
      const { cursor: before } = await post(id, 'For all.');
      await post(id, 'For all.');
      await followThenDeafen(id);
      await change(id, { access: 'members' });
      const { cursor: after } = await post(id, `For members. ${'x'.repeat(49_000)}`);
      for (let each = 0; each < 4; each += 1) await post(id, `For members. ${'x'.repeat(49_000)}`);
      // The long posts fill the first answer of a catch-up, so this change would come in a later one.
      await change(id, { section: 'Space' });
      const stranger = await open();
      for (const cursor of [before, after]) {
        const said = await vi.waitFor(async () => {
          const answer = await stranger.subscribe(id, cursor);
          // While the server checks its silent connection, it may refuse everyone.
          expect(answer).not.toMatchObject({ problem: { code: 'journal-unavailable' } });
          return answer;
        }, patient);
        expect(said).toMatchObject({ ok: false, problem: { code: 'token-missing' } });
      }
      // A subscribe without a cursor gets no post for members either.
      expect(JSON.stringify(await stranger.subscribe(id))).not.toContain('For members.');
    });

    it('tells readers who may read it now to retry', async () => {
      const { id } = await createChannel(near!, two.token, { access: 'members' });
      await followThenDeafen(id);
      await change(id, { access: 'public' });
      const { cursor } = await post(id, 'For all.');
      const reader = await open();
      const refusals = new Set<string>();
      const { status } = await call(`${behind!.url}/v1/channels/${id}/events`);
      expect([200, 503]).toContain(status);
      await vi.waitFor(async () => {
        const said = await reader.subscribe(id);
        if (!said.ok) refusals.add(said.problem.code);
        expect(said).toMatchObject({ ok: true, cursor });
      }, patient);
      // Any other refusal would be final.
      expect([...refusals].filter((code) => code !== 'journal-unavailable')).toEqual([]);
    });
  });
}
