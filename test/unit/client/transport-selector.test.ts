import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  initialSelectorState,
  nextAlarmAt,
  type SelectorDecision,
  type SelectorEvent,
  type SelectorState,
  selectorTiming,
  selectTransport,
} from '../../../client/lib/transports/transport-selector.ts';
import { type Transport, transports } from '../../../src/protocol/model.ts';

/** The selector is a pure function, so the test controls the clock. */
class Chooser {
  state: SelectorState = initialSelectorState(transports);
  now = 0;
  random = 0;
  /** Every dialled transport, in order. */
  readonly dialled: Transport[] = [];
  last: SelectorDecision | undefined;

  hear(happened: SelectorEvent): this {
    this.last = selectTransport(this.state, happened, { now: this.now, random: this.random });
    this.state = this.last.state;
    this.dialled.push(...this.last.dial);
    return this;
  }
  /** Advances the clock and sends the alarms that are due. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (;;) {
      const at = nextAlarmAt(this.state);
      if (at === undefined || at > end) break;
      this.now = Math.max(this.now, at);
      this.hear({ type: 'time' });
    }
    this.now = end;
    return this;
  }
  up(way: Transport): this {
    return this.hear({ type: 'up', candidate: way });
  }
  fail(way: Transport): this {
    return this.hear({ type: 'failed', candidate: way, why: 'unanswered' });
  }
  lose(silent = false): this {
    return this.hear({ type: 'lost', silent });
  }
  /** The transports dialled since the last call. */
  since(): Transport[] {
    return this.dialled.splice(0);
  }
}
const begun = () => new Chooser().hear({ type: 'begin' });
const on = (way: Transport) => {
  const chooser = begun();
  for (const better of transports.slice(0, transports.indexOf(way))) chooser.fail(better);
  chooser.hear({ type: 'up', candidate: way });
  return chooser;
};

describe('the selected transport', () => {
  it('is the WebSocket alone if it comes up soon', () => {
    const chooser = begun()
      .pass(selectorTiming.headStartMs - 1)
      .up('socket')
      .pass(3_600_000);
    expect(chooser.dialled).toEqual(['socket']);
    expect(chooser.state.active).toBe('socket');
  });

  it('can be the next one, which is tried after a delay, or at once if the transport before it failed', () => {
    const hanging = begun().pass(selectorTiming.headStartMs - 1);
    expect(hanging.since()).toEqual(['socket']);
    expect(hanging.pass(1).since()).toEqual(['stream']);
    expect(hanging.pass(selectorTiming.headStartMs).since()).toEqual(['poll']);
    expect(begun().fail('socket').dialled).toEqual(['socket', 'stream']);
  });

  it('is live polling within 5 s, even if the others hang', () => {
    const chooser = begun();
    for (; !chooser.dialled.includes('poll'); ) chooser.pass(100);
    expect(chooser.now).toBeLessThan(4_000);
  });

  it('changes to a better one that was only slow, and closes the worse ones', () => {
    const chooser = begun()
      .pass(2 * selectorTiming.headStartMs)
      .up('stream');
    expect(chooser.last).toMatchObject({ use: 'stream', giveUp: ['poll'] });
    chooser.up('socket');
    expect(chooser.last).toMatchObject({ use: 'socket', giveUp: [] });
    expect(nextAlarmAt(chooser.state)).toBeUndefined();
  });

  it('is remembered: a lost link is made again by the same transport first', () => {
    const chooser = begun().fail('socket').up('stream').pass(20_000);
    chooser.since();
    expect(chooser.lose().pass(60).since()).toEqual(['stream']);
    expect(chooser.fail('stream').since()).toEqual(['poll']);
  });

  it('starts with the one that another reader found working', () => {
    const chooser = new Chooser();
    chooser.state = initialSelectorState(transports, 'stream');
    expect(chooser.hear({ type: 'begin' }).up('stream').since()).toEqual(['stream']);
    expect(chooser.pass(20_000).since()).toEqual(['socket']);
  });

  it('changes after it connected and then stayed silent', () => {
    const chooser = begun().up('socket').pass(26_000).lose(true);
    chooser.since();
    expect(chooser.pass(60).since()).toEqual(['stream']);
    // A link that falls silent after many pings has only lost its network.
    const proven = begun()
      .up('socket')
      .pass(selectorTiming.provenMs + 1)
      .lose(true);
    proven.since();
    expect(proven.pass(60).since()).toEqual(['socket']);
  });

  it('changes after it was cut off again and again', () => {
    const chooser = begun();
    for (let cut = 0; cut < selectorTiming.maxEarlyLosses; cut += 1) chooser.up('socket').pass(100).lose().pass(60);
    expect(chooser.dialled.slice(-2)).toEqual(['socket', 'stream']);
  });
});

