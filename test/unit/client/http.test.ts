import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Http, isTransient, NoAnswer } from '../../../client/lib/http.ts';
import { maxResponseMs } from '../../../client/lib/platform.ts';
import { type ProblemCode, problem, problems } from '../../../src/protocol/problems.ts';

describe('whether a problem passes by itself', () => {
  it('is judged by its status as the table of problems says', () => {
    for (const code of Object.keys(problems) as ProblemCode[])
      expect([code, isTransient(problem(code))]).toEqual([code, problems[code].retry]);
  });

  it('is said by whoever asks to wait, whatever it is', () => {
    expect(isTransient(problem('forbidden', { retryAfter: 1 }))).toBe(true);
  });
});

describe('an answer that comes little by little', () => {
  const timeoutMs = 1_000;

  /** What was asked, and a way to say more of the answer. */
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

  it('is waited for from its last bytes on', async () => {
    const { answer, say, end } = ask();
    for (const part of ['{"headline"', ':"To the ', 'Moon"}']) await say(part);
    end();
    expect(await answer).toEqual({ headline: 'To the Moon' });
  });

  it('is none where no more of it comes', async () => {
    const { answer, say } = ask();
    await say('{"headline"');
    await vi.advanceTimersByTimeAsync(timeoutMs);
    expect(await answer).toBeInstanceOf(NoAnswer);
  });

  it('is none where there is no end of it', async () => {
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
