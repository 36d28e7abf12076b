import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restoreTimeline, saveTimeline } from '../../client/lib/timeline/saved-timeline.ts';
import { applyCatchUp, applyEvent, fits, fromSnapshot } from '../../client/lib/timeline/timeline.ts';
import { reachedEnd, type Timeline } from '../../client/lib/timeline/timeline-model.ts';
import {
  applyKeyEventsPage,
  applyPage,
  applyPost,
  applySummaryPage,
  moveTo,
  type Need,
  narrow,
  needs,
  newerPage,
  olderPage,
  type Page,
  type PageAsk,
} from '../../client/lib/timeline/timeline-pages.ts';
import type { CatchUp, Event, PostKind, ReaderPost } from '../../src/protocol/model.ts';
import { ModelServer } from '../support/servers/model-server.ts';

/**
 * A timeline against a small model of the server. Events are lost, duplicated and reordered, catch-ups are cut at random, answers
 * come late or from lagging nodes, and the history is replaced. In every case no superseded text is shown after its successor was
 * applied, and once everything has arrived, the timeline equals the server's state byte for byte.
 */

interface Answer {
  epoch: number;
  take(timeline: Timeline): Timeline | undefined;
}

class Reader {
  readonly server = new ModelServer();
  readonly pageLimit: number;
  timeline: Timeline;
  epoch = 0;
  /** Pushed events that may still arrive. */
  pushed: Event[] = [];
  answers: Answer[] = [];
  /** The highest revision of each post among the events this reader applied. */
  applied = new Map<string, number>();
  /** The offsets of the events applied one by one since the last reset. */
  offsets: number[] = [];

  constructor(posts: number, pageLimit: number) {
    this.pageLimit = pageLimit;
    for (let each = 0; each < posts; each += 1)
      this.server.publish({ kind: each % 9 === 8 ? 'summary' : 'update', keyEvent: each % 4 !== 3 });
    this.timeline = fromSnapshot(this.server.snapshot(pageLimit), this.server.head);
  }

  /** A write on the server, which pushes its events. */
  write(change: (server: ModelServer) => void): void {
    const before = this.server.head;
    change(this.server);
    for (let offset = before + 1; offset <= this.server.head; offset += 1) this.pushed.push(this.server.event(offset));
  }

  /** An event arrives, possibly again or out of order. */
  hear(at: number, keep: boolean): void {
    const index = at % Math.max(1, this.pushed.length);
    const event = this.pushed[index];
    if (event === undefined) return;
    if (!keep) this.pushed.splice(index, 1);
    if (fits(this.timeline, event)) this.note([event]);
    this.show(applyEvent(this.timeline, event));
  }

  askCatchUp(limit: number, lag: number): void {
    const { cursor, offset } = this.timeline;
    const asOf = Math.max(1, this.server.head - lag);
    const catchUp = this.server.catchUp(cursor, offset, { limit, posts: this.pageLimit }, asOf);
    this.answers.push({ epoch: this.epoch, take: (timeline) => this.take(timeline, catchUp) });
  }

  askPage(way: 'older' | 'newer', lag: number): void {
    const ask = way === 'older' ? olderPage(this.timeline) : newerPage(this.timeline);
    if (ask === undefined) return;
    const page = this.page(ask, lag);
    this.answers.push({ epoch: this.epoch, take: (timeline) => applyPage(timeline, page, ask) });
  }

  move(before: number | null, lag: number): void {
    const page = this.server.page({ ...(before !== null && { before }), limit: this.pageLimit }, this.asOf(lag));
    const { window } = this.timeline;
    this.answers.push({
      epoch: this.epoch,
      take: (timeline) => (timeline.window === window ? moveTo(timeline, page, before) : timeline),
    });
  }

  /** Narrows the window to these posts. */
  narrow(from: number, count: number, ceiling: boolean): void {
    const { posts } = this.timeline;
    const kept = posts.slice(from % Math.max(1, posts.length)).slice(0, count + 1);
    const [top, bottom] = [kept[0], kept.at(-1)];
    if (bottom !== undefined) this.show(narrow(this.timeline, bottom.seq, ceiling ? (top?.seq ?? null) : null));
  }

