import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Announcement,
  type ChannelRead,
  type Engine,
  JournalUnavailable,
  type Replay,
  type StoredChange,
} from '../../../src/journal/engine.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import type { CatchUp, Channel, Counts, Event } from '../../../src/protocol/model.ts';
import { catchUp, type EncodedCatchUp } from '../../../src/streams/catch-up.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import type { EndReason, StreamReader } from '../../../src/streams/stream-reader.ts';
import { newChannel, newPost } from '../../model/simulation/contents.ts';

/**
 * Faults of channel streams that the simulation found, each in the fewest steps that show it. The test decides when the journal
 * answers, and what. The histories differ by a letter in their checks.
 */

const epoch = 'abcdefabcdef';
const check = (offset: number, history = 'a') => `${offset}`.padStart(15, '0') + history;
const at = (offset: number, history = 'a'): Position => ({ epoch, offset, check: check(offset, history) });

function change(offset: number, id: string, { history = 'a', text = `text ${offset}` } = {}): StoredChange {
  const { body: _body, publishedBy: _publishedBy, ...post } = newPost(id, text);
  return { type: 'post.revised', offset, check: check(offset, history), at: '', post: { ...post, seq: 1, history: [] } };
}

const replay = (to: Position, changes: StoredChange[], counts?: Counts): Replay => {
  return { status: 'replay', to, changes, ...(counts && { counts }), more: false };
};

class Journal {
  /** The head of the journal when the stream opens. */
  head: Position;
  channel = newChannel(1);
  counts = { posts: 0, keyEvents: 0, corrections: 0 };
  isLost = false;
  tell: (heard: Announcement) => void = () => {};
  erase: (postId: string | null) => void = () => {};
  reach: (reachable: boolean) => void = () => {};
  readonly asked: { after: Position; answer: (said: Replay | { status: 'foreign' } | undefined) => void }[] = [];

  constructor(head: Position) {
    this.head = head;
  }

  announce(made: StoredChange, before: string): void {
    this.tell({ type: 'entry', epoch, before, change: made });
  }

  /** The next read that waits. */
  async read(): Promise<(typeof this.asked)[number]> {
    for (let turn = 0; turn < 50 && this.asked.length === 0; turn += 1) await undefined;
    return this.asked.shift() as (typeof this.asked)[number];
  }

  engine(): Engine {
    const said: Partial<Engine> = {
      subscribe: async (_channelId, listener) => {
        this.tell = listener;
        return () => undefined;
      },
      onReachability: (listener) => {
        this.reach = (reachable) => listener({ reachable, since: '' });
        return () => undefined;
      },
      onErased: (listener) => {
        this.erase = (postId) => listener('moon', postId);
        return () => undefined;
      },
      channel: async () =>
        this.isLost
          ? { status: 'missing' }
          : { status: 'found', channel: { ...this.channel, latestPostAt: null }, position: this.head, counts: this.counts },
      catchUp: (_channelId, after) => new Promise((answer) => this.asked.push({ after, answer })),
    };
    return said as Engine;
  }
}

class Listener implements StreamReader {
  offset = -1;
  readonly format = { name: 'socket' as const, frame: (event: string) => Buffer.from(`${event}\n`) };
  readonly weight = 1;
  ready = true;
  readonly events: Event[] = [];
  writes = 0;
  ended: EndReason | undefined;
  mayRead = (_channel: Channel) => true;
  lag = () => undefined;
  end(reason: EndReason): void {
    this.ended = reason;
  }
  terminate = () => undefined;
  write(frames: Buffer): void {
    this.writes += 1;
    for (const line of frames.toString().trim().split('\n')) this.events.push(JSON.parse(line));
  }
}

