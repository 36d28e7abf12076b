import { describe, expect, it } from 'vitest';
import type { StoredChange } from '../../../src/journal/engine.ts';
import type { PostEventType } from '../../../src/protocol/model.ts';
import { EncodedChange, type Format } from '../../../src/streams/encoded-events.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { Tail } from '../../../src/streams/tail.ts';

const at = '2026-11-24T12:00:00.000Z';
const check = (offset: number) => offset.toString(16).padStart(16, '0');

function changeOf(offset: number, id: string, text = '', type: PostEventType = 'post.revised'): EncodedChange {
  const post = { id, headline: text } as unknown as Extract<StoredChange, { post: unknown }>['post'];
  return new EncodedChange('moon', 'abcdefabcdef', { type, offset, check: check(offset), at, post });
}

const offsets = (tail: Tail, after: number) => [...tail.after(after)].map(({ offset }) => offset);

describe('the tail of a channel stream', () => {
  it('delivers each post once, at its latest change, in order of last change', () => {
    const tail = new Tail(10, check(10));
    for (const [offset, id] of [
      [11, 'a'],
      [12, 'b'],
      [13, 'a'],
      [14, 'c'],
      [15, 'b'],
    ] as const)
      tail.push(changeOf(offset, id));
    expect(offsets(tail, 10)).toEqual([13, 14, 15]);
    expect(offsets(tail, 13)).toEqual([14, 15]);
    expect(offsets(tail, 15)).toEqual([]);
    expect(tail.latestOffset('a')).toBe(13);
    expect(tail.size).toBe(3);
  });

  it('remembers the check of a superseded offset, so that a cursor there can be compared', () => {
    const tail = new Tail(10, check(10));
    tail.push(changeOf(11, 'a'));
    tail.push(changeOf(12, 'a'));
    expect([10, 11, 12, 13].map((offset) => tail.check(offset))).toEqual([check(10), check(11), check(12), undefined]);
  });

  it('does not know the checks of offsets that one read skipped', () => {
    const tail = new Tail(10, check(10));
    tail.push(changeOf(14, 'a'));
    expect(tail.check(12)).toBeUndefined();
    expect(tail.check(14)).toBe(check(14));
    expect(offsets(tail, 12)).toEqual([14]);
  });

  it('holds no text of a post that was erased', () => {
    const tail = new Tail(0, check(0));
    tail.push(changeOf(1, 'a', 'secret'));
    tail.push(changeOf(2, 'b'));
    tail.forget('a');
    expect([...tail.after(0)].map((change) => change.json(1)).join()).not.toContain('secret');
    expect(tail.head).toBe(2);
  });

  it('lets no reader pass an erased post until a later change of it arrives', () => {
    const tail = new Tail(0, check(0));
    for (const [offset, id] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ] as const)
      tail.push(changeOf(offset, id));
    tail.forget('b');
    expect(tail.completeFrom).toBe(2);
    tail.push(changeOf(4, 'b'));
    expect(tail.completeFrom).toBe(0);
    expect(offsets(tail, 0)).toEqual([1, 3, 4]);
  });

  it('holds no post after an erasure of all, not even a takedown, and lets no reader pass', () => {
    const tail = new Tail(0, check(0));
    tail.push(changeOf(1, 'a', 'secret'));
    tail.push(changeOf(2, 'b', '', 'post.taken-down'));
    tail.push(changeOf(3, 'c', 'secret'));
    tail.forgetAll();
    expect([offsets(tail, 0), tail.completeFrom, tail.head]).toEqual([[], 3, 3]);
    tail.push(changeOf(4, 'c'));
    expect([tail.completeFrom, offsets(tail, 2)]).toEqual([2, [4]]);
  });

  it('keeps a takedown, which has no text, if the erasure is announced after it', () => {
    const tail = new Tail(0, check(0));
    tail.push(changeOf(1, 'a', '', 'post.taken-down'));
    tail.forget('a');
    expect(offsets(tail, 0)).toEqual([1]);
    expect(tail.completeFrom).toBe(0);
  });

  it('stays within its bound in offsets, and always reports its true start', () => {
    const tail = new Tail(0, check(0));
    const last = streamLimits.tailOffsets * 3;
    for (let offset = 1; offset <= last; offset += 1) {
      tail.push(changeOf(offset, `post ${offset}`));
      expect(tail.head - tail.start).toBeLessThanOrEqual(streamLimits.tailOffsets);
    }
    expect(offsets(tail, tail.start)).toEqual(Array.from({ length: last - tail.start }, (_, index) => tail.start + 1 + index));
    expect(tail.check(tail.start)).toBe(check(tail.start));
  });

  it('holds tailOffsets offsets, and drops the oldest quarter beyond', () => {
    const tail = new Tail(0, check(0));
    const { tailOffsets } = streamLimits;
    for (let offset = 1; offset <= tailOffsets; offset += 1) tail.push(changeOf(offset, `post ${offset}`));
    expect(tail.start).toBe(0);
    tail.push(changeOf(tailOffsets + 1, 'one more'));
    expect(tail.head - tail.start).toBe(tailOffsets * 0.75);
  });

  it('holds tailBytes, and drops the oldest quarter beyond', () => {
    const tail = new Tail(0, check(0));
    const eighth = streamLimits.tailBytes / 8;
    const own = changeOf(1, 'post 1').bytes;
    for (let offset = 1; offset <= 8; offset += 1) tail.push(changeOf(offset, `post ${offset}`, 'x'.repeat(eighth - own)));
    expect([tail.start, tail.bytes]).toEqual([0, streamLimits.tailBytes]);
    tail.push(changeOf(9, 'post 9'));
    expect(tail.start).toBe(3);
  });

  it('stays within its bound in bytes, and always holds the newest change', () => {
    const tail = new Tail(0, check(0));
    const text = 'x'.repeat(400_000);
    for (let offset = 1; offset <= 100; offset += 1) {
      tail.push(changeOf(offset, `post ${offset}`, text));
      expect(tail.bytes).toBeLessThanOrEqual(streamLimits.tailBytes);
      expect(offsets(tail, offset - 1)).toEqual([offset]);
    }
    const held = [...tail.after(tail.start)].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(tail.bytes).toBe(held);
  });

  it('counts no bytes twice when posts are superseded, erased and trimmed', () => {
    const tail = new Tail(0, check(0));
    for (let offset = 1; offset <= streamLimits.tailOffsets * 2; offset += 1) {
      tail.push(changeOf(offset, `post ${(offset * 7919) % 1000}`, 'y'.repeat(offset % 300)));
      if (offset % 97 === 0) tail.forget(`post ${offset % 1000}`);
    }
    const held = [...tail.after(tail.start)];
    expect(tail.bytes).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(tail.size).toBe(held.length);
    expect(new Set(held.map(({ subject }) => subject)).size).toBe(held.length);
  });
});

describe('an encoded change', () => {
  it('is the documented event, and covers every offset that the reader lacks', () => {
    const event = JSON.parse(changeOf(42, 'a').json(40));
    expect(event).toEqual({
      channelId: 'moon',
      from: 40,
      offset: 42,
      cursor: `abcdefabcdef.42.${check(42)}`,
      type: 'post.revised',
      at,
      post: { id: 'a', headline: '' },
    });
  });

  it('is framed once per transport for all readers who start from the same offset', () => {
    let frames = 0;
    const format: Format = { name: 'socket', frame: (json) => Buffer.from(`${json}${frames++}`) };
    const change = changeOf(42, 'a');
    expect(change.frame(format, 42)).toBe(change.frame(format, 42));
    expect(frames).toBe(1);
    expect(change.frame(format, 41)).not.toBe(change.frame(format, 41));
  });
});
