import type { AuthorChange, AuthorPost, Change, Channel, PostFields } from '../../../../src/protocol/model.ts';
import type { ChannelPatch } from '../../../lib/author-client.ts';
import { type CoverageForm, formOf } from '../coverages/coverage-fields.ts';
import type { OutboxEntry, Write } from '../outbox/outbox-model.ts';
import {
  changedFields,
  changesBetween,
  fieldsOf,
  mergedBody,
  mergedFields,
  type Passage,
  type PassageChoice,
  type PostField,
  passagesOf,
  type Side,
  type ThreeWay,
} from './three-way.ts';

/** A change that met another one: what its author can decide, and what is sent then. Pure. */

type Revise = Write & { type: 'revise' };

/** The current version on the server. */
export interface Standing {
  channel: Channel;
  /** Undefined for a write about the channel, and if there is no such post. */
  post: AuthorPost | undefined;
}

export interface PostConflict {
  write: Revise;
  theirs: AuthorPost;
  three: ThreeWay;
  /** The changed fields but the body. */
  fields: ReturnType<typeof changedFields>;
  passages: readonly Passage[];
}

export interface Choices {
  fields: Partial<Record<PostField, Side>>;
  passages: readonly (PassageChoice | undefined)[];
}

/** `theirs`: the post as it is on the server now. */
export function postConflict({ write, base }: Pick<OutboxEntry, 'base'> & { write: Revise }, theirs: AuthorPost): PostConflict {
  const from = base && fieldsOf(base);
  const mine = { ...(from ?? fieldsOf(theirs)), ...write.revision.changes };
  const three = { base: from, mine, theirs: fieldsOf(theirs) };
  const fields = changedFields(three);
  fields.delete('body');
  return { write, theirs, three, fields, passages: passagesOf(from?.body, mine.body, theirs.body) };
}

export type Decision =
  /** Somewhere both changed something, and the author has not chosen. */
  | { status: 'undecided' }
  /** They have changed the same already. */
  | { status: 'nothing-left' }
  /** The change on the newest revision. */
  | { status: 'decided'; write: Revise };

/** The outcome of the choices. Changes in different places are kept from both. */
export function decisionOf({ write, theirs, three, passages }: PostConflict, choices: Choices): Decision {
  const merged = mergedFields(three, choices.fields, mergedBody(passages, choices.passages));
  return merged ? onNewest(write, theirs, merged) : { status: 'undecided' };
}

/**
 * The choices with an outcome for the author to edit: where both changed something and nothing is chosen, both texts of a paragraph
 * stand one after the other.
 */
export function choicesToEdit({ passages, fields }: PostConflict, choices: Choices): Choices {
  const undecided = [...fields].filter(([field, by]) => by === 'conflict' && choices.fields[field] === undefined);
  return {
    fields: { ...choices.fields, ...Object.fromEntries(undecided.map(([field]) => [field, 'mine'])) },
    passages: passages.map(({ by }, at) => choices.passages[at] ?? (by === 'conflict' ? 'both' : undefined)),
  };
}

/** Everything that the author changed as they have it, also where the others changed it too. What only the others changed stays. */
export function keepMine({ write, theirs, three }: PostConflict): Decision {
  const own = changesBetween(three.base ?? three.theirs, three.mine);
  return onNewest(write, theirs, { ...three.theirs, ...own });
}

function onNewest(write: Revise, theirs: AuthorPost, fields: PostFields): Decision {
  const { revision } = write;
  const changes = changesBetween(fieldsOf(theirs), fields);
  const isNote = Object.keys(revision.changes).length === 0;
  if (Object.keys(changes).length === 0 && !revision.eraseEarlier && !isNote) return { status: 'nothing-left' };
  return { status: 'decided', write: { ...write, expected: theirs.revision, revision: { ...revision, changes } } };
}

/** Changes that are named, the newest ones. */
const namedChanges = 5;

/** `by`: the account that made the change, which only the author's view of a post tells. */
export type NamedChange = Change & Partial<Pick<AuthorChange, 'by'>>;

/** The changes that the author had not seen when they wrote theirs, oldest first. */
export function changesSince(write: Write, { channel, post }: Standing): readonly NamedChange[] {
  return changesAfter('expected' in write ? write.expected : undefined, (post ?? channel).history);
}

/** The newest changes after this revision, oldest first. */
export function changesAfter(expected: number | '*' | undefined, history: readonly NamedChange[]): readonly NamedChange[] {
  return typeof expected === 'number' ? history.filter(({ revision }) => revision > expected).slice(-namedChanges) : [];
}

/** A field of a coverage that both changed, with its texts as the form of the coverage has them. */
export interface CoverageDifference {
  field: keyof CoverageForm | 'pinnedPostId';
  mine: string;
  theirs: string;
}

export function coverageDifferences(patch: ChannelPatch, theirs: Channel): CoverageDifference[] {
  const { change: _change, ...fields } = patch;
  const [mine, now] = [textsOf({ ...theirs, ...fields }), textsOf(theirs)];
  const names = Object.keys(mine) as CoverageDifference['field'][];
  return names.filter((field) => mine[field] !== now[field]).map((field) => ({ field, mine: mine[field], theirs: now[field] }));
}

function textsOf(channel: Channel): Record<CoverageDifference['field'], string> {
  const { state, pinnedPostId } = channel;
  return { ...formOf(channel), state, pinnedPostId: pinnedPostId ?? '' };
}
