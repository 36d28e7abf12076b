import { describe, expect, it } from 'vitest';
import { passes } from '../../client/http.ts';
import { type ProblemCode, problem, problems } from '../../src/protocol/problems.ts';

describe('whether a problem passes by itself', () => {
  it('is judged by its status as the table of problems says', () => {
    for (const code of Object.keys(problems) as ProblemCode[])
      expect([code, passes(problem(code))]).toEqual([code, problems[code].retry]);
  });

  it('is said by whoever asks to wait, whatever it is', () => {
    expect(passes(problem('forbidden', { retryAfter: 1 }))).toBe(true);
  });
});
