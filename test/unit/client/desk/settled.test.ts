import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { EntryState, Outbox, OutboxEntry } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { settled } from '../../../../client/browser/desk/outbox/settled.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import { publication } from './device-outbox.ts';

/** What a form says that waits for its write. */

const forbidden = problem('forbidden');
const moved = problem('revision-moved');
const written = { offset: 3, revision: 1, cursor: 'c' };
const outcomes: Record<EntryState['at'], { state: EntryState; says: string }> = {
  held: { state: { at: 'held', until: 9 }, says: 'later' },
  saved: { state: { at: 'saved' }, says: 'later' },
  sending: { state: { at: 'sending', since: 0 }, says: 'later' },
  'on-disk': { state: { at: 'on-disk', ...written }, says: 'done' },
  out: { state: { at: 'out', ...written }, says: 'done' },
  refused: { state: { at: 'refused', problem: forbidden }, says: 'refused' },
  conflict: { state: { at: 'conflict', problem: moved }, says: 'conflict' },
  asking: { state: { at: 'asking', reason: 'unsent-long' }, says: 'later' },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function outboxWith(state: EntryState, pictures: { id: string; upload: object }[] = []) {
  const listeners = new Set<() => void>();
  const entry = { id: '1', write: publication(), state, pictures: pictures.map(({ id }) => id) } as unknown as OutboxEntry;
  const outbox = {
    entries: [entry],
    pictures: { all: pictures, progressOf: () => (outbox.isUploading ? 0.5 : undefined) },
    isUploading: false,
    subscribe(changed: () => void) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    become(state: EntryState | undefined) {
      outbox.entries = state === undefined ? [] : [{ ...entry, state }];
      for (const listener of listeners) listener();
    },
  };
  return outbox;
}

/** What the form says, in the end, and how often it said before that an upload goes on. */
async function said(outbox: ReturnType<typeof outboxWith>, during = () => {}) {
  const onUploading = vi.fn(() => during());
  const waiting = settled(outbox as unknown as Outbox, '1', onUploading);
  await vi.advanceTimersByTimeAsync(60_000);
  return { ...(await waiting), uploading: onUploading.mock.calls.length };
}

it.each(Object.entries(outcomes))('the form of a write that is %s says what became of it', async (_at, { state, says }) => {
  const told = await said(outboxWith(state));
  expect(told).toEqual({ status: says, uploading: 0, ...('problem' in state && { problem: state.problem }) });
});

it('a form says that its write is done when its entry has left the outbox', async () => {
  const outbox = outboxWith({ at: 'sending', since: 0 });
  setTimeout(() => outbox.become(undefined), 1_000);
  expect(await said(outbox)).toEqual({ status: 'done', uploading: 0 });
});

it('a form says which picture the server does not take', async () => {
  const refused = { at: 'refused', problem: forbidden };
  const outbox = outboxWith({ at: 'saved' }, [{ id: 'one', upload: refused }]);
  expect(await said(outbox)).toEqual({ status: 'picture-refused', problem: forbidden, uploading: 0 });
});

it('a form waits as long as pictures are being uploaded, and no longer', async () => {
  const outbox = outboxWith({ at: 'saved' }, [{ id: 'one', upload: { at: 'waiting' } }]);
  outbox.isUploading = true;
  let times = 0;
  const stopAfterThree = () => {
    times += 1;
    if (times === 3) outbox.isUploading = false;
  };
  expect(await said(outbox, stopAfterThree)).toEqual({ status: 'later', uploading: 3 });
});
