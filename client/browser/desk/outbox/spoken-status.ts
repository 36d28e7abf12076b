import type { EntryState, OutboxEntry } from './outbox-model.ts';

/** A sentence for screen readers about an entry, and the states of the entry in which it is true. */
export interface SpokenStatus {
  text: string;
  entryId: string;
  states: readonly EntryState['at'][];
}

/** The sentence, or nothing once it is no longer true. Pure. */
export function spokenText(spoken: SpokenStatus | undefined, entries: readonly OutboxEntry[]): string {
  const entry = entries.find(({ id }) => id === spoken?.entryId);
  return spoken !== undefined && entry !== undefined && spoken.states.includes(entry.state.at) ? spoken.text : '';
}
