import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { AppendRequest, Engine, NewEntry, NewPostEntry, Outcome, StoredChange } from '../../src/journal/engine.ts';
import { tags, tagsOf } from '../../src/journal/post-tags.ts';
import type { Position } from '../../src/protocol/cursor.ts';
import { type AuthorPost, type Channel, type Counts, isWithdrawn, readerView, type Source } from '../../src/protocol/model.ts';
import type { Examined, OpenEngine } from '../engine/contract.ts';
import {
  appending,
  at,
  channelChange,
  channelEntry,
  newPostId,
  newRequest,
  publication,
  retraction,
  revision,
  sampleChannel,
  samplePost,
  takedown,
  wide,
} from '../support/stores/engines.ts';
import { untilComplete } from '../support/stores/erased-texts.ts';

/** The engine against a small model: a list of entries in memory, from which every expected answer is computed. */

interface Logged {
  offset: number;
  position: Position;
  entry: NewEntry;
  post: AuthorPost | undefined;
}

interface Model {
  channel: Channel | undefined;
  log: Logged[];
  /** The highest erased revision of each post. */
  erased: Map<string, number>;
  requests: { request: AppendRequest; outcome: Outcome }[];
}

interface Real {
  opened: Examined;
  channelId: string;
}

const engineOf = (real: Real): Engine => real.opened.engine;

/** The current posts, in order of publication. */
function postsOf({ log }: Model): AuthorPost[] {
  const latest = new Map<string, AuthorPost>();
  for (const { post } of log) if (post) latest.set(post.id, post);
  return [...latest.values()];
}

/** Counts the posts and entries up to an offset. */
function countsAt({ log }: Model, offset: number): Counts {
  const until = { log: log.slice(0, offset) } as Model;
  const standing = published(until);
  return {
    posts: standing.length,
    keyEvents: standing.filter(({ keyEvent }) => keyEvent).length,
    corrections: until.log.filter(({ entry }) => entry.listed).length,
  };
}

/** The changes after an offset, each post once, in its latest state. */
function changesAfter({ log }: Model, after: number): StoredChange[] {
  const latest = new Map<string | null, StoredChange>();
  for (const { offset, position, entry, post } of log) {
    if (offset <= after) continue;
    const key = post?.id ?? null;
    const place = { offset, check: position.check, at: entry.at };
    latest.delete(key);
    if (entry.type === 'channel.changed') latest.set(key, { ...place, type: entry.type, channel: entry.channel });
    else latest.set(key, { ...place, type: entry.type, post: readerView(post as AuthorPost) });
  }
  return [...latest.values()];
}

/** Appends, and compares the answer with the model. */
async function append(model: Model, real: Real, request: AppendRequest): Promise<void> {
  const before = model.requests.find((made) => made.request.request.id === request.request.id);
  const result = await engineOf(real).append(real.channelId, request);
  if (before) {
    const outcome = { ...before.outcome, same: sameOf(model, before.request, request) };
    expect(result).toEqual({ status: 'duplicate', outcome });
    return;
  }
  const moved = movedOf(model, request);
  if (moved.length > 0) {
    expect(result).toEqual({ status: 'conflict', moved });
    return;
  }
  const lastAt = model.log.at(-1)?.entry.at ?? '';
  if (request.lastDateBindsUntil !== undefined && lastAt > request.entries[0].at && lastAt <= request.lastDateBindsUntil) {
    expect(result).toEqual({ status: 'earlier', lastAt });
    return;
  }
  if (result.status !== 'appended') throw new Error(`Not appended: ${JSON.stringify(result)}`);
  const head = model.log.length;
  const { position, changes } = result;
  expect(position.offset).toBe(head + request.entries.length);
  for (const [index, entry] of request.entries.entries()) {
    const offset = head + index + 1;
    const check = changes[index]?.check ?? '';
    const post = entry.type === 'channel.changed' ? undefined : { ...entry.post, seq: seqOf(model, entry) ?? offset };
    model.log.push({ offset, position: { epoch: position.epoch, offset, check }, entry, post });
    if (entry.type === 'channel.changed') model.channel = entry.channel;
    else if (entry.erases) model.erased.set(entry.post.id, entry.erases);
  }
  const counted = changesAfter(model, head).map((change) => ({ ...change, counts: countsAt(model, change.offset) }));
  expect(changes).toEqual(counted);
  expect(position).toEqual(model.log.at(-1)?.position);
  const [first] = request.entries;
  const postId = first.type === 'channel.changed' ? null : first.post.id;
  const revisionMade = first.type === 'channel.changed' ? first.channel.revision : first.post.revision;
  model.requests.push({ request, outcome: { same: true, position, postId, revision: revisionMade } });
}

function seqOf(model: Model, entry: NewPostEntry): number | undefined {
  return model.log.find(({ post }) => post?.id === entry.post.id)?.offset;
}

function sameOf(model: Model, made: AppendRequest, request: AppendRequest): boolean {
  const [first] = made.entries;
  const isErased = first.type !== 'channel.changed' && first.post.revision <= (model.erased.get(first.post.id) ?? 0);
  return isErased || made.request.digest === request.request.digest;
}

