import { expect, it } from 'vitest';
import type { EntryState, OutboxEntry } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { type SpokenStatus, spokenText } from '../../../../client/browser/desk/outbox/spoken-status.ts';

const entry = (state: EntryState, id = 'entry') => ({ id, state }) as OutboxEntry;
const held: SpokenStatus = { text: 'It goes out in 5 seconds.', entryId: 'entry', states: ['held'] };

it('the status that is spoken of a post stays as long as it is true, and no longer', () => {
  expect(spokenText(held, [entry({ at: 'held', until: 5_000 })])).toBe(held.text);
  expect(spokenText(held, [entry({ at: 'sending', since: 0 })])).toBe('');
  // Undone, and another post is held.
  expect(spokenText(held, [entry({ at: 'held', until: 5_000 }, 'another')])).toBe('');
  expect(spokenText(undefined, [entry({ at: 'saved' })])).toBe('');
});
