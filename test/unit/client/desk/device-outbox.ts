import { outcomeOfError } from '../../../../client/browser/desk/outbox/attempt-outcome.ts';
import { nextStep } from '../../../../client/browser/desk/outbox/order.ts';
import type { AddOptions, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { changed } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import { type Change, newEntry, type StoredEntry } from '../../../../client/browser/desk/outbox/stored-entry.ts';
import { advance, settle } from '../../../../client/browser/desk/outbox/transitions.ts';
import type { DevicePicture, PictureUpload } from '../../../../client/browser/desk/pictures/device-picture.ts';
import { ProblemError } from '../../../../client/lib/http.ts';
import { type ProblemCode, problem } from '../../../../src/protocol/problems.ts';

export const owner = { ownerKey: 'key', sub: 'ada', name: 'Ada' };
export const start = Date.parse('2026-03-01T08:00:00Z');
export const minute = 60_000;
export const hour = 60 * minute;

export const postId = (at: number) => `01980f0e-9b40-7c21-9d00-2e6f7a1b000${at}`;
export const publication = (at = 1): Write => ({
  type: 'publish',
  channelId: 'eclipse',
  post: { id: postId(at), body: `Post ${at}.` },
});
export const revision = (at = 1, expected = 1): Write => ({
  type: 'revise',
  channelId: 'eclipse',
  postId: postId(at),
  expected,
  revision: { kind: 'update', changes: { body: `Post ${at}, revised.` } },
});

/** An outbox as it lies on a device, and its clock. */
export class Device {
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

export const done = { is: 'done', offset: 3, cursor: `${'a'.repeat(12)}.3.${'b'.repeat(16)}`, revision: 1 } as const;
export const unknown = { is: 'later', executed: 'unknown', retryAfterMs: 0 } as const;
export const refusalOf = (code: ProblemCode, details: object = {}) => outcomeOfError(new ProblemError(problem(code, details)));
