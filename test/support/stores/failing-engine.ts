import { expect, onTestFinished, vi } from 'vitest';
import type { Announcement, Engine } from '../../../src/journal/engine.ts';
import type { Random } from '../samples/random.ts';

/** An engine that does no more than the port promises. `vi.restoreAllMocks` restores it. */

type ReadName = 'channel' | 'catchUp' | 'snapshot' | 'post' | 'posts' | 'revisions' | 'corrections';

/** Answers reads late, after a random time, like a busy or distant store. The answers are from the time of the call. */
export function answerLate(engine: Engine, random: Random, names: readonly ReadName[], mostMs: number): void {
  for (const name of names) {
    const ask = engine[name].bind(engine) as (...given: unknown[]) => Promise<unknown>;
    vi.spyOn(engine, name).mockImplementation((async (...given: unknown[]) => {
      const answer = await ask(...given);
      if (random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, random.below(mostMs)));
      return answer;
    }) as never);
  }
}

/**
 * Runs `act` once the engine has answered the next call of this read, and before the caller has the answer. The test fails if
 * there is no such call.
 */
export function afterRead(engine: Engine, name: ReadName, act: () => Promise<unknown>): void {
  const read = engine[name].bind(engine) as (...given: unknown[]) => Promise<unknown>;
  const spied = vi.spyOn(engine, name).mockImplementationOnce((async (...given: unknown[]) => {
    const answer = await read(...given);
    await act();
    return answer;
  }) as never);
  onTestFinished(() => {
    const reads = spied.mock.calls.length;
    spied.mockRestore();
    expect(reads, `reads of ${name}`).toBeGreaterThan(0);
  });
}

/** Drops, duplicates and reorders announcements. Some time after a loss, listeners receive `maybe-missed`. */
export function troubleTheBus(engine: Engine, random: Random, loss: number): void {
  const subscribe = engine.subscribe.bind(engine);
  vi.spyOn(engine, 'subscribe').mockImplementation(async (channelId, listener) => {
    let kept: Announcement | undefined;
    const warn = setInterval(() => listener({ type: 'maybe-missed' }), 50);
    const undo = await subscribe(channelId, (heard) => {
      if (heard.type !== 'gone' && random.chance(loss)) return;
      if (heard.type !== 'gone' && random.chance(0.15)) {
        kept = heard;
        return;
      }
      listener(heard);
      if (random.chance(0.1)) listener(heard);
      if (kept !== undefined) listener(kept);
      kept = undefined;
    });
    return () => {
      clearInterval(warn);
      undo();
    };
  });
}

/** Every read of the journal. */
const journalReads = [
  'channel',
  'channels',
  'catchUp',
  'snapshot',
  'post',
  'posts',
  'revisions',
  'corrections',
  'journal',
  'entries',
  'serverJournal',
  'heads',
] as const satisfies readonly (keyof Engine)[];

/** Acts once between two reads of the journal. */
export interface BetweenReads {
  /**
   * Makes a request, and runs `act` once the engine has answered the read with this number, before the caller has the answer.
   * Reads of one other channel do not count, nor those that `act` causes. `acted`: whether there was such a read.
   */
  during<T>(
    place: { channelId: string; read: number },
    act: () => Promise<unknown>,
    request: () => Promise<T>,
  ): Promise<{ answer: T; acted: boolean }>;
}

/** Passes every read of the engine through a place where something can happen. */
export function betweenReads(engine: Engine): BetweenReads {
  let due: { channelId: string; left: number; act: () => Promise<unknown> } | undefined;
  for (const name of journalReads) {
    const read = engine[name].bind(engine) as (...given: unknown[]) => Promise<unknown>;
    const passing = async (...given: unknown[]) => {
      if (due !== undefined && (typeof given[0] !== 'string' || given[0] === due.channelId)) due.left -= 1;
      const now = due?.left === 0 ? due : undefined;
      if (now !== undefined) due = undefined;
      const answer = await read(...given);
      await now?.act();
      return answer;
    };
    Object.assign(engine, { [name]: passing });
  }
  return {
    async during({ channelId, read }, act, request) {
      let acting: Promise<unknown> | undefined;
      due = {
        ...{ channelId, left: read },
        act() {
          acting = act();
          return acting;
        },
      };
      const answer = await request();
      due = undefined;
      // An error of `act` fails the test, although the server answered it as a failure of its own.
      await acting;
      return { answer, acted: acting !== undefined };
    },
  };
}
