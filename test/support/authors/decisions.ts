import { expect } from 'vitest';
import { create } from '../../../src/newsroom/channel-rules.ts';
import type { Decision } from '../../../src/newsroom/decision.ts';
import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';

/** For tests of the rules: a channel to decide on, and the parts of a decision. */

export const at = '2026-11-24T12:00:00.000Z';
export const later = '2026-11-24T13:00:00.000Z';
export const ada = { by: 'ada', at };
export const bob = { by: 'bob', at: later };

export function entriesOf(decision: Decision) {
  if (decision.status !== 'append') throw new Error(`not appended: ${JSON.stringify(decision)}`);
  return decision.entries;
}

export function channelOf(decision: Decision): Channel {
  const entry = entriesOf(decision)[0];
  if (entry.type !== 'channel.changed') throw new Error('not a channel');
  return entry.channel;
}

export function postOf(decision: Decision, seq = 7): AuthorPost {
  const entry = entriesOf(decision)[0];
  if (entry.type === 'channel.changed') throw new Error('not a post');
  return { ...entry.post, seq };
}

export function refusalOf(decision: Decision) {
  return decision.status === 'refused' ? { code: decision.code, ...decision.details } : decision;
}

/** A refusal with an error at this path. */
export function misfit(path: string) {
  return { code: 'invalid-body', errors: [{ path, message: expect.stringMatching(/^[A-Z].*\.$/) }] };
}

export const channel = channelOf(create({ id: 'moon', headline: 'To the Moon' }, ada));
