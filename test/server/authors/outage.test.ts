import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, type Journal, JournalUnavailable } from '../../../src/journal/engine.ts';
import { createImporter } from '../../../src/newsroom/import.ts';
import { createNewsroom } from '../../../src/newsroom/newsroom.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { WriteCommand } from '../../../src/newsroom/write-command.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import type { TransferLine } from '../../../src/protocol/transfer.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { plainChannel, plainPost } from '../../support/authors/transfer.ts';
import { openTestEngine } from '../../support/stores/store.ts';

/**
 * Writes during which the journal fails: the answer claims no more than is known, and a retry with the same key completes the
 * write.
 */

let opened: Awaited<ReturnType<typeof openTestEngine>>;
let engine: Engine;
const renderer = createRenderer({ publicUrl: 'https://live.example' });

beforeAll(async () => {
  opened = await openTestEngine({ renderer, now: Date.now, log: createLog('silent') });
  engine = opened.engine;
});
afterAll(async () => {
  await opened.close();
});

const who: Principal = {
  sub: 'ed',
  name: 'Edith Or',
  jti: 'j',
  expiresAt: Number.POSITIVE_INFINITY,
  grants: { reader: [], author: [], editor: ['*'], admin: true },
};

/** The real journal with some methods replaced. Only the replaced methods simulate outages. */
function journalWith(replaced: Partial<Journal>): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const verb = replaced[name as keyof Journal] ?? target[name as keyof Journal];
      return typeof verb === 'function' ? verb.bind(target) : verb;
    },
  });
}

function deskOn(replaced: Partial<Journal>, erasureWaitMs?: number) {
  return createNewsroom({
    engine: journalWith(replaced),
    renderer,
    now: Date.now,
    newId: () => uuidv7(),
    ...(erasureWaitMs === undefined ? {} : { erasureWaitMs }),
  });
}
const desk = () => deskOn({});

let requests = 0;
function asking<C>(command: C): WriteCommand<C> {
  requests += 1;
  return { who, keyed: true, request: { id: `request-${requests}`, digest: 'd'.repeat(64) }, parse: () => command };
}
const unreachable =
  (outcome: 'unchanged' | 'unknown' = 'unchanged') =>
  async (): Promise<never> => {
    throw new JournalUnavailable('out of reach', outcome);
  };
const offsetOf = async (channel: string) => (await engine.heads([channel]))[0]?.offset;

let channels = 0;
async function freshChannel(): Promise<string> {
  channels += 1;
  return (await desk().openChannel(asking({ id: `outage-${channels}`, headline: 'To the Moon' }))).channel.id;
}