async function open(head: Position, journal = new Journal(head)) {
  const log = { info() {}, warn() {} };
  const due = new Set<() => void>();
  const later = (_ms: number, run: () => void) => {
    due.add(run);
    return () => void due.delete(run);
  };
  const streams = new ChannelStreams({ engine: journal.engine(), random: () => 0.5, log, delivered() {}, startTimer: later });
  const held = await streams.acquire('moon');
  if (held === undefined || 'deleted' in held) throw new Error('no stream');
  /** Runs the timers that are due. */
  const passTime = () => {
    for (const run of [...due]) {
      due.delete(run);
      run();
    }
  };
  return { journal, stream: held.stream, passTime };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** Subscribes with a cursor that the tail does not know. The journal gives `answer`. */
async function join({ journal, stream }: Opened, after: Position, answer: Replay) {
  const listener = new Listener();
  let said: EncodedCatchUp | undefined;
  const done = catchUp(stream, { after, limit: 100, posts: 20 }, (encoded) => (said = encoded), {
    reader: listener,
    wanted: () => true,
  });
  (await journal.read()).answer(answer);
  return { listener, done, said: () => said };
}

const settled = async () => {
  for (let turn = 0; turn < 50; turn += 1) await undefined;
};

describe('a channel stream that opens', () => {
  it('has an entry that was appended before the stream received announcements', async () => {
    const journal = new Journal(at(10));
    const { subscribe } = journal.engine();
    const engine = {
      ...journal.engine(),
      subscribe: async (...asked: Parameters<typeof subscribe>) => {
        // Announced to nobody, because the subscription of this node takes effect later.
        journal.head = at(11);
        return await subscribe(...asked);
      },
    };
    const streams = new ChannelStreams({ engine, random: () => 0.5, log: { info() {}, warn() {} }, delivered() {} });
    const held = await streams.acquire('moon');
    if (held === undefined || 'deleted' in held) throw new Error('no stream');
    expect(held.stream.head).toEqual(at(11));
  });

  it('has an entry that was announced before the channel was read', async () => {
    const journal = new Journal(at(10));
    const engine = journal.engine();
    const { channel } = engine;
    engine.channel = async (...asked) => {
      const read = await channel(...asked);
      journal.announce(change(11, 'a'), check(10));
      return read;
    };
    const streams = new ChannelStreams({ engine, random: () => 0.5, log: { info() {}, warn() {} }, delivered() {} });
    const held = await streams.acquire('moon');
    if (held === undefined || 'deleted' in held) throw new Error('no stream');
    (await journal.read()).answer(replay(at(11), [change(11, 'a')]));
    await settled();
    expect(held.stream.head).toEqual(at(11));
  });

  it.each([
    ['there', async (found: ChannelRead) => found],
    ['unknown', async (): Promise<ChannelRead> => ({ status: 'missing' })],
    ['deleted', async (): Promise<ChannelRead> => ({ status: 'deleted', access: 'public' })],
    ['unreachable', () => Promise.reject(new JournalUnavailable('The journal is away.', 'unchanged'))],
  ])('ends its subscription to announcements when it is closed, also for a channel that is %s', async (_what, instead) => {
    const journal = new Journal(at(10));
    const engine = journal.engine();
    const { channel } = engine;
    let follows = 0;
    engine.subscribe = async () => {
      follows += 1;
      return () => {
        follows -= 1;
      };
    };
    engine.channel = async (...asked) => instead(await channel(...asked));
    const streams = new ChannelStreams({ engine, random: () => 0.5, log: { info() {}, warn() {} }, delivered() {} });
    const held = await streams.acquire('moon').catch(() => undefined);
    if (held !== undefined && 'stream' in held) expect(follows).toBe(1);
    streams.close();
    expect(follows).toBe(0);
  });

  it('is not kept if the channel was deleted while it opened', async () => {
    const journal = new Journal(at(10));
    const engine = journal.engine();
    const { channel } = engine;
    let isGone = false;
    engine.channel = async (...asked) => {
      if (isGone) return { status: 'missing' };
      const read = await channel(...asked);
      isGone = true;
      journal.tell({ type: 'gone' } as Announcement);
      return read;
    };
    const streams = new ChannelStreams({ engine, random: () => 0.5, log: { info() {}, warn() {} }, delivered() {} });
    const held = await streams.acquire('moon');
    expect(held === undefined || 'deleted' in held || held.stream.gone).toBe(true);
  });
});

describe('a reader whose catch-up read further than the channel stream', () => {
  it('is reset if the journal lost that history and has other entries in its place', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(11), [change(11, 'p')]));
    await done;
    opened.journal.announce(change(11, 'q', { history: 'b' }), check(10));
    opened.journal.announce(change(12, 'q', { history: 'b' }), check(11, 'b'));
    expect(listener.ended).toBe('history');
    expect(listener.events).toEqual([]);
  });

  it('is reset if the journal no longer reaches that offset', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(12), [change(12, 'p')]));
    await done;
    opened.journal.tell({ type: 'maybe-missed' });
    (await opened.journal.read()).answer(replay(at(10), []));
    await settled();
    expect(listener.ended).toBe('history');
  });

  it('continues once the stream reaches that offset too', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(11), [change(11, 'p')]));
    await done;
    opened.journal.announce(change(11, 'p'), check(10));
    opened.journal.announce(change(12, 'q'), check(11));
    await settled();
    expect(listener.ended).toBeUndefined();
    expect(listener.events.map(({ offset }) => offset)).toEqual([12]);
  });
});

