import { describe, expect, it, vi } from 'vitest';
import { JournalUnavailable } from '../../../src/journal/engine.ts';
import { type ReadAgain, ReadGuard, type Reading, readAgain } from '../../../src/journal/read-guard.ts';

const tries = 3;

describe('a guarded read', () => {
  it('is repeated if something was erased during the read, and returns the second result', async () => {
    const guard = new ReadGuard(tries);
    const texts = ['the text', 'a tombstone'];
    const read = vi.fn(async () => {
      const text = texts.shift();
      if (text === 'the text') guard.invalidate();
      return text;
    });
    expect(await guard.read(read)).toBe('a tombstone');
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('fails after a bounded number of tries, and says that nothing was changed', async () => {
    const guard = new ReadGuard(tries);
    const read = vi.fn(async () => guard.invalidate());
    const failed = guard.read(read).catch((error: unknown) => error);
    expect(await failed).toBeInstanceOf(JournalUnavailable);
    expect(await failed).toMatchObject({ outcome: 'unchanged' });
    expect(read).toHaveBeenCalledTimes(tries);
  });

  it('is checked by each caller who shares it: a result from before an erasure is not used after it', async () => {
    const guard = new ReadGuard(tries);
    const before = guard.reading(async () => 'the text');
    const first = await guard.use(
      () => before,
      (text) => text,
    );
    guard.invalidate();
    let asked = 0;
    const after = guard.reading(async () => 'a tombstone');
    const second = await guard.use(
      () => (asked++ === 0 ? before : after),
      (text) => text,
    );
    expect([first, second]).toEqual(['the text', 'a tombstone']);
  });

  it('is checked and used in the same tick', async () => {
    const order: string[] = [];
    const isValid = () => {
      queueMicrotask(() => order.push('next'));
      return order.push('compared') > 0;
    };
    await new ReadGuard(tries).use(
      async () => ({ value: 'the text', isValid }),
      () => order.push('used'),
    );
    expect(order).toEqual(['compared', 'used', 'next']);
  });

  it('is used in the tick of the call if there is nothing to wait for', () => {
    const guard = new ReadGuard(tries);
    const used: string[] = [];
    void guard.use(
      (): Reading<string> => ({ value: 'from memory', isValid: guard.begin() }),
      (text) => used.push(text),
    );
    expect(used).toEqual(['from memory']);
  });

  it('is repeated if it asks for that, or if its caller rejects the result', async () => {
    const guard = new ReadGuard(tries);
    const reads: (string | ReadAgain)[] = [readAgain, 'too old', 'fits'];
    const used = await guard.use(
      async () => {
        const value = reads.shift();
        return value === undefined || value === readAgain ? readAgain : { value, isValid: guard.begin() };
      },
      (value) => (value === 'fits' ? value : readAgain),
    );
    expect(used).toBe('fits');
  });

  it('is neither used nor repeated once its source has ended', async () => {
    let ended: 'gone' | undefined;
    const guard = new ReadGuard(tries, () => ended);
    const read = vi.fn(async () => {
      guard.invalidate();
      ended = 'gone';
      return 'the text';
    });
    expect(await guard.read(read)).toBe('gone');
    expect(read).toHaveBeenCalledTimes(1);
  });
});