describe('a journal that is unreachable', () => {
  it('before a write: the answer says that nothing was changed', async () => {
    const channel = await freshChannel();
    const write = asking({ headline: 'A' });
    for (const verb of ['channel', 'append'] as const)
      await expect(deskOn({ [verb]: unreachable() }).publish(write, channel)).rejects.toMatchObject({ outcome: 'unchanged' });
    expect(await offsetOf(channel)).toBe(1);
    expect(await desk().publish(write, channel)).toMatchObject({ replayed: false, post: { headline: 'A' } });
  });

  it('during a write: the outcome is unknown, and a retry returns the stored write', async () => {
    const channel = await freshChannel();
    const write = asking({ headline: 'A' });
    const lost = deskOn({
      async append(channelId, request) {
        await engine.append(channelId, request);
        throw new JournalUnavailable('the answer was lost', 'unknown');
      },
    });
    await expect(lost.publish(write, channel)).rejects.toMatchObject({ outcome: 'unknown' });
    expect(await desk().publish(write, channel)).toMatchObject({ replayed: true, post: { headline: 'A', seq: 2 } });
    expect(await offsetOf(channel)).toBe(2);
  });

  it('after a write: the answer does not claim that nothing was changed', async () => {
    const channel = await freshChannel();
    const { post } = await desk().publish(asking({ headline: 'A' }), channel);
    const write = asking({ kind: 'correction' as const, note: 'No.', changes: { headline: 'B' }, expected: 1 });
    await expect(deskOn({ posts: unreachable() }).revise(write, channel, post.id)).rejects.toMatchObject({ outcome: 'unknown' });
    expect(await desk().revise(write, channel, post.id)).toMatchObject({ replayed: true, post: { headline: 'B', revision: 2 } });
    expect(await offsetOf(channel)).toBe(3);
  });

  it('at any step of creating a channel: a retry creates it once', async () => {
    for (const [verb, lost] of [
      ['reserve', unreachable()],
      ['recall', unreachable()],
      ['append', unreachable('unknown')],
    ] as const) {
      const write = asking({ headline: `Opened after ${verb}` });
      await expect(deskOn({ [verb]: lost }).openChannel(write)).rejects.toBeInstanceOf(JournalUnavailable);
      expect(await desk().openChannel(write)).toMatchObject({ replayed: false, channel: { id: `opened-after-${verb}` } });
      expect(await desk().openChannel(write)).toMatchObject({ replayed: true, channel: { id: `opened-after-${verb}` } });
      expect(await engine.channel(`opened-after-${verb}-2`)).toEqual({ status: 'missing' });
    }
  });

  it('during the creation of a channel: its key cannot be used for another, since the channel may still be created', async () => {
    const write = asking({ headline: 'Opened in a moment' });
    await expect(deskOn({ append: unreachable('unknown') }).openChannel(write)).rejects.toBeInstanceOf(JournalUnavailable);
    const other = {
      ...write,
      request: { ...write.request, digest: 'e'.repeat(64) },
      parse: () => ({ headline: 'Something else' }),
    };
    await expect(desk().openChannel(other)).rejects.toMatchObject({ problem: { code: 'key-reused' } });
    expect(await engine.channel('something-else')).toEqual({ status: 'missing' });
    expect(await desk().openChannel(write)).toMatchObject({ replayed: false, channel: { id: 'opened-in-a-moment' } });
  });

  it('during the erasure of a takedown: readers get the takedown at once, and the answer lists what is pending', async () => {
    const channel = await freshChannel();
    for (const [erase, why] of [
      [unreachable(), /unreachable/],
      [() => new Promise<never>(() => {}), /longer than usual/],
    ] as const) {
      const { post } = await desk().publish(asking({ headline: 'A' }), channel);
      const write = asking({ note: null });
      const answer = await deskOn({ erase }, 50).takeDown(write, channel, post.id);
      expect(answer).toMatchObject({
        post: { status: 'taken-down' },
        erasure: { complete: false, pending: [{ where: 'journal' }] },
      });
      expect(answer.erasure?.pending[0]?.why).toMatch(why);
      expect(await desk().takeDown(write, channel, post.id)).toMatchObject({
        replayed: true,
        erasure: { complete: true, pending: [] },
      });
    }
  });
});