function movedOf(model: Model, { decidedOn }: AppendRequest): (string | null)[] {
  const posts = new Map(postsOf(model).map((post) => [post.id, post.revision]));
  const moved = Object.entries(decidedOn.posts).flatMap(([id, decided]) => ((posts.get(id) ?? 0) === decided ? [] : [id]));
  return (model.channel?.revision ?? 0) === decidedOn.channel ? moved : [null, ...moved];
}

type Command = fc.AsyncCommand<Model, Real>;

function command(name: string, run: Command['run'], check: Command['check'] = ({ channel }) => channel !== undefined): Command {
  return { check, run, toString: () => name };
}

const published = (model: Model) => postsOf(model).filter((post) => !isWithdrawn(post));
const pick = <T>(from: readonly T[], n: number): T => from[n % from.length] as T;
const hasPublished = (model: Model) => published(model).length > 0;

const some = fc.nat({ max: 1_000 });
const body = fc.oneof(
  fc.constantFrom('', 'Word.', '**bold** and _more_', '- a\n- b', '<script>alert(1)</script>', 'שלום 🌍 e\u0301'),
  fc.string({ maxLength: 200, unit: 'grapheme' }),
);
const kinds = fc.constantFrom('update', 'breaking', 'summary', 'analysis' as const);
const fields = fc.record({
  body,
  kind: kinds,
  keyEvent: fc.boolean(),
  headline: fc.constantFrom('One', 'Two'),
  sources: fc.constantFrom<Source[][]>([], [{ name: 'Wire' }], [{ name: 'Wire', via: 'Paper' }]),
});

const decided = (model: Model, request = newRequest()) => ({ channel: model.channel?.revision ?? 0, request });

const writes: fc.Arbitrary<Command>[] = [
  fc
    .tuple(fields)
    .map(([made]) =>
      command('publish', (model, real) =>
        append(model, real, appending([publication(samplePost(real.channelId, made))], decided(model))),
      ),
    ),
  fc.tuple(fields, fc.nat({ max: 10 }), fc.nat({ max: 10 })).map(([made, seconds, binding]) =>
    command(`publish, dated ${seconds} s after noon, where a last date binds until ${binding} s after it`, (model, real) => {
      const post = samplePost(real.channelId, { ...made, publishedAt: at(seconds) });
      const request = appending([publication(post)], decided(model));
      return append(model, real, { ...request, lastDateBindsUntil: at(binding) });
    }),
  ),
  fc.tuple(some, fields, fc.boolean()).map(([n, made, erases]) =>
    command(
      `revise ${n}${erases ? ', erasing what was before' : ''}`,
      async (model, real) => {
        const post = pick(published(model), n);
        const entry: NewPostEntry = revision(post, made);
        await append(model, real, appending([erases ? { ...entry, erases: post.revision } : entry], decided(model)));
      },
      hasPublished,
    ),
  ),
  some.map((n) =>
    command(
      `retract ${n}`,
      (model, real) => append(model, real, appending([retraction(pick(published(model), n))], decided(model))),
      hasPublished,
    ),
  ),
  fc.tuple(some, fc.boolean()).map(([n, unpins]) =>
    command(
      `take down ${n}${unpins ? ' and unpin' : ''}`,
      async (model, real) => {
        const post = pick(published(model), n);
        const entries: AppendRequest['entries'] = unpins
          ? [takedown(post), channelChange(model.channel as Channel, { pinnedPostId: null })]
          : [takedown(post)];
        await append(model, real, appending(entries, decided(model)));
        await untilComplete(() => engineOf(real).erase(real.channelId, post.id));
      },
      hasPublished,
    ),
  ),
  fc.tuple(some, fc.constantFrom('A', 'B')).map(([n, headline]) =>
    command(`change the channel ${n}`, (model, real) => {
      const pinned = published(model).length > 0 ? pick(published(model), n).id : null;
      const change = channelChange(model.channel as Channel, { headline, pinnedPostId: pinned });
      return append(model, real, appending([change], decided(model)));
    }),
  ),
  fc.tuple(some, fields, fc.integer({ min: -1, max: 2 })).map(([n, made, off]) =>
    command(
      `revise ${n} decided on a state that is ${off} away`,
      (model, real) => {
        const post = pick(postsOf(model), n);
        const posts = { [post.id]: Math.max(0, post.revision + off) };
        return append(model, real, appending([revision(post, made)], { ...decided(model), posts }));
      },
      (model) => postsOf(model).length > 0,
    ),
  ),
  fc.tuple(some, fc.boolean()).map(([n, other]) =>
    command(
      `ask again ${n}${other ? ' for another thing' : ''}`,
      async (model, real) => {
        const { request } = pick(model.requests, n);
        const digest = other ? 'e'.repeat(64) : request.request.digest;
        const entries: AppendRequest['entries'] = [publication(samplePost(real.channelId))];
        await append(model, real, appending(entries, decided(model, { id: request.request.id, digest })));
      },
      ({ requests }) => requests.length > 0,
    ),
  ),
];

