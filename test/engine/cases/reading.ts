import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine, Replay, StoredChange } from '../../../src/journal/engine.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import type { AuthorPost } from '../../../src/protocol/model.ts';
import { everyField } from '../../support/samples/samples.ts';
import {
  appended,
  channelChange,
  createChannel,
  newPostId,
  publish,
  retraction,
  revision,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

const nameOf = (change: StoredChange) => (change.type === 'channel.changed' ? 'channel' : change.post.id);

/** `catchUp`, `snapshot` and `heads`. */
export function catchingUp({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  async function head(channelId: string): Promise<Position> {
    const [position] = await engine.heads([channelId]);
    if (!position) throw new Error(`There is no channel ${channelId}.`);
    return position;
  }
  async function replay(channelId: string, after: Position, bounds = wide): Promise<Replay> {
    const answer = await engine.catchUp(channelId, after, bounds);
    if (answer?.status !== 'replay') throw new Error(`Not a replay: ${JSON.stringify(answer)}`);
    return answer;
  }
  /** Position 0 of a channel's history, with the part of the check that a cursor carries. */
  async function beginning(channelId: string): Promise<Position> {
    let root: Position | undefined;
    const undo = await engine.subscribe(channelId, (heard) => {
      if (heard.type === 'entry' && heard.change.offset === 1) root = { epoch: heard.epoch, offset: 0, check: heard.before };
    });
    await createChannel(engine, channelId);
    undo();
    if (!root) throw new Error('The creation was not announced.');
    return root;
  }

  it('hides only desk channels from those who may not see them', async () => {
    const of = (access: 'public' | 'members' | 'desk') => createChannel(engine, undefined, { access });
    const [hidden, members, open] = [await of('desk'), await of('members'), await of('public')];
    expect(await engine.channel(hidden.id, false)).toEqual({ status: 'missing' });
    expect(await engine.channel(hidden.id, true)).toMatchObject({ status: 'found', channel: { id: hidden.id } });
    expect(await engine.channel(hidden.id)).toMatchObject({ status: 'found' });
    for (const { id } of [members, open])
      expect(await engine.channel(id, false)).toMatchObject({ status: 'found', channel: { id } });
  });

  it('returns each changed post and the channel once, in the latest state, in order of last change', async () => {
    const channel = await createChannel(engine);
    const start = await head(channel.id);
    const [a, b, c] = [await publish(engine, channel.id), await publish(engine, channel.id), await publish(engine, channel.id)];
    await appended(engine, channel.id, [channelChange(channel, { headline: 'New headline' })]);
    const second = revision(a, { body: 'Second.' });
    await appended(engine, channel.id, [second], { channel: 2 });
    const third = await appended(engine, channel.id, [revision(second.post, { body: 'Third.' })], { channel: 2 });
    await appended(engine, channel.id, [takedown(c)], { channel: 2 });
    const { changes, to, more } = await replay(channel.id, start);
    expect(changes.map(nameOf)).toEqual([b.id, 'channel', a.id, c.id]);
    expect(changes.map(({ offset }) => offset)).toEqual([3, 5, 7, 8]);
    const { counts: _counts, ...change } = third.changes[0] as StoredChange;
    expect(changes[2]).toEqual(change);
    expect(JSON.stringify(changes)).not.toContain('Second.');
    expect({ to, more }).toEqual({ to: await head(channel.id), more: false });
    const after = await replay(channel.id, third.position);
    expect(after.changes.map(nameOf)).toEqual([c.id]);
  });

  it('returns every field of a post, empty if the stored post is older than the field', async () => {
    const channel = await createChannel(engine);
    const start = await head(channel.id);
    const other = await publish(engine, channel.id);
    const post = await publish(engine, channel.id, everyField([other.id]));
    const everyAnswer = async () => {
      const { changes } = await replay(channel.id, start);
      const replayed = changes.flatMap((change) =>
        change.type !== 'channel.changed' && change.post.id === post.id ? change.post : [],
      );
      return [
        (await engine.post(channel.id, post.id))?.post,
        (await engine.posts(channel.id, wide))?.posts[0],
        (await engine.revisions(channel.id, post.id, { after: 0, ...wide }))?.revisions.at(-1),
        (await engine.snapshot(channel.id, wide))?.posts[0],
        ...replayed,
      ];
    };
    const { body, ...shown } = everyField([other.id]);
    const answers = await everyAnswer();
    expect(answers).toHaveLength(5);
    for (const answer of answers) expect(answer).toMatchObject(shown);
    expect(answers.slice(0, 3)).toMatchObject([{ body }, { body }, { body }]);
    const { developing: _later, verification: _too, ...older } = revision(post, {}).post;
    await appended(engine, channel.id, [{ ...revision(post, {}), post: older as AuthorPost }]);
    for (const answer of await everyAnswer()) expect(answer).toMatchObject({ ...shown, developing: false, verification: null });
  });

  it('returns a change exactly as it was announced', async () => {
    const { id } = await createChannel(engine);
    const start = await head(id);
    const heard: StoredChange[] = [];
    await engine.subscribe(id, (announcement) => announcement.type === 'entry' && heard.push(announcement.change));
    await publish(engine, id, {
      body: 'A *word*.\n\n- one\n- two',
      headline: 'Ünïcode 🌍 שלום',
      media: [{ type: 'image', url: 'https://pictures.example/1.jpg', alt: 'A picture', caption: undefined }],
    });
    expect((await replay(id, start)).changes).toEqual(heard);
    expect(JSON.stringify((await replay(id, start)).changes)).toBe(JSON.stringify(heard));
  });

  it('does not return the body, or who published or changed a post, to readers', async () => {
    const { id } = await createChannel(engine);
    const start = await head(id);
    const post = await publish(engine, id, { body: '**Loud**', keyEvent: true, headline: 'H', kind: 'summary' });
    await appended(engine, id, [revision(post, { body: '**Louder**' })]);
    const [snapshot, answer] = [await engine.snapshot(id, wide), await replay(id, start)];
    const json = JSON.stringify([snapshot, answer]);
    for (const hidden of ['"body"', '"publishedBy"', '"by"', '**']) expect(json).not.toContain(hidden);
  });

  it('returns no changes at the head', async () => {
    const { id } = await createChannel(engine);
    await publish(engine, id);
    const position = await head(id);
    const counts = { posts: 1, keyEvents: 0, corrections: 0 };
    expect(await replay(id, position)).toEqual({ status: 'replay', to: position, changes: [], counts, more: false });
  });

  it('returns everything after position 0 of the history', async () => {
    const id = `from-zero-${newPostId()}`;
    const start = await beginning(id);
    const post = await publish(engine, id);
    expect((await replay(id, start)).changes.map(nameOf)).toEqual(['channel', post.id]);
  });

  it('answers foreign for a position of another history', async () => {
    const { id } = await createChannel(engine);
    await publish(engine, id);
    const position = await head(id);
    const foreign: Position[] = [
      { ...position, epoch: '0'.repeat(12) },
      { ...position, offset: 3 },
      { ...position, offset: 1 },
      { ...position, offset: 0 },
      { ...position, check: '0'.repeat(16) },
      { epoch: '0'.repeat(12), offset: 0, check: '0'.repeat(16) },
    ];
    for (const after of foreign) expect(await engine.catchUp(id, after, wide)).toEqual({ status: 'foreign' });
  });

  it('returns nothing for a missing channel', async () => {
    const nowhere = `c-${newPostId()}`;
    const position = { epoch: '0'.repeat(12), offset: 0, check: '0'.repeat(16) };
    expect(await engine.catchUp(nowhere, position, wide)).toBeUndefined();
    expect(await engine.snapshot(nowhere, wide)).toBeUndefined();
    expect(await engine.heads([nowhere])).toEqual([undefined]);
  });

  it('stops at the limit, and misses nothing up to its end', async () => {
    const channel = await createChannel(engine);
    const start = await head(channel.id);
    const posts = [];
    for (let index = 0; index < 9; index++) posts.push(await publish(engine, channel.id));
    await appended(engine, channel.id, [revision(posts[2]!, { body: 'Changed.' })]);
    const states = new Map<string, number>();
    let after = start;
    let calls = 0;
    for (let more = true; more; calls++) {
      const answer = await replay(channel.id, after, { ...wide, limit: 4 });
      expect(answer.changes.length).toBeLessThanOrEqual(4);
      if (answer.more) expect(answer.to.offset).toBe(answer.changes.at(-1)?.offset);
      for (const change of answer.changes) {
        if (change.type !== 'channel.changed') states.set(change.post.id, change.post.revision);
      }
      // Between two pages, one post that was already returned changes, and one that was not.
      if (calls === 0) await appended(engine, channel.id, [revision(posts[0]!, { body: 'Later.' })]);
      if (calls === 0) await appended(engine, channel.id, [revision(posts[8]!, { body: 'Later.' })]);
      ({ more, to: after } = answer);
    }
    expect(after).toEqual(await head(channel.id));
    expect(posts.map((post) => states.get(post.id))).toEqual([2, 1, 2, 1, 1, 1, 1, 1, 2]);
  });

  it('stops near the bound in bytes, but returns at least one change', async () => {
    const { id } = await createChannel(engine);
    const start = await head(id);
    for (let index = 0; index < 5; index++) await publish(engine, id, { body: 'x'.repeat(10_000) });
    const some = await replay(id, start, { limit: 100, bytes: 35_000 });
    expect(some.changes.length).toBeGreaterThanOrEqual(2);
    expect(some.changes.length).toBeLessThanOrEqual(3);
    expect(JSON.stringify(some.changes).length).toBeLessThanOrEqual(35_000);
    expect(some.more).toBe(true);
    const least = await replay(id, start, { limit: 100, bytes: 1 });
    expect(least.changes).toHaveLength(1);
    expect(least.more).toBe(true);
  });

  it('returns a snapshot: the newest posts first, with its position', async () => {
    const channel = await createChannel(engine);
    const posts = [];
    for (let index = 0; index < 5; index++) posts.push(await publish(engine, channel.id));
    const snapshot = await engine.snapshot(channel.id, { ...wide, limit: 3 });
    expect(snapshot).toMatchObject({ position: await head(channel.id), channel, more: true, pinned: null, summary: null });
    expect(snapshot?.posts.map(({ seq }) => seq)).toEqual([6, 5, 4]);
    const whole = await engine.snapshot(channel.id, { ...wide, limit: 5 });
    expect(whole?.posts).toHaveLength(5);
    expect(whole?.more).toBe(false);
  });

  it('bounds the posts of a snapshot in bytes, and adds the pinned post, the summary and key events', async () => {
    const channel = await createChannel(engine);
    const pinned = await publish(engine, channel.id, { body: 'Pinned.', keyEvent: true, headline: 'First key' });
    await publish(engine, channel.id, { body: 'Older summary.', kind: 'summary' });
    const summary = await publish(engine, channel.id, { body: 'Summary.', kind: 'summary' });
    const gone = await publish(engine, channel.id, { body: 'Gone.', kind: 'summary', keyEvent: true, headline: 'Gone key' });
    for (let index = 0; index < 4; index++) await publish(engine, channel.id, { body: 'x'.repeat(10_000) });
    await appended(engine, channel.id, [retraction(gone)]);
    await appended(engine, channel.id, [channelChange(channel, { pinnedPostId: pinned.id })]);
    const snapshot = await engine.snapshot(channel.id, { limit: 100, bytes: 25_000 });
    expect(snapshot?.posts).toHaveLength(2);
    expect(snapshot?.more).toBe(true);
    expect(snapshot?.pinned).toMatchObject({ id: pinned.id, html: '<p>Pinned.</p>\n' });
    expect(snapshot?.summary).toMatchObject({ id: summary.id });
    const { id, seq, publishedAt } = pinned;
    expect(snapshot?.keyEvents).toEqual([{ id, seq, headline: 'First key', publishedAt }]);
  });

  it('returns the newest hundred key events', async () => {
    const { id } = await createChannel(engine);
    const key = (index: number) => publish(engine, id, { keyEvent: true, headline: `Key ${index}` });
    await Promise.all(Array.from({ length: 103 }, (_, index) => key(index)));
    const snapshot = await engine.snapshot(id, { limit: 1, bytes: 1_000 });
    expect(snapshot?.keyEvents.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, index) => 104 - index));
  });

  it('returns the position of each channel in the requested order', async () => {
    const [a, b] = [await createChannel(engine), await createChannel(engine)];
    await publish(engine, b.id);
    const [first, none, second] = await engine.heads([b.id, `c-${newPostId()}`, a.id]);
    expect([first?.offset, none, second?.offset]).toEqual([2, undefined, 1]);
    expect(first).toEqual((await engine.snapshot(b.id, wide))?.position);
  });
}
