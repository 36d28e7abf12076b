import { expect, it, vi } from 'vitest';
import { createSlots } from '../../../src/http/concurrency-slots.ts';
import { responseLimits } from '../../../src/http/http-limits.ts';

it('takes as many operations as there are slots, and refuses the next with a time to retry', () => {
  const counts: number[] = [];
  const rejected = vi.fn();
  const slots = createSlots(2, { onRejected: rejected, onTaken: (count) => counts.push(count) });
  const done = slots.take();
  slots.take();
  const problem = expect.objectContaining({ code: 'rate-limited', retryAfter: responseLimits.slotRetrySeconds });
  expect(() => slots.take()).toThrow(expect.objectContaining({ problem }));
  expect(rejected).toHaveBeenCalledOnce();
  expect(counts).toEqual([1, 2]);
  done();
  done();
  slots.take();
  expect(() => slots.take()).toThrow(expect.objectContaining({ problem }));
  expect(counts).toEqual([1, 2, 1, 2]);
});

it('gives one author at most half of the slots, and the others to other authors', () => {
  const slots = createSlots(4, { onRejected: () => undefined });
  const done = slots.take('ada');
  slots.take('ada');
  expect(() => slots.take('ada')).toThrow('one author');
  for (const author of ['ruth', 'grace']) slots.take(author);
  expect(() => slots.take('mary')).toThrow('At most 4');
  done();
  slots.take('ada');
});