const reads: fc.Arbitrary<Command>[] = [
  fc.tuple(some, fc.integer({ min: 1, max: 8 })).map(([n, limit]) =>
    command(`catch up from ${n}, ${limit} at a time`, async (model, real) => {
      let after = pick(model.log, n).position;
      const got: StoredChange[] = [];
      for (let more = true; more; ) {
        const answer = await engineOf(real).catchUp(real.channelId, after, { ...wide, limit });
        if (answer?.status !== 'replay') throw new Error(`Not a replay: ${JSON.stringify(answer)}`);
        const counts = answer.more ? undefined : countsAt(model, model.log.length);
        expect([answer.counts, answer.changes.at(-1)?.counts]).toEqual([counts, answer.changes.length > 0 ? counts : undefined]);
        got.push(...answer.changes.map(({ counts: _counts, ...change }): StoredChange => change));
        expect(answer.changes.length).toBeLessThanOrEqual(limit);
        ({ more, to: after } = answer);
      }
      expect(got).toEqual(changesAfter(model, pick(model.log, n).offset));
      expect(after).toEqual(model.log.at(-1)?.position);
    }),
  ),
  fc
    .tuple(some, fc.constantFrom('before', 'after' as const), fc.integer({ min: 1, max: 5 }), kinds, fc.boolean())
    .map(([n, direction, limit, kind, wire]) =>
      command(`page posts ${direction} ${n}`, async (model, real) => {
        const bound = n % (model.log.length + 2);
        const wanted = wire ? [tags.source('wire'), tags.kind(kind)] : [tags.kind(kind)];
        const page = await engineOf(real).posts(real.channelId, { bytes: wide.bytes, limit, [direction]: bound, tags: wanted });
        const all = postsOf(model).filter((post) => wanted.every((tag) => tagsOf(post).includes(tag)));
        const inRange = all.filter(({ seq }) => (direction === 'before' ? seq < bound : seq > bound));
        const taken = direction === 'before' ? inRange.slice(-limit) : inRange.slice(0, limit);
        expect(page?.posts).toEqual(taken.toReversed());
        expect(page?.more).toBe(inRange.length > limit);
      }),
    ),
  some.map((n) =>
    command(
      `read the revisions of ${n}`,
      async (model, real) => {
        const { id } = pick(postsOf(model), n);
        const read = await engineOf(real).revisions(real.channelId, id, { after: 0, ...wide });
        const made = model.log.flatMap(({ post }) => (post?.id === id ? [post] : []));
        expect(read?.revisions).toEqual(made.filter((post) => post.revision > (model.erased.get(id) ?? 0)));
      },
      (model) => postsOf(model).length > 0,
    ),
  ),
  fc.constant(command('take a snapshot', takeSnapshot)),
  fc.constant(
    command('reopen', async (_model, real) => {
      await real.opened.reopen();
    }),
  ),
];

async function takeSnapshot(model: Model, real: Real): Promise<void> {
  const snapshot = await engineOf(real).snapshot(real.channelId, { ...wide, limit: 5 });
  const newest = postsOf(model).toReversed();
  const standing = newest.filter((post) => !isWithdrawn(post));
  const pinned = newest.find(({ id }) => id === model.channel?.pinnedPostId);
  const summary = standing.find(({ kind }) => kind === 'summary');
  expect(snapshot).toEqual({
    position: model.log.at(-1)?.position,
    channel: model.channel,
    counts: countsAt(model, model.log.length),
    posts: newest.slice(0, 5).map(readerView),
    pinned: pinned ? readerView(pinned) : null,
    summary: summary ? readerView(summary) : null,
    keyEvents: standing
      .filter(({ keyEvent }) => keyEvent)
      .map(({ id, seq, headline, publishedAt }) => ({ id, seq, headline, publishedAt })),
    more: newest.length > 5,
  });
  const corrections = await engineOf(real).corrections(real.channelId, { limit: 1_000 });
  const listed = model.log.toReversed().filter(({ entry }) => entry.listed);
  expect(corrections?.corrections.map(({ offset, kind }) => [offset, kind])).toEqual(
    listed.map(({ offset, entry }) => [offset, entry.kind]),
  );
}

/** The whole model test of an engine. */
export function describeModel(name: string, open: OpenEngine): void {
  describe(`the ${name} engine`, () => {
    let opened: Examined | undefined;
    afterAll(() => opened?.close());

    it('answers like a list of entries in memory, for random writes, repeats and reads', async () => {
      opened = await open();
      const own = opened;
      await fc.assert(
        fc.asyncProperty(fc.commands([...writes, ...writes, ...reads], { maxCommands: 60, size: 'max' }), async (commands) => {
          const real: Real = { opened: own, channelId: `c-${newPostId()}` };
          const model: Model = { channel: undefined, log: [], erased: new Map(), requests: [] };
          await append(model, real, appending([channelEntry(sampleChannel(real.channelId))]));
          await fc.asyncModelRun(() => ({ model, real }), commands);
          await takeSnapshot(model, real);
        }),
        { numRuns: 25, verbose: 1 },
      );
    }, 600_000);
  });
}