  askNeeds(lag: number): void {
    for (const need of needs(this.timeline))
      this.answers.push({ epoch: this.epoch, take: (timeline) => timeline && this.meet(timeline, need, lag) });
  }

  /** An answer arrives, possibly one that was requested in an earlier history. */
  arrive(at: number): void {
    const [answer] = this.answers.splice(at % Math.max(1, this.answers.length), 1);
    if (answer === undefined) return;
    const next = answer.take(this.timeline);
    if (next !== undefined) this.show(next);
  }

  reset(length: number): void {
    this.epoch += 1;
    this.server.reset(length);
    this.pushed = [];
    this.applied.clear();
    this.offsets = [];
    // The server announces the reset at once. Earlier answers may still arrive.
    const catchUp = this.server.catchUp(this.timeline.cursor, this.timeline.offset, { limit: 5, posts: this.pageLimit });
    expect(catchUp.mode).toBe('snapshot');
    this.show(applyCatchUp(this.timeline, catchUp) as Timeline);
  }

  saveAndRestore(): void {
    const saved = JSON.parse(JSON.stringify(saveTimeline(this.timeline)));
    this.answers = [];
    this.show(restoreTimeline(saved, this.server.channelId) as Timeline);
  }

  /** Delivers the rest in order, and requests what the timeline needs until it needs nothing. */
  settle(): void {
    for (const answer of this.answers.splice(0)) this.show(answer.take(this.timeline) ?? this.timeline);
    for (let rounds = 0; this.timeline.offset < this.server.head; rounds += 1) {
      expect(rounds, 'catching up does not end').toBeLessThan(1_000);
      const catchUp = this.server.catchUp(this.timeline.cursor, this.timeline.offset, { limit: 3, posts: this.pageLimit });
      this.show(this.take(this.timeline, catchUp) ?? this.timeline);
    }
    this.meetAll();
  }

  meetAll(): void {
    for (let rounds = 0; needs(this.timeline).length > 0; rounds += 1) {
      expect(rounds, `asking does not end: ${JSON.stringify(needs(this.timeline))}`).toBeLessThan(1_000);
      for (const need of needs(this.timeline)) this.show(this.meet(this.timeline, need, 0));
    }
  }

  private take(timeline: Timeline, catchUp: CatchUp): Timeline | undefined {
    if (
      catchUp.mode === 'replay' &&
      catchUp.covers.after <= timeline.offset &&
      catchUp.cursor === this.server.cursor(catchUp.covers.to)
    ) {
      this.note(catchUp.events.filter(({ offset }) => offset > timeline.offset));
    }
    // A client ignores answers of another history by their read number, see `gap-algorithm.ts`.
    return catchUp.cursor === this.server.cursor(catchUp.covers.to) ? applyCatchUp(timeline, catchUp) : timeline;
  }

  private meet(timeline: Timeline, need: Need, lag: number): Timeline {
    switch (need.ask) {
      case 'post': {
        const post = this.server.post(need.id, this.asOf(lag));
        return post === undefined || need.window !== timeline.window ? timeline : applyPost(timeline, post);
      }
      case 'summary':
        return applySummaryPage(
          timeline,
          this.server.page({ kind: 'summary', before: need.before, limit: 2 }, this.asOf(lag)),
          need,
        );
      case 'key-events':
        return applyKeyEventsPage(
          timeline,
          this.server.page({ keyEvent: true, before: need.before, limit: 2 }, this.asOf(lag)),
          need,
        );
    }
  }

  private page(ask: PageAsk, lag: number): Page {
    const bound = 'before' in ask ? { before: ask.before } : { after: ask.after };
    return this.server.page({ ...bound, limit: this.pageLimit }, this.asOf(lag));
  }

  private asOf(lag: number): number {
    return Math.max(1, this.server.head - lag);
  }

