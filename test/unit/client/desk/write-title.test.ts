import { expect, it } from 'vitest';
import { firstWords, titleOf } from '../../../../client/browser/desk/drafts/write-title.ts';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import type { AuthorPost } from '../../../../src/protocol/model.ts';

/** The name of a write in the lists of drafts and of unsent posts. */

const about = { channelId: 'eclipse', postId: 'p' };
const revise = (changes: object): Write => ({ type: 'revise', ...about, expected: 1, revision: { kind: 'update', changes } });
const base = { headline: 'Noon', body: 'The sun is *gone*.' } as AuthorPost;
const untitled = { headline: null, body: 'The sun is *gone*.' } as AuthorPost;

it.each<[string, Parameters<typeof titleOf>[0], string]>([
  ['a post', { write: { type: 'publish', channelId: 'eclipse', post: { id: 'p', headline: 'Noon', body: 'x' } } }, 'Noon'],
  [
    'a post without a headline',
    { write: { type: 'publish', channelId: 'eclipse', post: { id: 'p', body: '**Dark** [now](https://example.com).\n\nMore' } } },
    'Dark now.',
  ],
  ['a post without a text', { write: { type: 'publish', channelId: 'eclipse', post: { id: 'p' } } }, ''],
  ['a change of the text', { write: revise({ body: 'It is back.' }), base }, 'Noon'],
  ['a change of the headline', { write: revise({ headline: 'One' }), base }, 'One'],
  ['a change that removes the headline', { write: revise({ headline: null }), base }, 'The sun is gone.'],
  ['a change of something else', { write: revise({ pinned: true }), base: untitled }, 'The sun is gone.'],
  ['a retraction', { write: { type: 'retract', ...about, note: 'No.' }, title: 'As listed', base }, 'As listed'],
  ['a takedown', { write: { type: 'takedown', ...about, note: null }, base: untitled }, 'The sun is gone.'],
  ['a new coverage', { write: { type: 'create-channel', channel: { id: 'eclipse', headline: 'Eclipse' } } }, 'Eclipse'],
  ['a change of a coverage', { write: { type: 'update-channel', channelId: 'eclipse', expected: 1, patch: {} } }, 'eclipse'],
])('%s is named by its headline, else by its first words', (_what, write, title) => expect(titleOf(write)).toBe(title));

it('first words are at most 80 characters of the first line', () => {
  expect(firstWords('x'.repeat(80))).toBe('x'.repeat(80));
  expect(firstWords('x'.repeat(81))).toBe(`${'x'.repeat(80)}…`);
  expect(firstWords('One line.\n\nAnother.')).toBe('One line.');
  expect([...firstWords('word '.repeat(20_000))].length).toBeLessThanOrEqual(81);
  expect(firstWords('> '.repeat(200))).toBe('');
});
