import { expect, it } from 'vitest';
import { channelKeys, registry } from '../../src/engine/redis/keys.ts';
import { limits } from '../../src/protocol/limits.ts';
import { appended, createChannel, head, newRequest, publication, samplePost } from '../support/engines.ts';
import { describeWith, needs } from '../support/needs.ts';
import { openNodeFor, startRedisFor } from '../support/redis.ts';

const keptMs = limits.idempotencyHours * 3_600_000;
/** That a test may take. */
const aWhileMs = 300_000;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `what ${kind} remembers of requests`, (binary) => {
    it('goes by itself once it is too old to be asked for, and not before', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const [request, noted, last, deleting, late, creation] = [
        newRequest(),
        newRequest(),
        newRequest(),
        newRequest(),
        newRequest(),
        newRequest(),
      ];
      const position = await head(engine, id);
      const outcome = { position, postId: null, revision: 1 };
      const keyOf = ({ id: requestId }: { id: string }) => channelKeys(id, requestId).at(-1) as string;
      const lasts = async (key: string) => {
        const leftMs = await server.admin.pttl(key);
        return leftMs > keptMs - aWhileMs && leftMs <= keptMs;
      };
      await appended(engine, id, [publication(samplePost(id))], { request });
      await engine.note(id, noted, outcome);
      // What seals the notes lasts for as long as the last of them.
      const secret = channelKeys(id).at(-1) as string;
      expect(await lasts(secret)).toBe(true);
      await server.admin.pexpire(secret, keptMs - aWhileMs);
      await engine.note(id, last, outcome);
      expect(await lasts(secret)).toBe(true);
      for (const one of [noted, last]) expect(await engine.recall(id, one)).toEqual({ same: true, ...outcome });

      await engine.deleteChannel(id, deleting);
      await engine.note(id, late, outcome);
      await engine.reserve(creation.id, id);
      for (const key of [...[request, noted, last, deleting, late].map(keyOf), registry.reservation(creation.id)])
        expect([key, await lasts(key)]).toEqual([key, true]);
      expect(await server.admin.exists(secret)).toBe(0);
    });
  });
}
