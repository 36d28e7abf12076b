import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnnouncedStep,
  type FollowInput,
  type FollowPosition,
  type FollowState,
  follow,
  type ReadAnswer,
  startFollowing,
} from '../../src/protocol/gap-algorithm.ts';

/**
 * The gap algorithm between a journal with a hash chain and a follower, over a link that loses, duplicates, reorders and delays
 * messages. Now and then the journal is reset to an older state and continues from there, as after a failover to a lagging
 * replica.
 */

/** A journal: the check at each offset, which identifies everything up to there. */
type History = readonly string[];

const next = (history: History, salt: number): History => {
  const before = history.at(-1) as string;
  return [...history, createHash('sha1').update(`${before} ${history.length} ${salt}`).digest('hex').slice(0, 12)];
};
const placeAt = (history: History, offset: number): FollowPosition => ({ offset, check: history[offset] as string });
const head = (history: History): FollowPosition => placeAt(history, history.length - 1);

interface Read {
  number: number;
  after: FollowPosition | undefined;
  /** The answer, once the journal was read. It may still take a while to arrive. */
  answer?: ReadAnswer & { held: History };
}

/** A follower, which must always hold one history, in order, each offset once. */
class Follower {
  state: FollowState = startFollowing();
  /** The delivered check of each offset, from the beginning of the history. */
  held: string[] = [];
  reads: Read[] = [];
  pauses = 0;
  readonly knows: boolean;

  /** `knows`: as on a server, where announcements carry the previous check and the tail remembers delivered ones. */
  constructor(knows: boolean) {
    this.knows = knows;
  }

  hear(heard: FollowInput): void {
    const answered = heard.type === 'answer' ? (heard.answer as ReadAnswer & { held: History }) : undefined;
    const known = (offset: number) => (this.knows ? this.held[offset] : undefined);
    const followed = follow(this.state, heard, known);
    this.state = followed.state;
    if (followed.verdict === 'deliver' && heard.type === 'step') this.deliver(heard.step);
    if (followed.verdict === 'take' && answered !== undefined) this.take(answered, followed.skip);
    if (followed.read) this.reads.push({ number: followed.read.number, after: followed.read.after });
    if (followed.pause) this.pauses += 1;
  }

  private deliver({ from, offset, check }: AnnouncedStep): void {
    expect(from, 'a step was delivered over a gap').toBeLessThanOrEqual(this.held.length);
    expect(offset, 'an offset was delivered twice').toBe(this.held.length);
    this.held.push(check);
  }

  private take({ to, reset, held }: ReadAnswer & { held: History }, skip: number): void {
    if (reset || this.held.length === 0) this.held = [...held.slice(0, to.offset + 1)];
    else {
      expect(skip, 'an answer was taken over a gap, or twice').toBe(this.held.length - 1);
      this.held.push(...held.slice(skip + 1, to.offset + 1));
    }
  }
}

/** A journal, announcements under way, and the follower. */
class World {
  history: History = next(['0'], 0);
  readonly announced: { step: AnnouncedStep }[] = [];
  readonly follower: Follower;
  salt = 1;

  constructor(knows: boolean) {
    this.follower = new Follower(knows);
  }

  append(): void {
    const before = this.history.at(-1) as string;
    this.salt += 1;
    this.history = next(this.history, this.salt);
    const { offset, check } = head(this.history);
    this.announced.push({ step: { from: offset, offset, check, ...(this.follower.knows && { before }) } });
  }

  /** The journal silently loses its newest entries. Others will take their offsets. */
  fork(lost: number): void {
    this.history = this.history.slice(0, Math.max(1, this.history.length - lost));
  }

  announce(at: number, how: 'deliver' | 'lose' | 'double'): void {
    const index = at % Math.max(1, this.announced.length);
    const found = this.announced[index];
    if (found === undefined) return;
    if (how !== 'double') this.announced.splice(index, 1);
    if (how !== 'lose') this.follower.hear({ type: 'step', step: found.step });
  }

  /** Reads the journal for a read under way. The answer arrives later. */
  read(page: number): void {
    const read = this.follower.reads.find(({ answer }) => answer === undefined);
    if (read === undefined) return;
    const { number, after } = read;
    const last = this.history.length - 1;
    const reset = after !== undefined && this.history[after.offset] !== after.check;
    const begin = after === undefined || reset ? last : after.offset;
    const to = placeAt(this.history, Math.min(last, begin + page));
    read.answer = { read: number, to, reset, more: to.offset < last, held: this.history };
  }

  /** An answer arrives, possibly of a read that was given up. */
  arrive(at: number): void {
    const answered = this.follower.reads.filter(({ answer }) => answer !== undefined);
    const read = answered[at % Math.max(1, answered.length)];
    if (read?.answer === undefined) return;
    this.follower.reads = this.follower.reads.filter((other) => other !== read);
    this.follower.hear({ type: 'answer', answer: read.answer });
  }

  fail(): void {
    if (this.follower.state.read !== 0) this.follower.hear({ type: 'failed', read: this.follower.state.read });
  }

  /** From now on nothing is lost or late. Returns the number of reads until the follower is idle. */
  heal(): number {
    const before = this.follower.state.reads;
    for (let rounds = 0; rounds < 200; rounds += 1) {
      if (this.follower.state.waiting) this.follower.hear({ type: 'retry' });
      const under = this.follower.reads.some(({ number }) => number === this.follower.state.read);
      if (!under) break;
      this.read(1_000);
      this.arrive(0);
    }
    return this.follower.state.reads - before;
  }
}