describe('entries that are ready in one turn of the event loop', () => {
  it('are delivered in one write per reader, in order, each post in its latest state', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    for (const [offset, post] of [
      [11, 'p'],
      [12, 'q'],
      [13, 'p'],
    ] as const) {
      opened.journal.announce(change(offset, post), check(offset - 1));
    }
    await settled();
    expect(listener.events.map(({ from, offset }) => [from, offset])).toEqual([
      [11, 12],
      [13, 13],
    ]);
    expect(listener.writes).toBe(1);
    expect(listener.offset).toBe(13);
  });

  it('are delivered although another post was erased after they were announced', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    opened.journal.announce(change(11, 'p'), check(10));
    opened.journal.erase('q');
    opened.journal.announce(change(12, 'r'), check(11));
    await settled();
    expect(listener.events.map(({ offset }) => offset)).toEqual([11, 12]);
    expect(listener.ended).toBeUndefined();
  });
});

describe('a reader ahead of a channel stream that passes the reader’s offset in one read', () => {
  it('has to ask again and gets no more events, because the entry at its offset is unknown', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(12), [change(12, 'p')]));
    await done;
    opened.journal.tell({ type: 'maybe-missed' });
    (await opened.journal.read()).answer(replay(at(14), [change(14, 'p')]));
    await settled();
    expect(listener.ended).toBe('slow');
    expect(listener.events).toEqual([]);
  });
});

describe('an answer of the journal that ends at an offset whose check the tail does not know', () => {
  it('is not continued from the tail, which may hold another history', async () => {
    const opened = await open(at(10));
    opened.journal.tell({ type: 'maybe-missed' });
    (await opened.journal.read()).answer(replay(at(14), [change(14, 'p')]));
    await settled();
    const { done, said } = await join(opened, at(5), replay(at(12, 'b'), [change(12, 'q', { history: 'b' })]));
    await settled();
    expect(said()).toBeUndefined();
    for (let read = await opened.journal.read(); read !== undefined; read = await opened.journal.read())
      read.answer(replay(at(14), read.after.offset === 5 ? [change(14, 'p')] : []));
    await done;
    expect(said()?.json).not.toContain('text 12');
    expect(said()?.position).toEqual(at(14));
  });
});

describe('an answer of the journal that ends before the start of the tail', () => {
  it('is discarded and read again, because the journal lacked entries that the tail has', async () => {
    const opened = await open(at(12));
    const { done, said } = await join(opened, at(8), replay(at(8), []));
    await settled();
    expect(said()).toBeUndefined();
    for (let read = await opened.journal.read(); read !== undefined; read = await opened.journal.read())
      read.answer(replay(at(12), read.after.offset === 8 ? [change(12, 'p')] : []));
    await done;
    expect(said()?.position).toEqual(at(12));
  });
});

describe('a change of access', () => {
  const isPublic = ({ access }: Channel) => access === 'public';
  const forMembers = (revision: number): Channel => ({ ...newChannel(revision), access: 'members' });

  it('applies to a partial read even if its own entry was superseded after the end of that read', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    listener.mayRead = isPublic;
    opened.journal.head = at(14);
    opened.journal.channel = forMembers(3);
    opened.journal.tell({ type: 'maybe-missed' });
    (await opened.journal.read()).answer({ ...replay(at(12), [change(12, 'p')]), more: true });
    await settled();
    opened.passTime();
    expect(listener.events).toEqual([]);
    expect(listener.ended).toBe('slow');
    expect(opened.stream.head).toEqual(at(14));
  });

  it('is assumed if the store lost the channel after a partial read', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    listener.mayRead = isPublic;
    opened.journal.isLost = true;
    opened.journal.tell({ type: 'maybe-missed' });
    (await opened.journal.read()).answer({ ...replay(at(12), [change(12, 'p')]), more: true });
    await settled();
    opened.passTime();
    expect(listener.events).toEqual([]);
    expect(listener.ended).toBe('gone');
  });

  it('applies to entries that were read with it, even if the stream has a higher revision from a lost history', async () => {
    const journal = new Journal(at(10));
    journal.channel = newChannel(3);
    const { stream } = await open(at(10), journal);
    const said: EncodedCatchUp[] = [];
    const joining = { reader: new Listener(), wanted: isPublic };
    const done = catchUp(stream, { after: at(5), limit: 100, posts: 20 }, (encoded) => said.push(encoded), joining);
    const changed = { offset: 12, check: check(12, 'b'), at: '', type: 'channel.changed', channel: forMembers(2) } as const;
    (await journal.read()).answer(replay(at(12, 'b'), [change(11, 'p', { history: 'b' }), changed]));
    expect(await done).toBe('unwanted');
    expect(said).toEqual([]);
  });
});

