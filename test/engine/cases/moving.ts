import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine, ExportedEntry, NewEntry } from '../../../src/journal/engine.ts';
import { contentHash, digestOf, nextCheck } from '../../../src/journal/hash-chain.ts';
import { emptied } from '../../support/samples/samples.ts';
import {
  appended,
  at,
  channelChange,
  createChannel,
  newPostId,
  newRequest,
  publish,
  renderer,
  revision,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

/** `entries`, and appending entries that were written in another store. */
export function moving({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  async function entriesOf(from: Engine, channelId: string, query: Partial<{ from: number } & typeof wide> = {}) {
    const read = await from.entries(channelId, { from: 1, ...wide, ...query });
    if (read === undefined) throw new Error(`There is no channel ${channelId}.`);
    return read;
  }

  /** A post that is corrected and then loses its earlier revisions, a post that is taken down, and a change of the channel. */
  async function coverage(id: string): Promise<{ kept: string; taken: string }> {
    const channel = await createChannel(engine, id);
    const [kept, taken] = [await publish(engine, id, { body: 'Secret A' }), await publish(engine, id, { body: 'Secret B' })];
    const second = revision(kept, { body: 'Secret C' });
    await appended(engine, id, [second]);
    await appended(engine, id, [channelChange(channel, { headline: 'Changed' }, { kind: 'correction', note: 'A note' })]);
    await appended(engine, id, [{ ...revision(second.post, { body: 'What stays.' }), erases: 2 }], { channel: 2 });
    await appended(engine, id, [takedown(taken)], { channel: 2 });
    await appended(engine, id, [revision({ ...second.post, revision: 3 }, { body: 'And more.' })], { channel: 2 });
    return { kept: kept.id, taken: taken.id };
  }

  it('returns entries with their text, enough to verify the chain from root to head', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id, { headline: 'Headline', body: 'Body' });
    const { root, position, entries, more } = await entriesOf(engine, channel.id);
    expect({ position, more }).toEqual({ position: (await engine.heads([channel.id]))[0], more: false });
    // A channel without a picture is stored without the field, so that older histories keep their hashes.
    const { picture: _picture, ...writtenChannel } = channel;
    const { seq: _seq, html: _html, ...writtenPost } = post;
    expect(entries.map(({ written }) => JSON.parse(written?.state ?? ''))).toEqual([writtenChannel, writtenPost]);
    let check = root;
    for (const entry of entries) {
      const { headline } = JSON.parse(entry.written?.state ?? '');
      const hashed = JSON.stringify([headline, null]) + entry.written?.state;
      expect(contentHash(entry.written?.salt ?? '', hashed)).toBe(entry.content);
      check = nextCheck(check, entry.offset, digestOf({ channelId: channel.id, ...entry }, entry.content));
      expect(entry.check).toBe(check);
    }
    expect(entries).toMatchObject([
      { offset: 1, type: 'channel.changed', postId: null, revision: 1, kind: null, at: at(), by: 'ed' },
      { offset: 2, type: 'post.published', postId: post.id, revision: 1, kind: null, at: at(), by: 'ada' },
    ]);
  });

  it('returns entries from an offset on, within bounds but at least one', async () => {
    const { id } = await createChannel(engine);
    for (let count = 0; count < 4; count += 1) await publish(engine, id, { body: 'x'.repeat(1_000) });
    const offsets = async (query: object) => {
      const { entries, more } = await entriesOf(engine, id, query);
      return [entries.map(({ offset }) => offset), more];
    };
    expect(await offsets({})).toEqual([[1, 2, 3, 4, 5], false]);
    expect(await offsets({ from: 4 })).toEqual([[4, 5], false]);
    expect(await offsets({ from: 2, limit: 2 })).toEqual([[2, 3], true]);
    expect(await offsets({ from: 2, bytes: 1 })).toEqual([[2], true]);
    expect(await offsets({ from: 2, bytes: 8_000 })).toEqual([[2, 3], true]);
    expect(await offsets({ from: 6 })).toEqual([[], false]);
    expect(await engine.entries(`c-${newPostId()}`, { from: 1, ...wide })).toBeUndefined();
  });

  it('leaves out erased text, and says which entry erased it', async () => {
    const id = `c-${newPostId()}`;
    await coverage(id);
    const { entries } = await entriesOf(engine, id);
    expect(entries.map(({ offset, written, erases }) => [offset, written !== undefined, erases])).toEqual([
      [1, true, undefined],
      [2, false, undefined],
      [3, false, undefined],
      [4, false, undefined],
      [5, true, undefined],
      [6, true, 2],
      [7, true, 1],
      [8, true, undefined],
    ]);
    expect(JSON.stringify(entries)).not.toContain('Secret');
  });

  it('records what each erasure erased, even if an earlier one erased more', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const second = revision(post, { body: 'Two.' });
    const third = { ...revision(second.post, { body: 'Three.' }), erases: 2 };
    const fourth = { ...revision(third.post, { body: 'Four.' }), erases: 1 };
    for (const entry of [second, third, fourth]) await appended(engine, id, [entry]);
    const { entries } = await entriesOf(engine, id);
    expect(entries.map(({ written, erases, chained }) => [written !== undefined, erases, chained])).toEqual([
      [true, undefined, undefined],
      [false, undefined, undefined],
      [false, undefined, undefined],
      [true, 2, true],
      [true, 1, true],
    ]);
    const { entries: lines } = (await engine.journal(id, { from: 1, limit: 10 }))!;
    expect(lines.map(({ erases }) => erases)).toEqual([undefined, undefined, undefined, 2, 1]);
  });

  it('leaves an erasure out of the chain only on request, and marks the erasures that are in the chain', async () => {
    const [{ id }, other] = [await createChannel(engine), await createChannel(engine)];
    const checks: string[] = [];
    for (const channelId of [id, other.id]) {
      const salt = '5'.repeat(32);
      const post = await publish(engine, channelId);
      const next = { ...revision(post, { body: 'Two.' }), salt, erases: 1 };
      await appended(engine, channelId, [channelId === id ? next : { ...next, chainedErasure: null }]);
      const [, , entry] = (await entriesOf(engine, channelId)).entries;
      const { content, check: _check, written: _written, chained, ...facts } = entry as ExportedEntry;
      expect(facts.erases).toBe(1);
      expect(chained).toBe(channelId === id ? true : undefined);
      const [line] = (await engine.journal(channelId, { from: 3, limit: 1 }))!.entries;
      const { erases: _erases, ...untold } = facts;
      expect(line?.hash).toBe(digestOf({ channelId, ...(channelId === id ? facts : untold) }, content));
      checks.push(line?.hash as string);
    }
    expect(new Set(checks).size).toBe(2);
  });

  it('rebuilds the same history in another store: offsets, checks and erasures', async () => {
    const id = `c-${newPostId()}`;
    await coverage(id);
    const original = await entriesOf(engine, id);
    const other = await open();
    try {
      for (const entry of original.entries) {
        const decided = { channel: entry.offset === 1 ? 0 : entry.offset > 5 ? 2 : 1 };
        const posts = entry.postId === null ? {} : { [entry.postId]: entry.revision - 1 };
        const request = {
          request: newRequest(),
          decidedOn: { ...decided, posts },
          entries: [again(id, entry)] as const,
          root: original.root,
        };
        const result = await other.engine.append(id, request);
        expect(result).toMatchObject({ status: 'appended', position: { offset: entry.offset, check: entry.check.slice(0, 16) } });
      }
      expect(await entriesOf(other.engine, id)).toEqual(original);
      const everything = async (of: Engine) => [await of.snapshot(id, wide), await of.corrections(id, { limit: 100 })];
      expect(await everything(other.engine)).toEqual(await everything(engine));
      const reopened = await other.reopen();
      expect(await entriesOf(reopened, id)).toEqual(original);
    } finally {
      await other.close();
    }
  });

  it('shows a given placeholder for a text that was erased elsewhere until the next revision, and never as a revision', async () => {
    const { id } = await createChannel(engine);
    const { html: _html, ...gone } = { ...emptied(samplePost(id)), status: 'taken-down' as const, html: '' };
    const stub = { ...gone, html: '' };
    const erased = 'e'.repeat(64);
    const facts = { type: 'post.published' as const, at: at(), by: 'ada', kind: null, listed: false };
    const { post } = await appended(engine, id, [{ ...facts, post: stub, erased }]);
    expect((await engine.post(id, stub.id))?.post).toEqual(post);
    expect((await engine.posts(id, wide))?.posts).toEqual([post]);
    expect((await engine.revisions(id, stub.id, { after: 0, ...wide }))?.revisions).toEqual([]);
    const [, entry] = (await entriesOf(engine, id)).entries;
    expect(entry).toMatchObject({ content: erased });
    expect(entry).not.toHaveProperty('written');

    const next = { ...revision(stub, { body: 'What stays.' }), erases: 1 };
    await appended(engine, id, [{ ...next, post: { ...next.post, status: 'published' } }]);
    expect((await engine.revisions(id, stub.id, { after: 0, ...wide }))?.revisions).toMatchObject([{ revision: 2 }]);
    expect((await engine.catchUp(id, (await engine.heads([id]))[0]!, wide))?.status).toBe('replay');
    expect((await entriesOf(engine, id)).entries.map(({ erases }) => erases)).toEqual([undefined, undefined, 1]);
  });
}

/** The entry as an import would append it in another store. */
function again(channelId: string, entry: ExportedEntry): NewEntry {
  const { type, postId, revision, kind, at, by, content, written, erases, chained } = entry;
  const facts = { at, by, kind, listed: kind !== null && kind !== 'refile', ...(written && { salt: written.salt }) };
  const state = written && JSON.parse(written.state);
  if (type === 'channel.changed') {
    const change = state.history.find((past: { revision: number }) => past.revision === revision);
    return { ...facts, type, channel: state, ...(change && { change }) };
  }
  if (state === undefined) {
    const stub = {
      ...emptied(samplePost(channelId, { body: '' })),
      id: postId as string,
      revision,
      status: 'taken-down' as const,
    };
    const erasure = { ...(revision > 1 && { erases: revision - 1 }), chainedErasure: chained ? (erases as number) : null };
    return { ...facts, type, post: { ...stub, html: '' }, erased: content, ...erasure };
  }
  const html = state.body === '' ? '' : renderer.render(state.body, { channelId });
  return {
    ...facts,
    type,
    post: { ...state, html },
    ...(erases !== undefined && { erases, chainedErasure: chained ? erases : null }),
  };
}
