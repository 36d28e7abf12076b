import { describe, expect, it } from 'vitest';
import { outcomeOfAnswer, outcomeOfError } from '../../../../client/browser/desk/outbox/attempt-outcome.ts';
import { holds } from '../../../../client/browser/desk/outbox/lookup.ts';
import { nextStep } from '../../../../client/browser/desk/outbox/order.ts';
import type { AddOptions, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { changed } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import { type Change, newEntry, publicEntry, type StoredEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import {
  advance,
  discard,
  publishNow,
  release,
  settle,
  settleLookUp,
  undo,
} from '../../../../client/browser/desk/outbox/transitions.ts';
import type { DevicePicture, PictureUpload } from '../../../../client/browser/desk/pictures/device-picture.ts';
import { NoAnswer, NotPressbox, ProblemError } from '../../../../client/lib/http.ts';
import { type ProblemCode, problem } from '../../../../src/protocol/problems.ts';

/** The rules of the outbox, one by one. */

const owner = { ownerKey: 'key', sub: 'ada', name: 'Ada' };
const start = Date.parse('2026-03-01T08:00:00Z');
const minute = 60_000;
const hour = 60 * minute;

const postId = (at: number) => `01980f0e-9b40-7c21-9d00-2e6f7a1b000${at}`;
const publication = (at = 1): Write => ({ type: 'publish', channelId: 'eclipse', post: { id: postId(at), body: `Post ${at}.` } });
const revision = (at = 1, expected = 1): Write => ({
  type: 'revise',
  channelId: 'eclipse',
  postId: postId(at),
  expected,
  revision: { kind: 'update', changes: { body: `Post ${at}, revised.` } },
});

/** An outbox as it lies on a device, and its clock. */
class Device {
  entries: StoredEntry[] = [];
  pictures: DevicePicture[] = [];
  now = start;
  #ids = 0;

  add(write: Write, options: AddOptions = { holdMs: 0 }): string {
    const id = `entry-${++this.#ids}`;
    this.apply({ put: [newEntry(this.entries, write, options, { owner, now: this.now, id })] });
    return id;
  }
  apply(change: Change): void {
    this.entries = changed(this.entries, change);
    const { putPictures = [] } = change;
    this.pictures = [...this.pictures.filter(({ id }) => !putPictures.some((one) => one.id === id)), ...putPictures];
  }
  picture(id: string, upload: PictureUpload): void {
    const fields = { ownerKey: owner.ownerKey, channelId: 'eclipse', type: 'image/jpeg', bytes: 1, addedAt: this.now };
    this.apply({ putPictures: [{ id, ...fields, upload }] });
  }
  entry(id: string): StoredEntry {
    return this.entries.find((one) => one.id === id) as StoredEntry;
  }
  state(id: string) {
    return this.entry(id)?.state;
  }
  timing() {
    return { now: this.now, askAfterMs: 30 * minute };
  }
  next() {
    const step = nextStep(this.entries, 'eclipse', this.timing(), this.pictures);
    return 'entry' in step ? `${step.do} ${step.entry.id}` : step.do;
  }
  /** Begins the next attempt and records its outcome. */
  attempt(outcome: Parameters<typeof settle>[2]): ReturnType<typeof settle>['lookUp'] {
    const { change, step } = advance(this.entries, 'eclipse', this.timing(), this.pictures);
    this.apply(change);
    if (step.do !== 'send') throw new Error(`The next step is ${step.do}.`);
    const { change: settled, lookUp } = settle(this.entries, step.entry, outcome, this.now, this.pictures);
    this.apply(settled);
    return lookUp;
  }
}

const done = { is: 'done', offset: 3, cursor: `${'a'.repeat(12)}.3.${'b'.repeat(16)}`, revision: 1 } as const;
const unknown = { is: 'later', executed: 'unknown', retryAfterMs: 0 } as const;
const refusalOf = (code: ProblemCode, details: object = {}) => outcomeOfError(new ProblemError(problem(code, details)));

const withPicture = (at: number, ...pictures: string[]): Write => ({
  type: 'publish',
  channelId: 'eclipse',
  post: {
    id: postId(at),
    body: `Post ${at}.`,
    media: pictures.map((id) => ({ type: 'image', url: `device:${id}`, alt: '', decorative: true })),
  },
});
const uploaded = (id: string): PictureUpload => ({ at: 'uploaded', url: `media:${id.padEnd(22, 'x')}`, width: 4, height: 3 });
const unknownUpload = refusalFor('media[0].url');

function refusalFor(path: string) {
  return () => refusalOf('invalid-body', { errors: [{ path, message: 'Must name an upload of this channel.' }] });
}

describe('a post with a picture of this device', () => {
  it('steps aside until all of its pictures are uploaded, and then has their references in its bytes', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    device.picture('two', uploaded('two'));
    const first = device.add(withPicture(1, 'one', 'two'));
    const later = device.add(publication(2));
    expect(device.next()).toBe(`send ${later}`);
    device.attempt(done);
    expect(device.next()).toBe('nothing');
    device.picture('one', uploaded('one'));
    expect(device.next()).toBe(`send ${first}`);
    device.attempt(unknown);
    const { media } = JSON.parse(device.entry(first).request.body ?? '');
    expect(media).toEqual(['one', 'two'].map((id) => ({ type: 'image', url: `media:${id.padEnd(22, 'x')}`, alt: '' })));
    expect(device.entry(first).write).toEqual(withPicture(1, 'one', 'two'));
  });

  it('is left to newer tabs while it waits, and known to older ones once its bytes are final', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const id = device.add(withPicture(1, 'one'));
    expect(device.entry(id).format).toBe(2);
    device.picture('one', uploaded('one'));
    device.attempt(unknown);
    expect(device.entry(id).format).toBe(1);
  });

  it('waits again if the server has forgotten its picture, and is refused if that goes on', () => {
    const device = new Device();
    device.picture('one', uploaded('one'));
    const id = device.add(withPicture(1, 'one'));
    for (let round = 0; round < 3; round += 1) {
      device.attempt(unknownUpload());
      expect(device.state(id)).toEqual({ at: 'saved' });
      expect(device.pictures).toMatchObject([{ id: 'one', upload: { at: 'waiting' } }]);
      expect(device.next()).toBe('nothing');
      device.picture('one', uploaded('again'));
    }
    device.attempt(unknownUpload());
    expect(device.state(id)).toMatchObject({ at: 'refused' });
  });

  it('is one with a picture of a link too, which then has its reference as its image', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const link = { type: 'link', url: 'https://example.org/eclipse', title: 'The path' } as const;
    const media = [link, { ...link, image: 'device:one' }];
    const id = device.add({ type: 'publish', channelId: 'eclipse', post: { id: postId(1), media } });
    expect(device.next()).toBe('nothing');
    for (let round = 0; round < 2; round += 1) {
      device.picture('one', uploaded('one'));
      expect(device.next()).toBe(`send ${id}`);
      device.attempt(refusalFor('media[1].image')());
      expect(device.pictures).toMatchObject([{ id: 'one', upload: { at: 'waiting' } }]);
    }
    device.picture('one', uploaded('one'));
    device.attempt(unknown);
    const sent = [link, { ...link, image: `media:${'one'.padEnd(22, 'x')}` }];
    expect(JSON.parse(device.entry(id).request.body ?? '')).toMatchObject({ media: sent });
  });

  it('is found on the server by the address that the upload has there', () => {
    const id = 'one'.padEnd(22, 'x');
    const link = { type: 'link', url: 'https://example.org/eclipse', title: 'The path' } as const;
    const address = `https://live.example.org/media/eclipse/${id}/800.jpg`;
    const given = { media: [{ ...link, image: `media:${id}` }] };
    expect(holds({ media: [{ ...link, image: address }] }, given)).toBe(true);
    expect(holds({ media: [{ ...link, image: address.replace(id, 'another') }] }, given)).toBe(false);
    expect(holds({ media: [link] }, given)).toBe(false);
  });

  it('is one with a coverage too, which then has its reference as its picture', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const picture = { url: 'device:one', alt: 'A crater' };
    const id = device.add({ type: 'update-channel', channelId: 'eclipse', expected: 3, patch: { section: 'Sky', picture } });
    expect(device.next()).toBe('nothing');
    for (let round = 0; round < 2; round += 1) {
      device.picture('one', uploaded('one'));
      expect(device.next()).toBe(`send ${id}`);
      device.attempt(refusalFor('picture.url')());
      expect(device.pictures).toMatchObject([{ id: 'one', upload: { at: 'waiting' } }]);
    }
    device.picture('one', uploaded('one'));
    device.attempt(unknown);
    const sent = { section: 'Sky', picture: { ...picture, url: `media:${'one'.padEnd(22, 'x')}` } };
    expect(JSON.parse(device.entry(id).request.body ?? '')).toEqual(sent);
  });

  it('keeps the posts that build on it waiting, and is given back with its picture', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const first = device.add(withPicture(1, 'one'));
    device.add(revision(1));
    expect(device.next()).toBe('nothing');
    expect(undo(device.entries, first).write).toEqual(withPicture(1, 'one'));
  });
});

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

