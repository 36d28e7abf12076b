import { expect, it, vi } from 'vitest';
import type { AuthorPost, ReaderPost } from '../../../src/protocol/model.ts';
import { readerView } from '../../../src/protocol/model.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { randomFrom } from '../../support/samples/random.ts';
import { createChannel, publish } from '../../support/stores/engines.ts';
import { watchPower } from '../../support/stores/powercut/powercut.ts';
import { openNode, startRedis } from '../../support/stores/redis.ts';

const rounds = 2;
const authors = 20;
/** Generous, because nothing here has a promised deadline. */
const patient = { timeout: 60_000, interval: 20 };

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `a power cut of the machine that runs ${kind}`, (binary) => {
    describeWith(needs.compiler, 'in which only synced bytes survive', () => {
      it('loses nothing that was acknowledged or that a reader saw', async () => {
        const seed = Date.now() % 2 ** 31;
        console.log(`power cuts with seed ${seed}`);
        const random = randomFrom(seed);
        // Create the first files beforehand, because they are written by calls that are not watched.
        await using redis = await startRedis(binary, ['auto-aof-rewrite-percentage 0']);
        const answered: AuthorPost[] = [];
        const seen: ReaderPost[] = [];
        const first = await openNode(redis);
        const { id } = await createChannel(first);
        await first.close();
        for (let round = 0; round < rounds; round++) {
          await redis.kill('SIGTERM');
          using power = watchPower(redis.directory);
          await redis.start(power.env);
          const [writer, reader] = [await openNode(redis), await openNode(redis)];
          await reader.subscribe(id, (heard) => {
            if (heard.type === 'entry' && heard.change.type !== 'channel.changed') seen.push(heard.change.post);
          });
          const goal = answered.length + 50 + Math.floor(random() * 200);
          const author = async () => {
            // Publishes until the server is killed.
            while (answered.length < goal + 10_000) answered.push(await publish(writer, id));
          };
          const writing = Promise.allSettled(Array.from({ length: authors }, author));
          const seenBefore = seen.length;
          await vi.waitFor(() => {
            expect(answered.length).toBeGreaterThan(goal);
            expect(seen.length).toBeGreaterThan(seenBefore);
          }, patient);
          await redis.kill('SIGKILL');
          await writing;
          await Promise.all([writer.close(), reader.close()]);
          const lost = power.lose(round % 2 === 0 ? {} : { seed: seed + round });
          expect(JSON.stringify(lost)).not.toBe('{}');
          await redis.start();
          const engine = await openNode(redis);
          try {
            const page = await engine.posts(id, { limit: 100_000, bytes: 1e9 });
            const kept = new Set(page?.posts.map((post) => JSON.stringify(post)));
            expect(answered.filter((post) => !kept.has(JSON.stringify(post)))).toEqual([]);
            const readable = new Set(page?.posts.map((post) => JSON.stringify(readerView(post))));
            expect(seen.filter((post) => !readable.has(JSON.stringify(post)))).toEqual([]);
            expect(page?.posts.length).toBe(((await engine.heads([id]))[0]?.offset ?? 0) - 1);
          } finally {
            await engine.close();
          }
        }
      }, 300_000);
    });
  });
}
