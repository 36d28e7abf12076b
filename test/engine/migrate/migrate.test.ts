import { describe, expect, it, vi } from 'vitest';
import { JournalUnavailable } from '../../../src/journal/engine.ts';
import { migrateStore } from '../../../src/journal/migrate/migrate-store.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import {
  appended,
  createChannel,
  newRequest,
  publication,
  publish,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import { found } from '../../support/stores/erased-texts.ts';
import { fill, nothingWritten, observed } from '../../support/stores/full-store.ts';
import { abandon, embedded, interruptedAfter, migrate, on, shared } from '../../support/stores/migrations.ts';
import type { Finishing } from '../../support/stores/redis.ts';

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `a migration between the embedded journal and ${kind}`, (binary) => {
    it('moves everything there and back', async (test) => {
      const [first, second, third] = [await embedded(test), await shared(test, binary), await embedded(test)];
      const written = nothingWritten();
      const before = await on(first, async (engine) => {
        await fill(engine, written);
        return observed(engine, written);
      });
      const { status, channels, records } = await migrate(first, second);
      expect({ status, channels }).toEqual({ status: 'moved', channels: 1 });
      expect(records).toMatchObject({ deleted: 1, pending: 1, reservation: 1, revoked: 3, ended: 1, sessionKey: 1 });
      expect(records.request).toBeGreaterThan(written.requests.length);
      expect(await second.faults()).toEqual([]);
      const there = await on(second, async (engine) => {
        expect(await observed(engine, written)).toEqual(before);
        await fill(engine, written);
        return observed(engine, written);
      });
      await migrate(second, third);
      expect(await third.faults()).toEqual([]);
      await on(third, async (engine) => {
        expect(await observed(engine, written)).toEqual(there);
        await fill(engine, written);
      });
    });

    for (const direction of ['to', 'from'] as const) {
      const places = async (test: Finishing) => {
        const [one, other] = [await embedded(test), await shared(test, binary)];
        return direction === 'to' ? ([one, other] as const) : ([other, one] as const);
      };

      describe(`${direction} ${kind}`, () => {
        it('has what was written, erased, deleted and refused while it copied', async (test) => {
          const [source, target] = await places(test);
          const written = nothingWritten();
          const server = await source.engine();
          test.onTestFinished(() => server.close());
          await fill(server, written, { token: 'zqbefore' });
          const { id } = await createChannel(server, 'deleted-meanwhile');
          await publish(server, id, { body: 'zqmeanwhile one' });
          const [channelId = ''] = written.channelIds;
          const late = publication(samplePost(channelId, { body: 'zqmeanwhile two' }));
          await appended(server, channelId, [late], { channel: 2 });
          await migrate(source, target, async () => {
            await fill(server, written, { token: 'zqmeanwhile' });
            await appended(server, channelId, [takedown(late.post)], { channel: 2 });
            await server.deleteChannel(id, newRequest(), 'root');
            written.deletedIds.push(id);
          });
          const before = await observed(server, written);
          expect(await target.faults()).toEqual([]);
          await on(target, async (engine) => {
            expect(await observed(engine, written)).toEqual(before);
            // The texts that were copied before they were erased are erased, and so is what was pending in the source.
            const tokens = ['zqbefore', 'zqmeanwhile'];
            await vi.waitFor(async () => expect(await found(target.directory, tokens)).toEqual([]), { timeout: 60_000 });
          });
        });

        it('refuses every write to the source from the switch on, as unchanged and with the reason, while reads go on', async (test) => {
          const [source, target] = await places(test);
          const server = await source.engine();
          test.onTestFinished(() => server.close());
          await createChannel(server, 'c');
          const post = await publish(server, 'c');
          await server.sessionKey();
          await migrate(source, target);
          const writes: Record<string, () => Promise<unknown>> = {
            publish: () => publish(server, 'c'),
            create: () => createChannel(server, 'other'),
            note: () => server.note('c', newRequest(), { position: undefined, postId: null, revision: 1 }),
            delete: () => server.deleteChannel('c', newRequest(), 'root'),
            revoke: () => server.revoke('a-token', null, 'root'),
            spend: () => server.spend('a-link', null, 'root'),
            reserve: () => server.reserve('a-request', 'a-channel'),
            endSession: () => server.endSession({ subject: 'ruth', id: 'one', begunAt: 0, until: Date.now() + 60_000 }, 'ruth'),
            ready: () => server.ready(),
          };
          for (const [name, write] of Object.entries(writes)) {
            const refused = await write().catch((error: unknown) => error);
            expect(refused, name).toBeInstanceOf(JournalUnavailable);
            const refusal = expect.stringContaining('being moved to another store');
            expect(refused, name).toMatchObject({ outcome: 'unchanged', refusesToWrite: true, refusal });
          }
          expect((await server.snapshot('c', wide))?.posts.map(({ id }) => id)).toEqual([post.id]);
          await server.close();
          await expect(source.engine()).rejects.toThrow('was moved to another one by `pressbox migrate`');
          expect(await source.faults()).toEqual([]);
          await expect(migrate(source, target)).resolves.toMatchObject({ status: 'already' });
          await expect(abandon(source, target)).rejects.toThrow('has taken over already');
          await on(target, (engine) => publish(engine, 'c'));
          await expect(migrate(source, target)).resolves.toMatchObject({ status: 'already' });
        });

        it('goes on after it was interrupted at any step, and no server starts on either store before it has ended', async (test) => {
          const [source] = await places(test);
          const written = nothingWritten();
          const before = await on(source, async (engine) => {
            await fill(engine, written, { posts: 1 });
            return observed(engine, written);
          });
          const target = direction === 'to' ? await shared(test, binary) : await embedded(test);
          // Every second call gets one step further than the last.
          let steps = 0;
          for (let isDone = false; !isDone; steps += 1) {
            await using from = await source.source();
            await using to = await target.target();
            isDone = await migrateStore({ source: from, target: interruptedAfter(to, Math.floor(steps / 2)) }).then(
              () => true,
              (error: Error) => {
                expect(error.message).toBe('interrupted');
                return false;
              },
            );
            const state = await to.state();
            if (state.status === 'empty') continue;
            expect(state.mark?.kind).toBe(isDone ? 'filled' : 'filling');
            if (isDone || direction === 'from') continue;
            await expect(target.engine()).rejects.toThrow('Repeat the command');
          }
          expect(steps).toBeGreaterThan(5);
          expect(await target.faults()).toEqual([]);
          await on(target, async (engine) => expect(await observed(engine, written)).toEqual(before));
        });

        it('gives the source its writes back when it is abandoned, and can begin again', async (test) => {
          const [source, target] = await places(test);
          const written = nothingWritten();
          const server = await source.engine();
          test.onTestFinished(() => server.close());
          await fill(server, written);
          {
            await using from = await source.source();
            await using to = await target.target();
            to.loadRecords = async () => {
              throw new Error('interrupted');
            };
            await expect(migrateStore({ source: from, target: to })).rejects.toThrow('interrupted');
          }
          await expect(server.ready()).rejects.toThrow(JournalUnavailable);
          await expect(migrate(source, direction === 'to' ? await shared(test, binary) : await embedded(test))).rejects.toThrow(
            'to another store',
          );
          expect(await abandon(source, target)).toBe(true);
          await server.ready();
          await fill(server, written);
          await expect(target.engine()).rejects.toThrow('was abandoned');
          expect(await abandon(source, target)).toBe(false);
          await migrate(source, target);
          const before = await observed(server, written);
          await on(target, async (engine) => expect(await observed(engine, written)).toEqual(before));
        });

        it('refuses a target that is not empty, and a source that is', async (test) => {
          const [source, target] = await places(test);
          await expect(migrate(source, target)).rejects.toThrow('There is no');
          await on(source, (engine) => createChannel(engine, 'c'));
          await on(target, (engine) => createChannel(engine, 'd'));
          await expect(migrate(source, target)).rejects.toThrow('is not empty');
          await on(source, (engine) => publish(engine, 'c'));
        });
      });
    }

    it('refuses a source whose entries or texts were changed, which goes on taking writes', async (test) => {
      const [source, target] = [await shared(test, binary), await embedded(test)];
      const server = await source.engine();
      test.onTestFinished(() => server.close());
      await createChannel(server, 'c');
      const { id } = await publish(server, 'c', { body: 'As written.' });
      const { admin } = source.server;
      const key = 'pressbox:{c}:texts';
      const text = (await admin.hget(key, `${id}:1`)) as string;
      await admin.hset(key, `${id}:1`, text.replaceAll('As written', 'Not so'));
      await expect(migrate(source, target)).rejects.toThrow('The channel c is damaged at offset 2: its text was changed.');
      await admin.hdel(key, `${id}:1`);
      await expect(migrate(source, target)).rejects.toThrow('The channel c is damaged: its keys in Redis contradict each other');
      await admin.hset(key, `${id}:1`, text);
      await publish(server, 'c');
      await migrate(source, target);
      expect(await target.faults()).toEqual([]);
    });
  });
}
