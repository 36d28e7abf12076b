import { describe, expect, it } from 'vitest';
import { outcomeOfAnswer, outcomeOfError } from '../../../../client/browser/desk/outbox/attempt-outcome.ts';
import { inOrder } from '../../../../client/browser/desk/outbox/order.ts';
import { deliveredMost, undeliveredMost } from '../../../../client/browser/desk/outbox/outbox-limits.ts';
import { understood } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import { entryFormat, OutboxFull, publicEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import {
  advance,
  discard,
  type Found,
  forgetDelivered,
  markReceived,
  nextChangeAt,
  publishNow,
  release,
  settleLookUp,
  undo,
} from '../../../../client/browser/desk/outbox/transitions.ts';
import { NoAnswer, NotPressbox } from '../../../../client/lib/http.ts';
import { Device, done, hour, minute, postId, publication, refusalOf, revision, start, unknown } from './device-outbox.ts';

/** The rules of the outbox, one by one. */

describe('the order', () => {
  it('is that in which entries leave the undo window, so an urgent one overtakes those in it', () => {
    const device = new Device();
    const held = device.add(publication(1), { holdMs: 5_000 });
    const urgent = device.add(publication(2), { holdMs: 0, urgent: true });
    expect(device.next()).toBe(`send ${urgent}`);
    device.now += 5_000;
    device.apply(release(device.entries, { now: device.now, openedAt: start, oldest: true }));
    expect(device.next()).toBe(`send ${urgent}`);
    device.attempt(done);
    expect(device.next()).toBe(`send ${held}`);
  });

  it('lets nothing overtake an entry whose outcome is unknown', () => {
    const device = new Device();
    const first = device.add(publication(1));
    device.add(publication(2), { holdMs: 0, urgent: true });
    device.attempt(unknown);
    expect(device.next()).toBe(`send ${first}`);
    expect(device.state(first)).toMatchObject({ at: 'sending' });
  });

  it('makes a refused entry step aside, with the changes that build on it', () => {
    const device = new Device();
    const [refused, change, other] = [device.add(publication(1)), device.add(revision(1)), device.add(publication(2))];
    device.attempt(refusalOf('invalid-body'));
    expect(device.state(refused)).toMatchObject({ at: 'refused', problem: { code: 'invalid-body' } });
    expect(device.next()).toBe(`send ${other}`);
    expect(publicEntry(device.entry(change), device.entries).waitsFor).toBe(refused);
  });
});

describe('a delivered entry', () => {
  const cursorAt = (offset: number, epoch = 'a') => `${epoch.repeat(12)}.${offset}.${'b'.repeat(16)}`;

  it('is out once the desk has received its offset in the same history', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(done);
    for (const [cursor, at] of [
      [cursorAt(done.offset - 1), 'on-disk'],
      [cursorAt(done.offset + 1, 'c'), 'on-disk'],
      [cursorAt(done.offset), 'out'],
    ] as const) {
      device.apply(markReceived(device.entries, 'another', cursorAt(done.offset)));
      device.apply(markReceived(device.entries, 'eclipse', cursor));
      expect(device.state(id)?.at).toBe(at);
    }
  });

  it('has the revision that it made, also if a repeated answer shows a later one', () => {
    const device = new Device();
    const id = device.add(revision(1, 4));
    device.attempt({ ...done, revision: 9 });
    expect(device.state(id)).toMatchObject({ at: 'on-disk', revision: 5 });
  });

  it('keeps nothing waiting, and is no base of the next change', () => {
    const device = new Device();
    device.add(publication(1));
    const change = device.add(revision(1));
    device.attempt(done);
    expect(device.next()).toBe(`send ${change}`);
    expect(publicEntry(device.entry(change), device.entries).waitsFor).toBeUndefined();
    device.attempt({ ...done, revision: 2 });
    expect(device.entry(device.add(revision(1, 2)))).toMatchObject({ waitsFor: [], write: { expected: 2 } });
  });

  it('is forgotten after an hour, or when 50 later ones are delivered, even if the clock was set back', () => {
    const device = new Device();
    const ids = Array.from({ length: deliveredMost + 1 }, (_, at) => {
      const id = device.add({ type: 'publish', channelId: 'eclipse', post: { id: `p${at}`, body: `Post ${at}.` } });
      device.attempt(done);
      return id;
    });
    const forgotten = (now: number) => forgetDelivered(device.entries, now).remove;
    expect(forgotten(device.now + hour - 1)).toEqual([ids[0]]);
    for (const now of [device.now + hour, device.now - hour]) expect(forgotten(now)?.sort()).toEqual([...ids].sort());
  });
});