describe('an answer of the journal that was requested before the history was replaced', () => {
  it('is discarded, and the journal is read again', async () => {
    const { journal, stream } = await open(at(10));
    const said: EncodedCatchUp[] = [];
    const done = catchUp(stream, { after: at(5), limit: 100, posts: 20 }, (encoded) => said.push(encoded));
    const lost = await journal.read();
    journal.head = at(8, 'b');
    stream.checkJournal();
    (await journal.read()).answer({ status: 'foreign' });
    await settled();
    expect(stream.head).toEqual(at(8, 'b'));
    lost.answer(replay(at(10), [change(10, 'p')]));
    (await journal.read()).answer(replay(at(8, 'b'), [change(8, 'q', { history: 'b' })]));
    expect(await done).toBe('answered');
    expect(said.map(({ position }) => position)).toEqual([at(8, 'b')]);
  });
});

describe('an answer of the journal without entries', () => {
  it('keeps the shared answers', async () => {
    const { journal, stream } = await open(at(5));
    const given = () =>
      stream.answers.make(
        'what is asked for',
        () => ({}),
        () => 1,
      );
    const first = given();
    stream.checkJournal();
    (await journal.read()).answer(replay(at(5), []));
    await settled();
    expect(given()).toBe(first);
    stream.checkJournal();
    (await journal.read()).answer(replay(at(6), [change(6, 'a')]));
    await settled();
    expect(given()).not.toBe(first);
  });
});

describe('an announcement at an offset before those in the tail', () => {
  it('makes the stream read the journal, because it may be of another history, and resets the readers', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    await done;
    opened.journal.head = at(8, 'b');
    opened.journal.announce(change(8, 'q', { history: 'b' }), check(7));
    opened.passTime();
    (await opened.journal.read()).answer({ status: 'foreign' });
    await settled();
    expect(listener.ended).toBe('history');
    expect(opened.stream.head).toEqual(at(8, 'b'));
  });

  it('causes one read, however many arrive', async () => {
    const { journal, stream, passTime } = await open(at(10));
    for (let each = 0; each < 1_000; each += 1) journal.announce(change(1 + (each % 9), 'p'), check(each % 9));
    await settled();
    expect(journal.asked).toHaveLength(0);
    passTime();
    await settled();
    expect(journal.asked).toHaveLength(1);
    (await journal.read()).answer(replay(at(10), []));
    await settled();
    passTime();
    expect(journal.asked).toHaveLength(0);
    expect(stream.head).toEqual(at(10));
  });
});

describe('an announcement that arrives after its text was erased', () => {
  it('is not delivered: the stream reads the current state from the journal', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    opened.journal.erase('p');
    opened.journal.announce(change(11, 'p', { text: 'secret' }), check(10));
    expect(listener.events).toEqual([]);
    (await opened.journal.read()).answer(replay(at(12), [change(12, 'p', { text: '' })]));
    await settled();
    expect(listener.events.map(({ offset }) => offset)).toEqual([12]);
    expect(JSON.stringify(listener.events)).not.toContain('secret');
  });

  it('is not delivered after an erasure of the whole channel, which may have been deleted', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    opened.journal.erase(null);
    opened.journal.announce(change(11, 'p', { text: 'secret' }), check(10));
    await settled();
    expect([listener.events, opened.stream.tail.size]).toEqual([[], 0]);
    (await opened.journal.read()).answer(undefined);
    await settled();
    expect([listener.events, listener.ended, opened.stream.gone]).toEqual([[], 'gone', true]);
  });
});

describe('an answer that the channel does not exist', () => {
  it('is ignored if an entry was announced since the request: the channel was created again', async () => {
    const opened = await open(at(10));
    const { journal } = opened;
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    opened.stream.checkJournal();
    const late = await journal.read();
    journal.announce(change(1, 'p', { history: 'b' }), '');
    late.answer(undefined);
    await settled();
    expect(listener.ended).toBeUndefined();
    journal.head = at(1, 'b');
    (await journal.read()).answer({ status: 'foreign' });
    await settled();
    expect([listener.ended, opened.stream.head]).toEqual(['history', at(1, 'b')]);
  });
});

