import { expect, it } from 'vitest';
import { tags } from '../../src/engine/tags.ts';
import { createChannel, publish, wide } from '../support/engines.ts';
import { describeWith, needs } from '../support/needs.ts';
import { openNodeFor, startRedisFor } from '../support/redis.ts';

/** A script keeps everyone waiting for as long as it runs. */
for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `posts that are asked for by what nearly none of them has, in ${kind}`, (binary) => {
    it('are found without looking at all the others, in whatever order it is asked', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const sought = await publish(engine, id, { sources: [{ name: 'The Harbour Office' }] });
      await Promise.all(Array.from({ length: 400 }, () => publish(engine, id)));
      const asked = [tags.kind('update'), tags.keyEvent(false), tags.source('The Harbour Office')];
      const many = { ...wide, limit: 100 };
      for (const wanted of [asked, asked.toReversed(), [...asked.slice(0, 2), tags.source('Nobody')]]) {
        await server.admin.config('RESETSTAT');
        const page = await engine.posts(id, { ...many, tags: wanted });
        expect(page?.posts.map((post) => post.id)).toEqual(wanted.includes(asked[2]!) ? [sought.id] : []);
        const calls = [...(await server.admin.info('commandstats')).matchAll(/^cmdstat_(z\w+|hget):calls=(\d+)/gm)];
        expect(calls.reduce((sum, [, , count]) => sum + Number(count), 0)).toBeLessThan(100);
      }
      // What most have comes as it did, page by page.
      const all: string[] = [];
      for (let before: number | undefined; ; ) {
        const page = await engine.posts(id, { ...many, tags: asked.slice(0, 2), ...(before !== undefined && { before }) });
        all.push(...page!.posts.map((post) => post.id));
        if (!page!.more) break;
        before = page!.posts.at(-1)!.seq;
      }
      expect(new Set(all).size).toBe(401);
      expect(all.at(-1)).toBe(sought.id);
    });
  });
}
