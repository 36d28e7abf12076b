import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine, StoredChange } from '../../../src/journal/engine.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import { catchUp, type EncodedCatchUp } from '../../../src/streams/catch-up.ts';
import { ChannelStream } from '../../../src/streams/channel-stream.ts';
import { EncodedChange } from '../../../src/streams/encoded-events.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';

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
