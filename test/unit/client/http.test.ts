import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Http, isTransient, NoAnswer } from '../../../client/lib/http.ts';
import { maxResponseMs } from '../../../client/lib/platform.ts';
import { type ProblemCode, problem, problems } from '../../../src/protocol/problems.ts';

describe('whether a problem is temporary', () => {
  it('depends on its status, like the table of problems', () => {
    for (const code of Object.keys(problems) as ProblemCode[])
      expect([code, isTransient(problem(code))]).toEqual([code, problems[code].retry]);
  });

  it('is certain if the answer asks to wait', () => {
    expect(isTransient(problem('forbidden', { retryAfter: 1 }))).toBe(true);
  });
});

describe('an answer that arrives slowly', () => {
  const timeoutMs = 1_000;

  /** A request under way, and a function that sends more of its answer. */
  function ask() {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const fetch = async (_url: string, { signal }: RequestInit) => {
      signal?.addEventListener('abort', () => void writer.abort(new Error('aborted')).catch(() => {}));
      return new Response(readable);
    };
    const http = new Http({ url: 'http://127.0.0.1', fetch, timeoutMs });
    const answer = http.get('/v1/channels/moon').then(
      ({ body }) => body,
      (error: unknown) => error,
    );
    const say = async (text: string) => {
      void writer.write(new TextEncoder().encode(text)).catch(() => {});
      await vi.advanceTimersByTimeAsync(0.9 * timeoutMs);
    };
    return { answer, say, end: () => void writer.close().catch(() => {}) };
  }

  it('times out only when no more bytes arrive', async () => {
    const { answer, say, end } = ask();
    for (const part of ['{"headline"', ':"To the ', 'Moon"}']) await say(part);
    end();
    expect(await answer).toEqual({ headline: 'To the Moon' });
  });

  it('fails if it stops arriving', async () => {
    const { answer, say } = ask();
    await say('{"headline"');
    await vi.advanceTimersByTimeAsync(timeoutMs);
    expect(await answer).toBeInstanceOf(NoAnswer);
  });

  it('fails if it never ends', async () => {
    const { answer, say } = ask();
    let ended = false;
    void answer.then(() => {
      ended = true;
    });
    for (let ms = 0; ms <= maxResponseMs - timeoutMs; ms += 0.9 * timeoutMs) await say(' ');
    expect(ended).toBe(false);
    for (let more = 0; more < 4; more += 1) await say(' ');
    expect(await answer).toBeInstanceOf(NoAnswer);
  });
});