describe('a channel stream that reads while posts are erased', () => {
  it('retries a limited number of times, then waits before the next read', async () => {
    const { journal, stream, passTime } = await open(at(10));
    stream.checkJournal();
    for (let tries = 0; tries < streamLimits.catchUpTries; tries += 1) {
      const read = await journal.read();
      journal.erase('p');
      read.answer(replay(at(11), [change(11, 'p')]));
      await settled();
    }
    expect(journal.asked).toHaveLength(0);
    expect(stream.head).toEqual(at(10));
    passTime();
    (await journal.read()).answer(replay(at(12), [change(12, 'p', { text: '' })]));
    await settled();
    expect(stream.head).toEqual(at(12));
  });
});

describe('an announcement whose text was erased before it arrived, while the channel stream was opening', () => {
  it('is not delivered', async () => {
    const journal = new Journal(at(10));
    let read = () => {};
    const reading = new Promise<void>((resolve) => {
      read = resolve;
    });
    const engine = journal.engine();
    journal.engine = () => ({ ...engine, channel: (channelId) => reading.then(() => engine.channel(channelId)) });
    const opening = open(at(10), journal);
    await settled();
    journal.erase('p');
    read();
    const opened = await opening;
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    journal.announce(change(11, 'p', { text: 'secret' }), check(10));
    expect(JSON.stringify(listener.events)).not.toContain('secret');
  });
});

describe('an erasure during the delivery of a post', () => {
  it('delivers the replacement to the remaining readers, and never the text', async () => {
    const usual = streamLimits.turnReaders;
    Object.assign(streamLimits, { turnReaders: 1 });
    onTestFinished(() => void Object.assign(streamLimits, { turnReaders: usual }));
    const opened = await open(at(10));
    const { journal } = opened;
    const first = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    const second = await join(opened, at(6), replay(at(10), [change(10, 'p')]));
    await Promise.all([first.done, second.done]);
    journal.announce(change(11, 'q', { text: 'secret' }), check(10));
    await settled();
    expect(JSON.stringify(first.listener.events)).toContain('secret');
    expect(second.listener.events).toEqual([]);

    journal.erase('q');
    journal.announce({ ...change(12, 'q', { text: '' }), type: 'post.taken-down' } as StoredChange, check(11));
    for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
    expect(second.listener.events.map(({ type, from, offset }) => [type, from, offset])).toEqual([['post.taken-down', 11, 12]]);
    expect(JSON.stringify(second.listener.events)).not.toContain('secret');
    expect(first.listener.events.at(-1)?.type).toBe('post.taken-down');
  });
});

describe('the channel stream of a deleted channel', () => {
  it('ends its readers, and keeps no text even if it is still referenced', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    opened.journal.announce(change(11, 'p', { text: 'a secret' }), check(10));
    await settled();
    const { stream } = opened;
    expect(stream.tail.size).toBe(1);
    const { headline } = stream.channel;
    opened.journal.tell({ type: 'gone' });
    expect(listener.ended).toBe('gone');
    expect([stream.tail.size, [...stream.tail.after(0)]]).toEqual([0, []]);
    expect(JSON.stringify(stream.channel)).not.toContain(headline);
  });
});

describe('a channel stream with a damaged channel', () => {
  it('closes and makes its readers ask again, so that they do not take silence for no news', async () => {
    const opened = await open(at(10));
    const { journal, stream, passTime } = opened;
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    journal.tell({ type: 'maybe-missed' });
    const read = await journal.read();
    read.answer(Promise.reject(new JournalUnavailable('It is damaged.', 'unchanged', { isDamaged: true })) as never);
    await settled();
    expect([listener.ended, stream.closed, stream.gone]).toEqual(['slow', true, false]);
    passTime();
    await settled();
    expect(journal.asked).toEqual([]);
    await expect(catchUp(stream, { after: at(10), limit: 100, posts: 20 }, () => undefined)).rejects.toMatchObject({
      name: 'JournalUnavailable',
    });
  });

  it('stays open if the journal is only unreachable, and reads again', async () => {
    const opened = await open(at(10));
    const { journal, stream, passTime } = opened;
    const { listener, done } = await join(opened, at(5), replay(at(10), []));
    await done;
    journal.tell({ type: 'maybe-missed' });
    (await journal.read()).answer(Promise.reject(new JournalUnavailable('It is away.', 'unchanged')) as never);
    await settled();
    expect([listener.ended, stream.closed]).toEqual([undefined, false]);
    passTime();
    expect(await journal.read()).toBeDefined();
  });
});

