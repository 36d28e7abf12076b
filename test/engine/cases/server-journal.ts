import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import { nextCheck } from '../../../src/journal/hash-chain.ts';
import { type StoredServerEntry, serverDigest } from '../../../src/journal/server-journal.ts';
import {
  appended,
  appending,
  channelEntry,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  renderer,
  revision,
  sampleChannel,
  samplePost,
  takedown,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

/** The server's own journal: which channels exist, and what administrators and imports did. */
export function tellingOfTheServer({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  async function all(of: Engine = engine): Promise<StoredServerEntry[]> {
    const entries: StoredServerEntry[] = [];
    let check = '';
    for (let more = true; more; ) {
      const page = await of.serverJournal({ from: entries.length + 1, limit: 7 });
      check ||= page.root;
      for (const entry of page.entries) {
        entries.push(entry);
        check = nextCheck(check, entries.length, serverDigest(entry));
        expect(entry).toMatchObject({ offset: entries.length, check });
      }
      more = page.more;
    }
    return entries;
  }

  /** The entries that an action adds. */
  async function addedBy(act: () => Promise<unknown>): Promise<object[]> {
    const before = (await all()).length;
    await act();
    return (await all()).slice(before).map(({ type, subject, detail, by }) => ({ type, subject, detail, by }));
  }

  it('begins with its own start and the renderer in use', async () => {
    expect(await all()).toMatchObject([
      { type: 'journal.begun', subject: null },
      { type: 'renderer.used', subject: renderer.version, detail: renderer.publicUrl },
    ]);
  });

  it('records the creation of a channel with the root of its chain, its deletion, and who did it', async () => {
    const id = `c-${newPostId()}`;
    const made = await addedBy(() => createChannel(engine, id));
    const { root } = (await engine.entries(id, { from: 1, limit: 1, bytes: 1 }))!;
    expect(made).toEqual([{ type: 'channel.created', subject: id, detail: root, by: 'ed' }]);
    const deleted = [{ type: 'channel.deleted', subject: id, detail: null, by: 'root' }];
    expect(await addedBy(() => engine.deleteChannel(id, newRequest(), 'root'))).toEqual(deleted);
    expect(await addedBy(() => engine.deleteChannel(id, newRequest(), 'root'))).toEqual([]);
  });

  it('records nothing that the journal of a channel records, and nothing for a write that changes nothing', async () => {
    const { id } = await createChannel(engine);
    const creation = appending([channelEntry(sampleChannel(id))]);
    const writing = async () => {
      const post = await publish(engine, id);
      const next = revision(post, { body: 'Otherwise.' });
      await appended(engine, id, [{ ...next, erases: 1 }]);
      await appended(engine, id, [takedown(next.post)]);
      expect(await engine.append(id, creation)).toMatchObject({ status: 'conflict' });
      await engine.deleteChannel(`c-${newPostId()}`, newRequest(), 'root');
    };
    expect(await addedBy(writing)).toEqual([]);
  });

  it('records each revocation and who made it, unless an earlier one lasts as long', async () => {
    const until = Date.now() + 600_000;
    const revoke = (to: number | null) => addedBy(() => engine.revoke('told', to, 'root'));
    const entry = { type: 'token.revoked', subject: 'told', by: 'root' };
    expect(await revoke(until)).toEqual([{ ...entry, detail: new Date(until).toISOString() }]);
    expect(await revoke(until - 1)).toEqual([]);
    expect(await revoke(null)).toEqual([{ ...entry, detail: null }]);
    expect(await revoke(until)).toEqual([]);
  });

  it('records each session that is signed out, once, and who did it', async () => {
    const begunAt = Date.now();
    const ended = { subject: 'of-ruth', id: 'at-the-office', begunAt, until: begunAt + 600_000 };
    const detail = `of-ruth ${new Date(begunAt).toISOString()} ${new Date(begunAt + 600_000).toISOString()}`;
    const signOut = () => engine.endSession(ended, 'ruth');
    const entry = { type: 'session.ended', subject: 'at-the-office', detail, by: 'ruth' };
    expect(await addedBy(() => Promise.all([signOut(), signOut()]))).toEqual([entry]);
    expect(await addedBy(signOut)).toEqual([]);
    expect(await addedBy(() => engine.endSession({ ...ended, id: 'at-home' }, null))).toEqual([]);
  });

  it('records who imports into a channel, once per import, and erasures that its entries do not record', async () => {
    const id = `c-${newPostId()}`;
    const imported = { by: 'root', isFirst: true };
    const root = '7'.repeat(32);
    const opening = { ...appending([channelEntry(sampleChannel(id))]), imported, root };
    expect(await addedBy(() => engine.append(id, opening))).toEqual([
      { type: 'channel.imported', subject: id, detail: root, by: 'root' },
    ]);
    const post = samplePost(id);
    const next = { ...revision(post, { body: 'Otherwise.' }), erases: 1, chainedErasure: null };
    const lines = async () => {
      await engine.append(id, { ...appending([publication(post)]), imported: { by: 'root', isFirst: false } });
      await engine.append(id, { ...appending([next]), imported: { by: 'root', isFirst: false } });
    };
    expect(await addedBy(lines)).toEqual([{ type: 'erasure.imported', subject: id, detail: `${post.id} 2`, by: 'root' }]);
    const again = { ...appending([publication(samplePost(id))]), imported };
    expect(await addedBy(() => engine.append(id, again))).toMatchObject([{ type: 'channel.imported', detail: null }]);
  });

  it('continues after the store is reopened', async () => {
    const before = await all();
    const { root } = await engine.serverJournal({ from: 1, limit: 1 });
    engine = await examined.reopen();
    expect(await all()).toEqual(before);
    expect(await addedBy(() => createChannel(engine))).toMatchObject([{ type: 'channel.created' }]);
    expect((await engine.serverJournal({ from: 1, limit: 1 })).root).toBe(root);
  });
}
