import { describe, expect, it } from 'vitest';
import { outcomeOfAnswer } from '../../../../client/browser/desk/outbox/attempt-outcome.ts';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { askAboutUnsent, publishNow, settleLookUp, undo } from '../../../../client/browser/desk/outbox/transitions.ts';
import { problem } from '../../../../src/protocol/problems.ts';
import { Device, minute, postId, publication, refusalOf, revision } from './device-outbox.ts';

/** What entries wait for, what they build on, and what becomes of them if they lose it. */

/** A write of every type about one coverage and one post. */
const every: Record<Write['type'], Write> = {
  'create-channel': { type: 'create-channel', channel: { id: 'eclipse', headline: 'Eclipse' } },
  'update-channel': { type: 'update-channel', channelId: 'eclipse', expected: 1, patch: { state: 'live' } },
  publish: publication(1),
  revise: revision(1),
  retract: { type: 'retract', channelId: 'eclipse', postId: postId(1), expected: 1, note: 'It did not happen.' },
  takedown: { type: 'takedown', channelId: 'eclipse', postId: postId(1), expected: 1, note: null },
};
const types = Object.keys(every) as Write['type'][];

describe('a write', () => {
  /** `-`: it is sent whatever becomes of the other one. Else the answer to it once its author has taken the other one back. */
  // biome-ignore format: a table
  const after: Record<Write['type'], Record<Write['type'], string>> = {
    'create-channel': { 'create-channel': 'waits', 'update-channel': 'not-found', publish: 'waits', revise: 'waits', retract: 'waits', takedown: 'waits' },
    'update-channel': { 'create-channel': '-', 'update-channel': 'revision-moved', publish: '-', revise: '-', retract: '-', takedown: '-' },
    publish: { 'create-channel': '-', 'update-channel': '-', publish: '-', revise: 'not-found', retract: 'not-found', takedown: 'not-found' },
    revise: { 'create-channel': '-', 'update-channel': '-', publish: '-', revise: 'revision-moved', retract: 'revision-moved', takedown: 'revision-moved' },
    retract: { 'create-channel': '-', 'update-channel': '-', publish: '-', revise: 'revision-moved', retract: 'revision-moved', takedown: 'revision-moved' },
    takedown: { 'create-channel': '-', 'update-channel': '-', publish: '-', revise: 'revision-moved', retract: 'revision-moved', takedown: 'revision-moved' },
  };

  it.each(types)('about the same waits for one of the type %s, and is not sent without what it builds on', (first) => {
    const became = types.map((second) => {
      const device = new Device();
      const before = device.add(every[first], { holdMs: 5_000 });
      const id = device.add(every[second], { holdMs: 0 });
      const isWaiting = device.entry(id).waitsFor.includes(before);
      expect(device.next()).toBe(isWaiting ? 'nothing' : `send ${id}`);
      device.apply(undo(device.entries, before).change);
      const { state } = device.entry(id);
      if ('problem' in state) expect(device.next()).toBe('nothing');
      return [second, 'problem' in state ? state.problem.code : isWaiting ? 'waits' : '-'];
    });
    expect(Object.fromEntries(became)).toEqual(after[first]);
  });

  it('waits for the posts that it restates or pins', () => {
    const derivedFrom = [postId(1)];
    const about = { channelId: 'eclipse' };
    const naming: Write[] = [
      { type: 'publish', ...about, post: { id: postId(2), body: 'Noon.', derivedFrom } },
      { type: 'revise', ...about, postId: postId(3), expected: 1, revision: { kind: 'update', changes: { derivedFrom } } },
      { type: 'update-channel', ...about, expected: 1, patch: { pinnedPostId: postId(1) } },
    ];
    for (const write of naming) {
      const device = new Device();
      const first = device.add(publication(1), { holdMs: 5_000 });
      expect(device.entry(device.add(write)).waitsFor).toEqual([first]);
      expect(device.next()).toBe('nothing');
    }
  });

  it.each(types)('of the type %s is done once the server says so of its post or coverage, and of no other', (type) => {
    const write = every[type];
    const isOfChannel = type === 'create-channel' || type === 'update-channel';
    const answer = (id: string) => ({
      [isOfChannel ? 'channel' : 'post']: { id, revision: 2 },
      cursor: 'c',
      offset: 3,
    });
    const outcome = (body: object) => outcomeOfAnswer(write, { status: 200, headers: new Headers(), body });
    const id = isOfChannel ? 'eclipse' : postId(1);
    expect(outcome(answer(id))).toEqual({ is: 'done', cursor: 'c', offset: 3, revision: 2 });
    expect(outcome(answer('another'))).toMatchObject({ is: 'later', executed: 'unknown' });
    const { offset: _offset, ...incomplete } = answer(id);
    expect(outcome(incomplete)).toMatchObject({ is: 'later', executed: 'unknown' });
    const erasure = { complete: false, pending: [{ where: 'replica', why: 'away' }] };
    expect(outcome({ ...answer(id), erasure })).toMatchObject({ is: 'done', erasure });
  });
});

describe('a change of what is still in the outbox', () => {
  const otherBase = { is: 'conflict', problem: problem('revision-moved') } as const;

  it('is in conflict if the entry that it began from is in conflict, or gone', () => {
    const device = new Device();
    const first = device.add(revision(1, 3));
    device.attempt({ is: 'moved', problem: otherBase.problem });
    device.apply(settleLookUp(device.entries, first, otherBase, { timing: device.timing(), refusal: undefined }));
    for (const basedOn of [first, 'entry-of-yesterday']) {
      const change = device.add(revision(1, 4), { holdMs: 0, basedOn });
      expect(device.state(change)).toMatchObject({ at: 'conflict', problem: { code: 'revision-moved' } });
    }
  });

  it('is in conflict if the entry that it began from is taken out later, in every state in which it is still to be sent', () => {
    for (const at of ['held', 'saved', 'asking'] as const) {
      const device = new Device();
      const first = device.add(revision(1, 3), { holdMs: 5_000 });
      // The author has seen a later revision meanwhile, so it builds on it by name alone.
      const change = device.add(revision(1, 9), { holdMs: at === 'held' ? 5_000 : 0, basedOn: first });
      if (at === 'asking') {
        device.now += 30 * minute;
        device.apply(askAboutUnsent(device.entries, device.timing()));
      }
      expect(device.state(change)?.at).toBe(at);
      device.apply(undo(device.entries, first).change);
      expect(device.state(change)).toMatchObject({ at: 'conflict' });
      device.apply(publishNow(device.entries, change, device.now));
      expect(device.next()).toBe('nothing');
    }
  });

  it('does not build on a post that is refused, and waits for what becomes of it', () => {
    const withdrawal = { channelId: 'eclipse', postId: postId(1), note: 'No.' };
    for (const change of [revision(1, 1), { type: 'retract', ...withdrawal }, { type: 'takedown', ...withdrawal }] as const) {
      const device = new Device();
      const first = device.add(publication(1));
      device.attempt(refusalOf('invalid-body'));
      const entry = device.entry(device.add(change));
      expect(entry).not.toHaveProperty('basedOn');
      expect(entry.waitsFor).toEqual([first]);
      expect(device.next()).toBe('nothing');
    }
  });

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