  private note(events: readonly Event[]): void {
    for (const event of events) {
      this.offsets.push(event.offset);
      if ('post' in event) this.applied.set(event.post.id, Math.max(event.post.revision, this.applied.get(event.post.id) ?? 0));
    }
  }

  /** Checked without `expect`, because thousands of calls per run would take most of its time. */
  private show(next: Timeline): void {
    this.timeline = next;
    const { posts, pinned, summary, keyEvents, offset, counts } = next;
    const faults: string[] = [];
    if (
      counts !== undefined &&
      next.cursor === this.server.cursor(offset) &&
      !isDeepStrictEqual(counts, this.server.counts(offset))
    )
      faults.push(`the counts are not those at ${offset}`);
    for (const post of [...posts, pinned, summary]) {
      if (post !== null && post.revision < (this.applied.get(post.id) ?? 0)) faults.push(`${post.id} is shown as it was`);
    }
    for (const { id, headline } of keyEvents) {
      const revision = Number(headline.slice(headline.lastIndexOf(' ')));
      if (revision < (this.applied.get(id) ?? 0)) faults.push(`key event ${id} is shown as it was`);
    }
    if (posts.some(({ seq }, at) => at > 0 && seq >= (posts[at - 1]?.seq ?? 0))) faults.push('posts are out of order, or twice');
    if (this.offsets.some((offset, at) => at > 0 && offset <= (this.offsets[at - 1] ?? 0)))
      faults.push('an offset was applied twice');
    if (faults.length > 0) expect.fail(faults.join('; '));
  }
}

function expectEqual(timeline: Timeline, server: ModelServer): void {
  const whole = server.snapshot(10_000);
  expect(timeline.offset).toBe(server.head);
  expect(timeline.cursor).toBe(whole.cursor);
  expect(timeline.counts).toEqual(whole.counts);
  const inWindow = ({ seq }: ReaderPost) => seq >= timeline.floor && (timeline.ceiling === null || seq <= timeline.ceiling);
  const { channel, posts, pinned, summary, keyEvents } = timeline;
  expect(JSON.stringify({ channel, posts, pinned, summary, keyEvents })).toBe(
    JSON.stringify({
      channel: whole.channel,
      posts: whole.posts.filter(inWindow),
      pinned: whole.pinned,
      summary: whole.summary,
      keyEvents: whole.keyEvents,
    }),
  );
}

type Happening = (reader: Reader) => void;
const kinds: PostKind[] = ['update', 'update', 'summary', 'breaking'];
const kind = fc.constantFrom(...kinds);
const which = fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 200 }));
const lag = fc.oneof(fc.constant(0), fc.nat({ max: 12 }));
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(kind, fc.boolean())
      .map(([kind, keyEvent]) => write(`publish ${kind}`, (to) => to.publish({ kind, keyEvent }))),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(which, fc.constantFrom('refile' as const, 'correction' as const), fc.option(kind), fc.option(fc.boolean()))
      .map(([which, change, kind, keyEvent]) => {
        const changes = { ...(kind !== null && { kind }), ...(keyEvent !== null && { keyEvent }) };
        return write(`${change} ${which} ${JSON.stringify(changes)}`, (to) => to.revise(which, change, changes));
      }),
  },
  { weight: 2, arbitrary: which.map((which) => write(`retract ${which}`, (to) => to.withdraw(which, 'retracted'))) },
  { weight: 1, arbitrary: which.map((which) => write(`take down ${which}`, (to) => to.withdraw(which, 'taken-down'))) },
  { weight: 2, arbitrary: which.map((which) => write(`pin ${which}`, (to) => to.pin(which))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.boolean())
      .map(([from, count, ceiling]) =>
        named(`narrow ${from} ${count} ${ceiling}`, (reader) => reader.narrow(from, count, ceiling)),
      ),
  },
  { weight: 1, arbitrary: fc.constant(write('unpin', (to) => to.unpin())) },
  { weight: 1, arbitrary: fc.constant(write('retitle', (to) => to.retitle())) },
  { weight: 10, arbitrary: fc.constant(named('hear the next', (reader) => reader.hear(0, false))) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat({ max: 9 }), fc.boolean())
      .map(([at, keep]) => named(`hear ${at} ${keep}`, (reader) => reader.hear(at, keep))),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 6 }), lag)
      .map(([limit, lag]) => named(`catch up ${limit} ${lag}`, (reader) => reader.askCatchUp(limit, lag))),
  },
  { weight: 3, arbitrary: lag.map((lag) => named(`older ${lag}`, (reader) => reader.askPage('older', lag))) },
  { weight: 2, arbitrary: lag.map((lag) => named(`newer ${lag}`, (reader) => reader.askPage('newer', lag))) },
  { weight: 3, arbitrary: lag.map((lag) => named(`needs ${lag}`, (reader) => reader.askNeeds(lag))) },
  { weight: 8, arbitrary: fc.nat({ max: 9 }).map((at) => named(`answer ${at}`, (reader) => reader.arrive(at))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.option(fc.integer({ min: 2, max: 200 })), lag)
      .map(([before, lag]) => named(`move to ${before} ${lag}`, (reader) => reader.move(before, lag))),
  },
  { weight: 1, arbitrary: fc.constant(named('save and restore', (reader) => reader.saveAndRestore())) },
);
const reset = fc.nat({ max: 12 }).map((length) => named(`reset to ${length}`, (reader) => reader.reset(length)));