describe('the device', () => {
  it('accepts no entry beyond 500 undelivered ones', () => {
    const device = new Device();
    for (let at = 0; at < undeliveredMost; at += 1) device.add(publication(1), { holdMs: 5_000 });
    expect(() => device.add(publication(1))).toThrow(OutboxFull);
    device.apply(publishNow(device.entries, 'entry-1', device.now));
    device.attempt(done);
    expect(device.add(publication(2))).toBe('entry-502');
  });

  it('lists entries as they are sent, then those in the undo window as they leave it', () => {
    const device = new Device();
    const held = [9_000, 5_000, 5_000].map((holdMs, at) => device.add(publication(at + 1), { holdMs }));
    const sent = [device.add(publication(4)), device.add(publication(5))];
    expect(inOrder(device.entries).map(({ id }) => id)).toEqual([...sent, held[1], held[2], held[0]]);
    device.now += 9_000;
    device.apply(release(device.entries, { now: device.now, openedAt: start, oldest: true }));
    expect(inOrder(device.entries).map(({ id }) => id)).toEqual([...sent, held[1], held[2], held[0]]);
  });

  it('wakes for the end of an undo window, for a question, and for the end of the hour after a delivery', () => {
    const device = new Device();
    expect(nextChangeAt([], device.timing())).toBeUndefined();
    device.add(publication(1));
    expect(nextChangeAt(device.entries, device.timing())).toBe(start + 30 * minute);
    device.attempt(done);
    expect(nextChangeAt(device.entries, device.timing())).toBe(start + hour);
    device.add(publication(2), { holdMs: 5_000 });
    expect(nextChangeAt(device.entries, device.timing())).toBe(start + 5_000);
  });

  it('understands no entry of a newer version, and says so', () => {
    const device = new Device();
    const id = device.add(publication(1));
    const newer = { ...device.entry(id), id: 'newer', format: entryFormat + 1 };
    const current = { ...device.entry(id), format: entryFormat };
    expect(understood([current])).toEqual({ entries: [current], outdated: false });
    expect(understood([current, newer])).toEqual({ entries: [current], outdated: true });
  });
});

describe('an entry', () => {
  it('can be undone until its first attempt begins, and is frozen from then on', () => {
    const device = new Device();
    const id = device.add(publication(1));
    expect(undo(device.entries, id).write).toEqual(publication(1));
    device.attempt(refusalOf('rate-limited', { retryAfter: 1 }));
    expect(device.state(id)).toEqual({ at: 'saved' });
    expect(undo(device.entries, id)).toEqual({ change: {} });
    expect(publicEntry(device.entry(id), device.entries).frozen).toBe(true);
  });

  it('cannot be discarded while it may have been executed', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(unknown);
    device.now += 2 * hour;
    expect(discard(device.entries, id).write).toBeUndefined();
    expect(device.next()).toBe(`look-up ${id}`);
    device.apply(settleLookUp(device.entries, id, { is: 'absent' }, { timing: device.timing(), refusal: undefined }));
    expect(device.state(id)).toEqual({ at: 'asking', reason: 'unsent-long' });
    expect(discard(device.entries, id).write).toEqual(publication(1));
  });

  it('is sent again with its key for 23 hours, and is looked up after that', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(unknown);
    const sentAt = device.now;
    for (const [after, step] of [
      [23 * hour - 1, 'send'],
      [23 * hour, 'look-up'],
    ] as const) {
      device.now = sentAt + after;
      device.apply({ put: [{ ...device.entry(id), readyAt: device.now }] });
      expect(device.next()).toBe(`${step} ${id}`);
      // A later attempt makes the key no younger.
      if (step === 'send') device.attempt(unknown);
    }
  });

  it('is looked up if the clock was set back, because the age of its key is not known', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(unknown);
    device.now -= 2 * hour;
    expect(device.next()).toBe(`look-up ${id}`);
  });

  it('goes out once its author publishes it, although its key was sent more than 23 hours ago', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(unknown);
    device.now += 24 * hour;
    expect(device.next()).toBe(`look-up ${id}`);
    device.apply(settleLookUp(device.entries, id, { is: 'absent' }, { timing: device.timing(), refusal: undefined }));
    expect(device.state(id)).toEqual({ at: 'asking', reason: 'unsent-long' });
    device.apply(publishNow(device.entries, id, device.now));
    expect(device.next()).toBe(`send ${id}`);
    device.attempt(done);
    expect(device.state(id)).toMatchObject({ at: 'on-disk' });
  });

  it('asks if the clock was set back since it left the undo window, because its age is not known', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.now -= minute;
    expect(device.next()).toBe(`send ${id}`);
    device.now -= 1;
    expect(device.next()).toBe('ask');
  });

  it('asks if it was unsent for 30 minutes, and goes behind the others once it is published by hand', () => {
    const device = new Device();
    const old = device.add(publication(1));
    device.now += 30 * minute;
    const fresh = device.add(publication(2));
    expect(device.next()).toBe('ask');
    device.apply(advance(device.entries, 'eclipse', device.timing()).change);
    device.apply(publishNow(device.entries, old, device.now));
    expect(device.next()).toBe(`send ${fresh}`);
  });

  it('asks if its undo window ended while no desk was open, or while the device slept', () => {
    const device = new Device();
    const id = device.add(publication(1), { holdMs: 5_000 });
    const openedLater = { now: start + 20_000, openedAt: start + 10_000 };
    expect(release(device.entries, { ...openedLater, oldest: false }).put).toEqual([]);
    const slept = { now: start + 10 * minute, openedAt: start };
    for (const opened of [
      { ...openedLater, oldest: true },
      { ...slept, oldest: true },
      { ...slept, oldest: false },
    ]) {
      expect(release(device.entries, opened).put).toMatchObject([{ id, state: { at: 'asking' } }]);
    }
  });

  it('is held no longer than its author set, even if the clock is set back', () => {
    const device = new Device();
    device.add(publication(1), { holdMs: 5_000 });
    const now = start - hour;
    expect(release(device.entries, { now, openedAt: start, oldest: true }).put).toMatchObject([
      { state: { at: 'held', until: now + 5_000 } },
    ]);
  });
});