describe('an import', () => {
  it('erases what it took down even if the journal becomes unreachable afterwards', async () => {
    const channelId = 'outage-import';
    const erasures: string[] = [];
    const journal = journalWith({
      erase(channelId, postId) {
        erasures.push(postId);
        return engine.erase(channelId, postId);
      },
      append: (id, request) =>
        request.entries.some((entry) => 'post' in entry && entry.post.body === 'Later.')
          ? unreachable()()
          : engine.append(id, request),
    });
    const parts = { engine: journal, append: journal.append.bind(journal), renderer, newId: () => uuidv7() };
    const importer = createImporter(parts, 'ed');
    const facts = { at: '2026-11-24T12:00:00.000Z', by: 'ruth' };
    const post = plainPost(channelId, { headline: null, body: 'A sentence that must go.' });
    const takedown = { revision: 2, kind: 'takedown' as const, note: null, ...facts };
    const tombstone = { ...post, body: '', authors: [], status: 'taken-down' as const, revision: 2, history: [takedown] };
    const lines: TransferLine[] = [
      { channel: plainChannel(channelId), facts: undefined },
      { post, facts },
      { post: tombstone, facts: { ...facts, kind: 'takedown' } },
      { post: plainPost(channelId, { body: 'Later.' }), facts },
    ];
    for (const [index, line] of lines.entries()) await importer.take(index + 1, line);
    await expect(importer.finish()).rejects.toBeInstanceOf(JournalUnavailable);
    expect((await engine.post(channelId, post.id))?.post.status).toBe('taken-down');
    expect(erasures).toEqual([post.id]);
  });

  it('never reports a partly written import as unchanged', async () => {
    for (const verb of ['channel', 'append'] as const) {
      const channelId = `outage-part-${verb}`;
      let isLost = false;
      const lost = journalWith({ [verb]: unreachable() });
      const journal = new Proxy(engine, {
        get: (_, name) => Reflect.get(isLost && name === verb ? lost : journalWith({}), name),
      });
      const append: Journal['append'] = (id, request) => journal.append(id, request);
      const importer = createImporter({ engine: journal, append, renderer, newId: () => uuidv7() }, 'ed');
      await importer.take(1, { channel: plainChannel(channelId), facts: undefined });
      await importer.finish();
      isLost = true;
      await importer.take(2, { post: plainPost(channelId), facts: { at: '2026-11-24T12:00:00.000Z', by: 'ruth' } });
      await expect(importer.finish()).rejects.toMatchObject({ outcome: 'unknown' });
      expect(await offsetOf(channelId)).toBe(1);
    }
  });

  it('never restores a post that is taken down between two of its lines', async () => {
    const id = await freshChannel();
    const facts = { at: '2026-11-24T12:00:00.000Z', by: 'ruth' };
    const first = plainPost(id, { headline: null, body: 'A sentence that must go.', publishedAt: facts.at });
    const revised = (revision: number): TransferLine => ({
      post: { ...first, revision, history: [{ revision, kind: 'update', note: null, ...facts }] },
      facts: { ...facts, kind: 'update' },
    });
    let down: Promise<unknown> | undefined;
    const append: Journal['append'] = async (channelId, request) => {
      const [entry] = request.entries;
      if ('post' in entry && entry.post.revision > 1) {
        down ??= desk().takeDown(asking({ note: null }), id, first.id);
        await down;
      }
      return await engine.append(channelId, request);
    };
    const importer = createImporter({ engine, append, renderer, newId: () => uuidv7() }, 'ed');
    for (const [index, line] of [{ post: first, facts }, revised(2), revised(3)].entries()) await importer.take(index + 1, line);
    await importer.finish();
    expect(importer.done).toMatchObject({ revisions: 1, withheld: 2 });
    expect((await engine.post(id, first.id))?.post).toMatchObject({ status: 'taken-down', revision: 2, body: '' });
  });

  it('does not pin a post that was withdrawn just before', async () => {
    const id = await freshChannel();
    const { post } = await desk().publish(asking({ headline: 'A' }), id);
    const read = await engine.channel(id);
    if (read.status !== 'found') throw new Error('the channel is not there');
    const { latestPostAt: _, ...channel } = read.channel;
    let retracted = false;
    const append: Journal['append'] = async (channelId, request) => {
      if (!retracted) await desk().retract(asking({ note: 'No.' }), id, post.id);
      retracted = true;
      return await engine.append(channelId, request);
    };
    const importer = createImporter({ engine, append, renderer, newId: () => uuidv7() }, 'ed');
    await importer.take(1, { channel: { ...channel, revision: 2, pinnedPostId: post.id }, facts: undefined });
    await importer.finish();
    expect(importer.done).toMatchObject({ revisions: 0, conflicting: 1 });
    expect(await engine.channel(id)).toMatchObject({ channel: { revision: 1, pinnedPostId: null } });
  });
});