type Happening = (world: World) => void;
const natural = fc.oneof(fc.constant(0), fc.nat({ max: 40 }));
const happenings: { weight: number; arbitrary: fc.Arbitrary<[string, Happening]> }[] = [
  { weight: 6, arbitrary: fc.constant(['append', (world: World) => world.append()]) },
  { weight: 6, arbitrary: natural.map((at) => [`hear ${at}`, (world: World) => world.announce(at, 'deliver')]) },
  { weight: 2, arbitrary: natural.map((at) => [`lose ${at}`, (world: World) => world.announce(at, 'lose')]) },
  { weight: 2, arbitrary: natural.map((at) => [`hear and keep ${at}`, (world: World) => world.announce(at, 'double')]) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }).map((page) => [`read ${page}`, (world: World) => world.read(page)]) },
  { weight: 5, arbitrary: natural.map((at) => [`answer ${at}`, (world: World) => world.arrive(at)]) },
  { weight: 1, arbitrary: fc.constant(['fail', (world: World) => world.fail()]) },
  { weight: 2, arbitrary: fc.constant(['retry', (world: World) => world.follower.hear({ type: 'retry' })]) },
  { weight: 2, arbitrary: fc.constant(['maybe missed', (world: World) => world.follower.hear({ type: 'maybe-missed' })]) },
];
/** Also appends entries in place of the lost ones: fewer, as many, or more. */
const forks: typeof happenings = [
  {
    weight: 3,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat({ max: 4 })).map(([lost, more]) => [
      `fork ${lost}, then append ${more}`,
      (world: World) => {
        world.fork(lost);
        for (let appended = 0; appended < more; appended += 1) world.append();
      },
    ]),
  },
];
const named = (all: typeof happenings) => {
  const one = fc
    .oneof(...all)
    .map(([name, happen]) => Object.assign(happen, { toString: () => name, [fc.toStringMethod]: () => name }));
  return fc.array(one, { maxLength: 60, size: 'max' });
};

function play(knows: boolean, story: readonly Happening[]): World {
  const world = new World(knows);
  world.follower.hear({ type: 'maybe-missed' });
  for (const happen of story) happen(world);
  return world;
}

/**
 * After the link is restored and the follower has checked once for missed entries, it holds everything and reads nothing more.
 */
function expectConverged(world: World): void {
  world.heal();
  world.follower.hear({ type: 'maybe-missed' });
  const reads = world.heal();
  expect(world.follower.held).toEqual(world.history);
  expect(world.follower.state.place).toEqual(head(world.history));
  expect(world.follower.state.read).toBe(0);
  // The read under way, one for what was heard meanwhile, and one after a reset.
  expect(reads).toBeLessThanOrEqual(3);
}

describe('a follower of a journal', () => {
  it('delivers each offset once and in order despite losses, duplicates, reordering, failures and late answers, and ends with all of them', () => {
    fc.assert(
      fc.property(named(happenings), (story) => expectConverged(play(false, story))),
      { numRuns: 3_000 },
    );
  });

  it('never mixes two diverging histories, and ends with the current one, even if both have the same head', () => {
    fc.assert(
      fc.property(named([...happenings, ...forks]), (story) => expectConverged(play(true, story))),
      { numRuns: 6_000 },
    );
  });

  it('does not read the journal for announcements that it already knows', () => {
    fc.assert(
      fc.property(named([...happenings, ...forks]), (story) => {
        const world = play(true, story);
        world.heal();
        const { reads } = world.follower.state;
        const { place } = world.follower.state;
        for (let offset = 1; offset <= (place?.offset ?? 0); offset += 1) {
          const check = world.follower.held[offset] as string;
          const step = { from: offset, offset, check, before: world.follower.held[offset - 1] as string };
          world.follower.hear({ type: 'step', step });
        }
        world.follower.hear({ type: 'retry' });
        expect(world.follower.state.reads).toBe(reads);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a follower of a journal, in examples found by the tests above,', () => {
  it('reads again if steps were delivered during a read whose answer is of a history that diverged before them', () => {
    const world = new World(true);
    world.follower.hear({ type: 'maybe-missed' });
    world.read(9);
    world.arrive(0);
    // A read begins at offset 1, then offset 2 is heard. The journal falls back to 1 and gets a different 2 and 3 before it is
    // read.
    world.follower.hear({ type: 'maybe-missed' });
    world.append();
    world.announce(0, 'deliver');
    world.fork(1);
    world.append();
    world.append();
    world.read(9);
    world.arrive(0);
    expectConverged(world);
  });

  it('remembers a step that looked like a duplicate until the read under way is answered with a reset', () => {
    const world = new World(false);
    world.append();
    world.append();
    world.follower.hear({ type: 'maybe-missed' });
    world.read(9);
    world.arrive(0);
    // The follower holds 3 offsets. The journal falls back to 0 and continues differently: it is read at 1, then 2 is appended
    // and heard before the answer.
    world.fork(3);
    world.append();
    world.follower.hear({ type: 'maybe-missed' });
    world.read(9);
    world.append();
    world.announce(world.announced.length - 1, 'deliver');
    world.arrive(0);
    world.heal();
    expect(world.follower.held).toEqual(world.history);
  });
});