function named(name: string, happen: Happening): Happening {
  return Object.assign(happen, { toString: () => name, [fc.toStringMethod]: () => name });
}
function write(name: string, change: (server: ModelServer) => void): Happening {
  return named(name, (reader) => reader.write(change));
}
const story = (one: fc.Arbitrary<Happening>) => fc.array(one, { maxLength: 80, size: 'max' });
const start = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: 6 }) },
    { weight: 4, arbitrary: fc.nat({ max: 30 }) },
    { weight: 1, arbitrary: fc.constant(140) },
  ),
  fc.integer({ min: 1, max: 8 }),
);

describe('a timeline', () => {
  it('ends in the state of the server after losses, duplicates, reordering, cuts and late answers, and never shows superseded text', () => {
    fc.assert(
      fc.property(start, story(happening), ([posts, limit], happenings) => {
        const reader = new Reader(posts, limit);
        for (const happen of happenings) happen(reader);
        reader.settle();
        expectEqual(reader.timeline, reader.server);
      }),
      { numRuns: 500 },
    );
  });

  it('holds the whole channel after paging to the end, and keeps it up to date', () => {
    fc.assert(
      fc.property(start, story(happening), story(happening), ([posts, limit], before, after) => {
        const reader = new Reader(posts, limit);
        for (const happen of before) happen(reader);
        reader.settle();
        pageToBothEnds(reader);
        expect(reader.timeline.posts).toHaveLength(reader.server.state.posts.size);
        for (const happen of after) if (!/^(?:move|narrow)/.test(String(happen))) happen(reader);
        reader.settle();
        if (reader.timeline.ceiling === null) expect(reader.timeline.posts).toHaveLength(reader.server.state.posts.size);
        expectEqual(reader.timeline, reader.server);
      }),
      { numRuns: 100 },
    );
  });

  it('drops its posts and the answers under way when the history is replaced', () => {
    fc.assert(
      fc.property(
        start,
        story(happening),
        reset,
        story(fc.oneof({ weight: 30, arbitrary: happening }, { weight: 1, arbitrary: reset })),
        ([posts, limit], before, replace, after) => {
          const reader = new Reader(posts, limit);
          for (const happen of [...before, replace, ...after]) happen(reader);
          reader.settle();
          expectEqual(reader.timeline, reader.server);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function pageToBothEnds(reader: Reader): void {
  for (let rounds = 0; !reachedEnd(reader.timeline) || reader.timeline.ceiling !== null; rounds += 1) {
    expect(rounds, 'paging does not end').toBeLessThan(1_000);
    reader.askPage('older', 0);
    reader.arrive(0);
    reader.askPage('newer', 0);
    reader.arrive(0);
  }
}
