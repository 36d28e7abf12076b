import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Engine, JournalUnavailable, type StoredChange } from '../../../src/journal/engine.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import { catchUp, type EncodedCatchUp } from '../../../src/streams/catch-up.ts';
import { ChannelStream } from '../../../src/streams/channel-stream.ts';
import { EncodedBatches } from '../../../src/streams/encoded-batches.ts';
import { EncodedChange, type Format } from '../../../src/streams/encoded-events.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { Tail } from '../../../src/streams/tail.ts';

/** Where an answer ends. The stream begins at offset 10, and the journal has one change for each offset from 5 on. */

const at = '2026-11-24T12:00:00.000Z';
const epoch = 'abcdefabcdef';
const counts = { posts: 1, keyEvents: 0, corrections: 0 };
const begin = 10;
const position = (offset: number) => ({ epoch, offset, check: `${offset}`.padStart(16, '0') });

function change(offset: number, text = ''): StoredChange {
  const post = { id: `post-${offset}`, headline: text } as unknown as Extract<StoredChange, { post: unknown }>['post'];
  return { type: 'post.revised', offset, check: position(offset).check, at, post, counts } as unknown as StoredChange;
}

/** A text with which the change counts exactly so many bytes. */
function ofBytes(offset: number, bytes: number): string {
  return 'x'.repeat(bytes - new EncodedChange('moon', epoch, change(offset)).bytes);
}

/** A stream that has received changes with these texts after offset 10. `reads` counts the reads of the journal. */
async function openStream(texts: readonly string[], journal: Partial<{ to: number; more: boolean }> = {}) {
  let reads = 0;
  const channel = { id: 'moon', access: 'public', revision: 1 } as Channel;
  const engine = {
    subscribe: async () => () => {},
    channel: async () => ({ status: 'found', channel: { ...channel, latestPostAt: null }, position: position(begin), counts }),
    catchUp: async (_channelId: string, { offset }: { offset: number }) => {
      reads += 1;
      const to = journal.to ?? begin + texts.length;
      const changes = [];
      for (let next = offset + 1; next <= to; next += 1) changes.push(change(next, texts[next - begin - 1]));
      return { status: 'replay', to: position(to), changes, more: journal.more ?? false, counts };
    },
  } as unknown as Engine;
  const log = { info() {}, warn() {} };
  const stream = (await ChannelStream.open('moon', { engine, random: () => 0.5, log, delivered() {} })) as ChannelStream;
  onTestFinished(() => stream.close());
  for (const [nth, text] of texts.entries()) {
    const offset = begin + nth + 1;
    stream.onAnnouncement({ type: 'entry', epoch, before: position(offset - 1).check, change: change(offset, text) });
  }
  const answer = async (after: number, limit = 100): Promise<EncodedCatchUp> => {
    let answered: EncodedCatchUp | undefined;
    await catchUp(stream, { after: position(after), limit, posts: 20 }, (encoded) => {
      answered = encoded;
    });
    return answered as EncodedCatchUp;
  };
  return { answer, reads: () => reads };
}

describe('an answer to a cursor', () => {
  it.each([
    ['at the first offset that the tail has everything after', begin, 0],
    ['before it', begin - 1, 1],
    ['at the head', begin + 3, 0],
  ])('%s comes from the tail if it can', async (_what, after, fromJournal) => {
    const { answer, reads } = await openStream(['', '', '']);
    expect(await answer(after)).toMatchObject({ events: begin + 3 - after, more: false, position: { offset: begin + 3 } });
    expect(reads()).toBe(fromJournal);
  });

  it('ahead of the head comes from the journal', async () => {
    const { answer, reads } = await openStream(['', ''], { to: begin + 4 });
    expect(await answer(begin + 3)).toMatchObject({ events: 1, position: { offset: begin + 4 } });
    expect(reads()).toBe(1);
  });
});

describe('an answer from the tail', () => {
  it.each([
    [4, 3, false],
    [3, 3, false],
    [2, 2, true],
    [1, 1, true],
  ])('to a request for %i events has %i', async (limit, events, more) => {
    const { answer } = await openStream(['', '', '']);
    expect(await answer(begin, limit)).toMatchObject({ events, more, position: { offset: begin + events } });
  });

  it('ends before catchUpBytes are exceeded, and has one event at least', async () => {
    const half = streamLimits.catchUpBytes / 2;
    const fitting = await openStream([ofBytes(11, half), ofBytes(12, half)]);
    expect(await fitting.answer(begin)).toMatchObject({ events: 2, more: false });
    const larger = await openStream([ofBytes(11, half), ofBytes(12, half + 1)]);
    expect(await larger.answer(begin)).toMatchObject({ events: 1, more: true });
    const huge = await openStream([ofBytes(11, 3 * half), '']);
    expect(await huge.answer(begin)).toMatchObject({ events: 1, more: true });
  });
});