describe('a node that cannot reach its store', () => {
  it('delivers no late announcement, whose text may be erased, and sends its readers to ask again once the store is back', async () => {
    const opened = await open(at(10));
    const { journal, stream } = opened;
    const { listener, done } = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    await done;
    journal.reach(false);
    journal.announce(change(11, 'q', { text: 'erased meanwhile' }), check(10));
    journal.announce(change(12, 'r'), check(11));
    stream.pump(listener);
    await settled();
    expect(listener.events).toEqual([]);

    journal.erase('q');
    journal.announce(change(13, 'p'), check(12));
    journal.reach(true);
    await settled();
    expect(JSON.stringify(listener.events)).not.toContain('erased meanwhile');
    // The erased post left a gap that no reader may skip, so the reader asks again.
    expect(listener.ended).toBe('slow');
  });

  it('delivers nothing that it holds if any of it may have been erased', async () => {
    const opened = await open(at(10));
    const { journal } = opened;
    const { listener, done } = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    await done;
    journal.reach(false);
    journal.announce(change(11, 'q', { text: 'erased meanwhile' }), check(10));
    await settled();
    journal.erase(null);
    journal.reach(true);
    await settled();
    expect(JSON.stringify(listener.events)).not.toContain('erased meanwhile');
    expect(listener.ended).toBe('slow');
  });

  it('brings all readers up to date if nothing was erased', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    await done;
    opened.journal.reach(false);
    opened.journal.announce(change(11, 'q'), check(10));
    await settled();
    expect(listener.events).toEqual([]);
    opened.journal.reach(true);
    await settled();
    expect(listener.events.map(({ from, offset }) => [from, offset])).toEqual([[11, 11]]);
  });

  it('does not deliver what was announced just before, until the store is back', async () => {
    const opened = await open(at(10));
    const { listener, done } = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    await done;
    opened.journal.announce(change(11, 'q'), check(10));
    opened.journal.reach(false);
    await settled();
    expect(listener.events).toEqual([]);
    opened.journal.reach(true);
    await settled();
    expect(listener.events.map(({ offset }) => offset)).toEqual([11]);
  });

  it('delivers nothing of a channel that it began to follow just before', async () => {
    const journal = new Journal(at(10));
    const opening = open(at(10), journal);
    journal.reach(false);
    const opened = await opening;
    const { listener, done } = await join(opened, at(5), replay(at(10), [change(10, 'p')]));
    await done;
    journal.announce(change(11, 'q'), check(10));
    await settled();
    expect(listener.events).toEqual([]);
  });
});

describe('the counts of a channel stream', () => {
  const counts = (posts: number): Counts => ({ posts, keyEvents: 0, corrections: 0 });
  const ask = (opened: Opened, after: Position) =>
    new Promise<CatchUp>((resolve) => {
      void catchUp(opened.stream, { after, limit: 100, posts: 20 }, ({ json }) => resolve(JSON.parse(json)));
    });

  it('are sent with each event, and with an answer from the tail as of its end', async () => {
    const opened = await open(at(10));
    opened.journal.announce({ ...change(11, 'p'), counts: counts(4) }, check(10));
    opened.journal.announce({ ...change(12, 'q'), counts: counts(5) }, check(11));
    const said = await ask(opened, at(10));
    expect(said).toMatchObject({ mode: 'replay', counts: counts(5), more: false });
    expect('events' in said && said.events.map((event) => event.counts)).toEqual([counts(4), counts(5)]);
    expect((await ask(opened, at(12))).counts).toEqual(counts(5));
    expect(opened.journal.asked).toEqual([]);
  });

  it('are read once for all readers after an announcement without them, as nodes of an earlier version make', async () => {
    const opened = await open(at(10));
    opened.journal.announce(change(11, 'p'), check(10));
    const answers = [ask(opened, at(10)), ask(opened, at(10))];
    const read = await opened.journal.read();
    read.answer(replay(at(11), [{ ...change(11, 'p'), counts: counts(4) }], counts(4)));
    expect((await Promise.all(answers)).map((said) => said.counts)).toEqual([counts(4), counts(4)]);
    const later = await ask(opened, at(11));
    expect(later).toMatchObject({ counts: counts(4), events: [] });
    expect(opened.journal.asked).toEqual([]);
  });
});