describe('a write that keeps losing races', () => {
  it('is decided again on the current state', async () => {
    const channel = await freshChannel();
    let overtaken = 0;
    const busy = deskOn({
      async append(channelId, request) {
        if (overtaken < 5) {
          overtaken += 1;
          await desk().changeChannel(asking({ patch: { section: `s${overtaken}` }, expected: 'any' }), channelId);
        }
        return await engine.append(channelId, request);
      },
    });
    expect(await busy.publish(asking({ headline: 'A' }), channel)).toMatchObject({ post: { seq: 7 } });
  });

  it('is refused if the current state does not permit it', async () => {
    const channel = await freshChannel();
    const { post } = await desk().publish(asking({ headline: 'A' }), channel);
    const overtaken = (by: () => Promise<unknown>) =>
      deskOn({
        async append(channelId, request) {
          await by();
          return await engine.append(channelId, request);
        },
      });
    const end = () => desk().changeChannel(asking({ patch: { state: 'ended' as const }, expected: 'any' }), channel);
    await expect(overtaken(end).publish(asking({ headline: 'B' }), channel)).rejects.toMatchObject({
      problem: { code: 'channel-ended' },
    });
    const revision = (headline: string) => asking({ kind: 'update' as const, changes: { headline }, expected: 1 });
    const revise = () => desk().revise(revision('C'), channel, post.id);
    await expect(overtaken(revise).revise(revision('D'), channel, post.id)).rejects.toMatchObject({
      problem: { code: 'revision-moved', current: { headline: 'C', revision: 2 } },
    });
    const retract = () => desk().retract(asking({ note: 'No.' }), channel, post.id);
    await expect(overtaken(retract).takeDown(asking({ note: null, expected: 2 }), channel, post.id)).rejects.toMatchObject({
      problem: { code: 'revision-moved', current: { status: 'retracted' } },
    });
  });

  it('is refused if it restates a post that was withdrawn just before', async () => {
    const channel = await freshChannel();
    const { post } = await desk().publish(asking({ headline: 'A' }), channel);
    const other = await desk().publish(asking({ headline: 'B' }), channel);
    const answers: unknown[] = [];
    const late = deskOn({
      async append(channelId, request) {
        if (answers.length === 0) answers.push(await desk().retract(asking({ note: 'No.' }), channel, post.id));
        return await engine.append(channelId, request);
      },
    });
    const summary = { kind: 'summary' as const, headline: 'C', derivedFrom: [post.id, other.post.id] };
    await expect(late.publish(asking(summary), channel)).rejects.toMatchObject({
      problem: { code: 'invalid-body', errors: [{ path: 'derivedFrom[0]' }] },
    });
    expect(answers).toMatchObject([{ derived: [] }]);
  });

  it('gives up after a limited number of attempts, and says that nothing was changed', async () => {
    const channel = await freshChannel();
    let attempts = 0;
    const append: Journal['append'] = async () => {
      attempts += 1;
      return { status: 'conflict', moved: [null] };
    };
    await expect(deskOn({ append }).publish(asking({ headline: 'A' }), channel)).rejects.toMatchObject({ outcome: 'unchanged' });
    expect([attempts, await offsetOf(channel)]).toEqual([newsroomLimits.decisionTries, 1]);
  });

  it('does not show text that is erased during its refusal', async () => {
    const channel = await freshChannel();
    const { post } = await desk().publish(asking({ body: 'a sentence that must go' }), channel);
    const late = asking({ kind: 'update' as const, changes: { headline: 'B' }, expected: 9 });
    const meanwhile = deskOn({
      async recall(channelId, request) {
        const outcome = await engine.recall(channelId, request);
        if (request.id === late.request.id) await desk().takeDown(asking({ note: null }), channelId, post.id);
        return outcome;
      },
    });
    const refused: unknown = await meanwhile.revise(late, channel, post.id).catch((error: unknown) => error);
    expect(refused).toMatchObject({ problem: { code: 'post-withdrawn' } });
    expect(JSON.stringify(refused)).not.toContain('must go');
  });

  it('does not show text that is erased while the refusal is read', async () => {
    const channel = await freshChannel();
    const { post } = await desk().publish(asking({ body: 'a sentence that must go' }), channel);
    let reads = 0;
    const meanwhile = deskOn({
      async post(channelId, postId) {
        const read = await engine.post(channelId, postId);
        reads += 1;
        // The first read checks access, the second confirms the refusal.
        if (reads === 2) await desk().takeDown(asking({ note: null }), channelId, postId);
        return read;
      },
    });
    const late = asking({ kind: 'update' as const, changes: { headline: 'B' }, expected: 9 });
    const refused: unknown = await meanwhile.revise(late, channel, post.id).catch((error: unknown) => error);
    expect(refused).toMatchObject({ problem: { code: 'post-withdrawn' } });
    expect(JSON.stringify(refused)).not.toContain('must go');
  });
});