describe('an answer from the journal that ends before the head', () => {
  it.each([
    [4, 4, false],
    [3, 2, true],
  ])(
    'to a request for up to %i events continues with all newer changes of the tail or with none',
    async (limit, events, more) => {
      const { answer } = await openStream(['', '', ''], { to: begin + 1 });
      expect(await answer(begin - 1, limit)).toMatchObject({ events, more, position: { offset: begin + (more ? 1 : 3) } });
    },
  );

  it('continues only if both fit into catchUpBytes together', async () => {
    const own = [9 + 1, 11].reduce((sum, offset) => sum + new EncodedChange('moon', epoch, change(offset)).bytes, 0);
    const room = streamLimits.catchUpBytes - own;
    const fitting = await openStream(['', ofBytes(12, room)], { to: begin + 1 });
    expect(await fitting.answer(begin - 1)).toMatchObject({ events: 3, more: false });
    const larger = await openStream(['', ofBytes(12, room + 1)], { to: begin + 1 });
    expect(await larger.answer(begin - 1)).toMatchObject({ events: 2, more: true });
  });

  it('is complete if it ends at the head', async () => {
    const { answer } = await openStream(['', ''], { to: begin + 2 });
    expect(await answer(begin - 1, 1)).toMatchObject({ events: 3, more: false, position: { offset: begin + 2 } });
  });
});

describe('a write to a reader that lags', () => {
  const format: Format = { name: 'socket', frame: (json) => Buffer.from(json) };
  const frameBytes = (offset: number) => new EncodedChange('moon', epoch, change(offset)).frame(format, offset).length;
  const batchOf = (texts: readonly string[]) => {
    const tail = new Tail(begin, position(begin).check);
    for (const [nth, text] of texts.entries()) tail.push(new EncodedChange('moon', epoch, change(begin + nth + 1, text)));
    return new EncodedBatches().after(tail, begin, format);
  };

  it('has sliceBytes at most, or one event', () => {
    const room = streamLimits.sliceBytes - frameBytes(11) - frameBytes(12);
    expect(batchOf(['x'.repeat(room), ''])).toMatchObject({ events: 2, frames: { length: streamLimits.sliceBytes } });
    expect(batchOf(['x'.repeat(room), 'x'])).toMatchObject({ events: 1, last: 11 });
    expect(batchOf(['x'.repeat(streamLimits.sliceBytes), ''])).toMatchObject({ events: 1, last: 11 });
  });
});

describe('a stream that cannot follow', () => {
  /** The pauses of a stream, with the longest jitter. */
  async function openFailing() {
    const pauses: { ms: number; run: () => void }[] = [];
    const channel = { id: 'moon', access: 'public', revision: 1 } as Channel;
    let reads = 0;
    const engine = {
      subscribe: async () => () => {},
      channel: async () => ({ status: 'found', channel: { ...channel, latestPostAt: null }, position: position(begin), counts }),
      catchUp: async () => {
        reads += 1;
        throw new JournalUnavailable('It is away.', 'unchanged');
      },
    } as unknown as Engine;
    const startTimer = (ms: number, run: () => void) => {
      pauses.push({ ms, run });
      return () => {};
    };
    const log = { info() {}, warn() {} };
    const context = { engine, random: () => 1, log, delivered() {}, startTimer };
    const stream = (await ChannelStream.open('moon', context)) as ChannelStream;
    onTestFinished(() => stream.close());
    return { stream, pauses, reads: () => reads };
  }

  it('reads again after retryFirstMs, then twice as long each time, up to retryMostMs', async () => {
    const { stream, pauses } = await openFailing();
    // An announcement behind a gap.
    stream.onAnnouncement({ type: 'entry', epoch, before: position(begin + 4).check, change: change(begin + 5) });
    const expected: number[] = [];
    for (let ms = streamLimits.retryFirstMs; expected.length < 7; ms *= 2) expected.push(Math.min(ms, streamLimits.retryMostMs));
    for (let nth = 0; nth < expected.length; nth += 1) {
      await vi.waitFor(() => expect(pauses).toHaveLength(nth + 1));
      pauses[nth]?.run();
    }
    expect(pauses.slice(0, expected.length).map(({ ms }) => ms)).toEqual(expected);
    expect(expected.slice(-2)).toEqual([streamLimits.retryMostMs, streamLimits.retryMostMs]);
  });

  it('compares its history with the journal doubtMs after a doubtful announcement, once for all that arrive meanwhile', async () => {
    const { stream, pauses, reads } = await openFailing();
    for (let times = 0; times < 3; times += 1) {
      // The stream does not know the check of this offset.
      stream.onAnnouncement({ type: 'entry', epoch, before: position(begin - 4).check, change: change(begin - 3) });
    }
    expect([pauses.map(({ ms }) => ms), reads()]).toEqual([[streamLimits.doubtMs], 0]);
    pauses[0]?.run();
    await vi.waitFor(() => expect(reads()).toBe(1));
  });
});