describe('a change of what is still in the outbox', () => {
  it('names the revision that the entries before it make', () => {
    const device = new Device();
    device.add(publication(1));
    const [first, second] = [device.add(revision(1, 1)), device.add(revision(1, 1))];
    expect([first, second].map((id) => device.entry(id).request.headers['if-match'])).toEqual(['"1"', '"2"']);
    expect([first, second].map((id) => device.entry(id).waitsFor)).toEqual([['entry-1'], [first, 'entry-1']]);
  });

  it('keeps the revision that its author saw if that is newer', () => {
    const device = new Device();
    device.add(publication(1));
    expect(device.entry(device.add(revision(1, 4))).request.headers['if-match']).toBe('"4"');
  });

  it('is never sent once the entry that it builds on was taken out', () => {
    const device = new Device();
    const [first, second] = [device.add(revision(1, 3)), device.add(revision(1, 3))];
    device.apply(undo(device.entries, first).change);
    expect(device.state(second)).toMatchObject({ at: 'conflict', problem: { code: 'revision-moved' } });
    const [post, change] = [device.add(publication(2)), device.add(revision(2))];
    device.apply(undo(device.entries, post).change);
    expect(device.state(change)).toMatchObject({ at: 'refused', problem: { code: 'not-found' } });
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
    }
  });

  it('is looked up if the clock was set back, because the age of its key is not known', () => {
    const device = new Device();
    const id = device.add(publication(1));
    device.attempt(unknown);
    device.now -= 2 * hour;
    expect(device.next()).toBe(`look-up ${id}`);
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
    for (const opened of [openedLater, { now: start + 10 * minute, openedAt: start }]) {
      expect(release(device.entries, { ...opened, oldest: true }).put).toMatchObject([{ id, state: { at: 'asking' } }]);
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
});