describe('an unreachable server', () => {
  it('is tried by every transport at once, then by two per round, alternating and less and less often', () => {
    const chooser = begun();
    chooser.random = 1;
    const rounds: Transport[][] = [];
    const times: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      times.push(chooser.now);
      while (chooser.state.trying.length > 0) chooser.fail(chooser.state.trying[0] as Transport);
      rounds.push(chooser.since());
      chooser.pass((nextAlarmAt(chooser.state) as number) - chooser.now);
    }
    expect(rounds.map((round) => round.length)).toEqual([3, 2, 2, 2, 2, 2, 2, 2]);
    expect(new Set(rounds.map(([first]) => first))).toEqual(new Set(['socket']));
    expect(new Set(rounds.map(([, second]) => second))).toEqual(new Set(['stream', 'poll']));
    const pauses = times.slice(1).map((at, index) => at - (times[index] as number));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('that asks to wait is not tried for that long by any transport', () => {
    const chooser = begun().fail('socket').hear({ type: 'failed', candidate: 'stream', why: 'asked-to-wait', waitMs: 7_000 });
    expect(chooser.last?.down).toBe(true);
    chooser.since();
    expect(chooser.pass(6_999).since()).toEqual([]);
    expect(chooser.pass(100).since()).toEqual(['socket']);
  });

  it('is tried at once after a wake-up, and simultaneous wake-ups count as one', () => {
    const chooser = begun().fail('socket').fail('stream').fail('poll');
    chooser.random = 1;
    chooser.since();
    for (let each = 0; each < 3; each += 1) chooser.hear({ type: 'wake', network: true });
    expect(chooser.since()).toEqual(['socket']);
  });
});

describe('a reader woken during an attempt', () => {
  it('waits a second at most if the attempt fails, however long it waited before', () => {
    const chooser = begun();
    chooser.random = 1;
    const failAll = () => {
      while (chooser.state.trying[0] !== undefined) chooser.fail(chooser.state.trying[0]);
      chooser.since();
    };
    for (let rounds = 0; rounds < 6; rounds += 1) {
      failAll();
      chooser.pass(30_000);
    }
    failAll();
    expect(chooser.pass(29_999).since()).toEqual([]);

    expect(chooser.pass(1).since()).toEqual(['socket']);
    chooser.pass(500).hear({ type: 'wake', network: false });
    expect(chooser.since()).toEqual([]);
    failAll();
    expect(chooser.pass(1_000).since()).toEqual(['socket']);
  });
});

describe('a reader that changes networks during an attempt', () => {
  it('restarts once with the best transport if it was trying what worked on the old network', () => {
    const chooser = on('stream').pass(selectorTiming.steadyMs).lose();
    while (chooser.state.trying.length === 0) chooser.pass(100);
    expect(chooser.since().at(-1)).toBe('stream');
    chooser.pass(100).hear({ type: 'wake', network: true });
    expect([chooser.since(), chooser.last?.giveUp]).toEqual([['socket'], ['stream']]);
    chooser.pass(100).hear({ type: 'wake', network: true });
    expect([chooser.since(), chooser.state.trying]).toEqual([[], ['socket']]);
  });
});

describe('a reader that is woken constantly', () => {
  it('still connects if that takes seconds', () => {
    const chooser = begun();
    const dialledAt = new Map<Transport, number>();
    for (let ms = 0; ms < 60_000 && chooser.state.active === undefined; ms += 250) {
      if (ms % 1_250 === 0) {
        chooser.hear({ type: 'wake', network: false });
        for (const way of chooser.last?.giveUp ?? []) dialledAt.delete(way);
      }
      for (const way of chooser.since()) dialledAt.set(way, chooser.now);
      for (const [way, at] of dialledAt) if (chooser.now - at >= 4_000) chooser.up(way);
      chooser.pass(250);
    }
    expect(chooser.state.active).toBe('socket');
  });

  it('sends nothing to a server that asked for a pause, unless the network changed', () => {
    const chooser = begun().hear({ type: 'failed', candidate: 'socket', why: 'asked-to-wait', waitMs: 7_000 });
    chooser.since();
    for (let ms = 0; ms < 6_500; ms += 500) chooser.pass(500).hear({ type: 'wake', network: false });
    expect(chooser.since()).toEqual([]);
    expect(chooser.hear({ type: 'wake', network: true }).since()).toEqual(['socket']);
  });
});

describe('a better transport', () => {
  it('is tried again after pauses that double up to ten minutes, with jitter over their upper half', () => {
    for (const [random, share] of [
      [0, 0.5],
      [1, 1],
    ] as const) {
      const chooser = begun().fail('socket');
      chooser.random = random;
      chooser.up('stream').since();
      const pauses: number[] = [];
      for (let each = 0; each < 7; each += 1) {
        const pause = (nextAlarmAt(chooser.state) as number) - chooser.now;
        pauses.push(pause / 1_000 / share);
        expect(chooser.pass(pause).since()).toEqual(['socket']);
        chooser.fail('socket');
        expect(chooser.state.active).toBe('stream');
      }
      expect(pauses).toEqual([30, 60, 120, 240, 480, 600, 600]);
    }
  });

  it('is tried however often the worse link is lost in the meantime', () => {
    const chooser = begun().fail('socket').up('stream');
    chooser.since();
    for (let each = 0; each < 10; each += 1) {
      chooser.pass(2_000).lose().pass(60);
      if (chooser.state.trying.includes('stream')) chooser.up('stream');
    }
    expect(chooser.dialled).toContain('socket');
  });

  it('is tried together with the next best one, and the best one that connects is used', () => {
    const chooser = on('poll');
    expect(chooser.state.active).toBe('poll');
    chooser.since();
    expect(chooser.pass(20_000).since()).toEqual(['socket', 'stream']);
    chooser.up('stream').up('socket');
    expect(chooser.state.active).toBe('socket');
  });

  it('is tried at once on another network', () => {
    const chooser = on('stream').pass(5_000);
    chooser.since();
    expect(chooser.hear({ type: 'wake', network: true }).since()).toEqual(['socket']);
    const lost = on('stream').pass(5_000).lose();
    lost.since();
    expect(lost.hear({ type: 'wake', network: true }).since()).toEqual(['socket']);
    const sameNetwork = on('stream').pass(5_000);
    sameNetwork.since();
    expect(sameNetwork.fail('socket').hear({ type: 'wake', network: false }).since()).toEqual([]);
  });

  it('that connects but stays silent is not retried as often as a working one', () => {
    const chooser = begun().fail('socket').up('stream');
    const stays: number[] = [];
    for (let each = 0; each < 4; each += 1) {
      const since = chooser.now;
      chooser.pass((nextAlarmAt(chooser.state) as number) - chooser.now).up('socket');
      stays.push(chooser.now - since);
      chooser.pass(25_000).lose(true).pass(60).up('stream');
    }
    expect(stays).toEqual([15_000, 30_000, 60_000, 120_000]);
  });
});

describe('a hidden page', () => {
  it('has no link until it wakes, and then uses its previous transport at once', () => {
    const chooser = on('stream');
    chooser.hear({ type: 'rest' });
    expect([chooser.last?.down, chooser.state.active, nextAlarmAt(chooser.state)]).toEqual([true, undefined, undefined]);
    chooser.pass(3_600_000).since();
    expect(chooser.hear({ type: 'wake', network: false }).since()).toEqual(['stream']);
    const trying = begun().hear({ type: 'rest' });
    expect(trying.last?.giveUp).toEqual(['socket']);
    expect(trying.pass(3_600_000).state.trying).toEqual([]);
    const waiting = on('socket').lose();
    expect(nextAlarmAt(waiting.state)).toBeDefined();
    waiting.hear({ type: 'rest' }).since();
    expect(waiting.pass(3_600_000).since()).toEqual([]);
  });

  it('that was asked to wait still waits after waking', () => {
    const chooser = begun().hear({ type: 'failed', candidate: 'socket', why: 'asked-to-wait', waitMs: 20_000 });
    chooser.hear({ type: 'rest' }).pass(5_000).since();
    expect(chooser.hear({ type: 'wake', network: false }).since()).toEqual([]);
    expect(chooser.pass(15_000).since()).toEqual(['socket']);
  });
});

describe('a link that the server closes after the client began to replace it', () => {
  const replacing = () => {
    const chooser = on('socket').pass(60_000);
    chooser.since();
    return chooser.hear({ type: 'begin' });
  };

  it('is replaced by that attempt, however long it takes, and is not dialled again beside it', () => {
    const chooser = replacing().pass(100).lose();
    expect(chooser.last?.down).toBe(true);
    expect(chooser.pass(selectorTiming.headStartMs - 101).since()).toEqual(['socket']);
    expect(chooser.pass(1).since()).toEqual(['stream']);
    expect(chooser.pass(5_000).up('socket').last).toMatchObject({ use: 'socket', giveUp: ['stream', 'poll'] });
    expect(chooser.pass(3_600_000).since()).toEqual(['poll']);
  });

  it('is dialled again after a pause if every attempt to replace it has failed', () => {
    const chooser = replacing().lose().fail('socket').fail('stream');
    chooser.since();
    expect(chooser.fail('poll').state.trying).toEqual([]);
    expect(chooser.pass(60_000).since()[0]).toBe('socket');
  });

  it('is dialled again soon if it fell silent, because the attempt may hang on the same dead network', () => {
    const chooser = replacing().pass(100).lose(true);
    expect(chooser.pass(60).since()).toEqual(['socket', 'socket']);
  });
});

describe('a draining server', () => {
  it('is left at a random moment of the drain window, and serves its reader until another link is up', () => {
    const chooser = begun().up('socket');
    chooser.random = 0.5;
    chooser.hear({ type: 'drain', withinMs: 4_000 }).since();
    expect(chooser.pass(1_999).since()).toEqual([]);
    expect(chooser.pass(1).since()).toEqual(['socket']);
    expect(chooser.state.active).toBe('socket');
    chooser.up('socket');
    expect(chooser.last?.use).toBe('socket');
  });

  it('is left after a day if it names a time longer than any timer', () => {
    for (const withinMs of [1e12, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
      const chooser = begun().up('socket');
      chooser.random = 1;
      chooser.hear({ type: 'drain', withinMs });
      expect(nextAlarmAt(chooser.state)).toBeLessThan(2 ** 31);
    }
  });
});

describe('after any sequence of inputs', () => {
  const happened: fc.Arbitrary<(chooser: Chooser) => unknown> = fc.oneof(
    fc.nat(2).map((which) => (chooser: Chooser) => {
      const way = chooser.state.trying[which];
      if (way !== undefined) chooser.up(way);
    }),
    fc.nat(2).map((which) => (chooser: Chooser) => {
      const way = chooser.state.trying[which];
      if (way !== undefined) chooser.fail(way);
    }),
    fc.boolean().map((silent) => (chooser: Chooser) => chooser.lose(silent)),
    fc.boolean().map((network) => (chooser: Chooser) => chooser.hear({ type: 'wake', network })),
    fc.constant((chooser: Chooser) => chooser.hear({ type: 'rest' }).hear({ type: 'wake', network: false })),
    fc.nat(8_000).map((withinMs) => (chooser: Chooser) => chooser.hear({ type: 'drain', withinMs })),
    fc.nat(40_000).map((ms) => (chooser: Chooser) => chooser.pass(ms)),
    fc.double({ min: 0, max: 0.999, noNaN: true }).map((random) => (chooser: Chooser) => {
      chooser.random = random;
    }),
  );

  it('a transport is always active, being tried, or scheduled; once all work, the best one is active', () => {
    fc.assert(
      fc.property(fc.array(happened, { maxLength: 60 }), (steps) => {
        const chooser = begun();
        for (const step of steps) {
          step(chooser);
          const { active: using, trying, roundAt } = chooser.state;
          expect(using !== undefined || trying.length > 0 || roundAt !== undefined).toBe(true);
          expect(new Set(trying).size).toBe(trying.length);
        }
        // From now on every dialled link comes up at once.
        for (const way of chooser.state.trying) chooser.fail(way);
        for (let each = 0; each < 20 && chooser.state.active !== 'socket'; each += 1) {
          chooser.pass(Math.max(0, (nextAlarmAt(chooser.state) ?? chooser.now) - chooser.now));
          for (const way of chooser.state.trying) chooser.up(way);
        }
        expect(chooser.state.active).toBe('socket');
      }),
    );
  });
});