describe('an answer', () => {
  const answer = (body: unknown) => outcomeOfAnswer(publication(1), { status: 201, headers: new Headers(), body });

  it('is believed only if it is about the post that was sent', () => {
    const post = { id: postId(1), revision: 1 };
    expect(answer({ post, cursor: 'c', offset: 3 })).toEqual({ is: 'done', cursor: 'c', offset: 3, revision: 1 });
    for (const other of [
      { post: { ...post, id: postId(2) }, cursor: 'c', offset: 3 },
      { post },
      { welcome: 'to our Wi-Fi' },
      undefined,
    ]) {
      expect(answer(other)).toMatchObject({ is: 'later', executed: 'unknown' });
    }
  });

  it.each([
    ['revision-moved', { is: 'moved' }],
    ['post-exists', { is: 'moved' }],
    ['post-withdrawn', { is: 'moved' }],
    ['channel-exists', { is: 'moved' }],
    ['invalid-body', { is: 'refused', settles: true }],
    ['channel-ended', { is: 'refused', settles: true }],
    ['forbidden', { is: 'refused', settles: false }],
    ['not-found', { is: 'refused', settles: false }],
    ['token-invalid', { is: 'unauthorized', why: 'signed-out' }],
    ['owner-mismatch', { is: 'unauthorized', why: 'other-author' }],
    ['rate-limited', { is: 'later', executed: 'no' }],
    ['draining', { is: 'later', executed: 'no' }],
    ['internal-error', { is: 'later', executed: 'unknown' }],
  ] as const)('%s means %o', (code, outcome) => {
    expect(refusalOf(code)).toMatchObject(outcome);
  });

  it('that says nothing about the outcome leaves it unknown', () => {
    expect(refusalOf('journal-unavailable', { outcome: 'unknown', retryAfter: 2 })).toMatchObject({
      executed: 'unknown',
      retryAfterMs: 2_000,
    });
    expect(refusalOf('journal-unavailable', { outcome: 'unchanged' })).toMatchObject({ executed: 'no' });
    const busy = new NoAnswer('A proxy answered.', { retryAfter: 9 });
    expect(outcomeOfError(busy)).toEqual({ is: 'later', executed: 'unknown', retryAfterMs: 9_000 });
    expect(refusalOf('channel-lost', { outcome: 'unchanged' })).toMatchObject({ is: 'later', executed: 'no' });
    for (const error of [new NoAnswer('The server could not be reached.'), new NotPressbox('status 200'), new Error('?')]) {
      expect(outcomeOfError(error)).toMatchObject({ is: 'later', executed: 'unknown' });
    }
  });

  it('that refuses without having looked for the key is followed by a look-up if an earlier attempt may have been executed', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(unknown);
    const refusal = device.attempt(refusalOf('forbidden'));
    expect(refusal?.code).toBe('forbidden');
    expect(device.state(id)).toMatchObject({ at: 'sending' });
    device.apply(settleLookUp(device.entries, id, { is: 'absent' }, { timing: device.timing(), refusal }));
    expect(device.state(id)).toMatchObject({ at: 'refused', problem: { code: 'forbidden' } });
  });

  it.each(['revision-moved', 'post-exists', 'channel-exists', 'post-withdrawn'] as const)(
    'that names another state, %s, is a conflict unless the entry made that state',
    (code) => {
      const device = new Device();
      const id = device.add(publication(1));
      const refusal = device.attempt(refusalOf(code));
      const lookedUp = (found: Found) =>
        settleLookUp(device.entries, id, found, { timing: device.timing(), refusal }).put?.map(({ state }) => state.at);
      expect(lookedUp({ is: 'absent' })).toEqual(['conflict']);
      expect(lookedUp({ is: 'done', revision: 1, cursor: done.cursor })).toEqual(['on-disk']);
    },
  );
});
