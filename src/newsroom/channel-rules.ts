import type { NewChannelEntry } from '../journal/engine.ts';
import {
  type AuthorPost,
  type Change,
  type Channel,
  type ChannelState,
  isListed,
  isWithdrawn,
  needsNote,
} from '../protocol/model.ts';
import type { ChannelPatch, NewChannel } from '../protocol/schemas.ts';
import { withChannelChange } from './change-history.ts';
import {
  type Attribution,
  appendEntries,
  checkRevision,
  type Decision,
  type Expected,
  invalidField,
  isSameValue,
} from './decision.ts';

/** The rules for channels: creation, states, and changes of the headline, the standfirst and the picture. */

export function create(command: NewChannel & { id: string }, { by, at }: Attribution): Decision {
  const state = command.state ?? 'live';
  const channel: Channel = {
    id: command.id,
    state,
    headline: command.headline,
    standfirst: command.standfirst ?? null,
    section: command.section ?? null,
    byline: command.byline ?? [],
    picture: command.picture ?? null,
    language: command.language ?? 'en',
    timezone: command.timezone ?? 'UTC',
    access: command.access ?? 'public',
    url: command.url ?? null,
    pinnedPostId: null,
    startsAt: command.startsAt ?? null,
    createdAt: at,
    startedAt: state === 'live' ? at : null,
    endedAt: null,
    updatedAt: null,
    revision: 1,
    history: [],
  };
  const entry: NewChannelEntry = { type: 'channel.changed', at, by, kind: null, listed: false, channel };
  return appendEntries({ channel: 0, posts: {} }, entry);
}

/** The fields whose changes may have a kind and a note. */
const correctable: ReadonlySet<string> = new Set(['headline', 'standfirst', 'picture'] satisfies (keyof Channel)[]);

/** Allowed changes of state. */
const steps: Record<ChannelState, readonly ChannelState[]> = {
  scheduled: ['live'],
  live: ['ended'],
  ended: ['live'],
};

export interface ChannelStateRead {
  channel: Channel;
  /** The post that the change pins, if it exists. */
  pinned: AuthorPost | undefined;
}

export function change(
  { channel, pinned }: ChannelStateRead,
  { patch, expected }: { patch: ChannelPatch; expected: Expected },
  { by, at }: Attribution,
): Decision {
  const { change: declared, ...fields } = patch;
  const note = declared?.note ?? null;
  if (declared && needsNote(declared.kind) && note === null) {
    return invalidField('change.note', `A ${declared.kind} must tell readers what was wrong or unclear.`);
  }
  const late = checkRevision(channel, expected);
  if (late) return late;

  const changes = Object.entries(fields).filter(
    ([field, value]) => value !== undefined && !isSameValue(channel[field as keyof typeof fields], value),
  );
  const changed = new Set(changes.map(([field]) => field));
  const textChanged = changed.has('headline') || changed.has('standfirst');
  if (textChanged && !declared) return invalidField('change', 'A changed headline or standfirst needs the kind of change.');
  if (declared && ![...changed].some((field) => correctable.has(field))) {
    return invalidField('change', 'Is only allowed if the headline, the standfirst or the picture changes.');
  }
  if (changed.has('state') && fields.state && !steps[channel.state].includes(fields.state)) {
    return invalidField('state', `A channel that is ${channel.state} can only become ${steps[channel.state].join(' or ')}.`);
  }
  const pins = changed.has('pinnedPostId') && fields.pinnedPostId !== null;
  if (pins && (!pinned || isWithdrawn(pinned)))
    return invalidField('pinnedPostId', 'Must name a published post of this channel.');
  if (changes.length === 0) return { status: 'unchanged', postId: null, revision: channel.revision };

  const revision = channel.revision + 1;
  const kind = declared?.kind ?? null;
  const entryChange: Change | undefined = declared && { revision, kind: declared.kind, note, at };
  const silent = kind === 'refile' && [...changed].every((field) => correctable.has(field));
  const next: Channel = {
    ...channel,
    ...(Object.fromEntries(changes) as Partial<Channel>),
    ...(changed.has('state') ? timesOf(channel, fields.state as ChannelState, at) : {}),
    updatedAt: silent ? channel.updatedAt : at,
    revision,
    history: entryChange ? withChannelChange(channel.history, entryChange) : channel.history,
  };
  const entry: NewChannelEntry = {
    type: 'channel.changed',
    at,
    by,
    kind,
    listed: isListed(kind),
    channel: next,
    ...(entryChange ? { change: entryChange } : {}),
  };
  // The append fails if the pinned post has changed since. Otherwise a concurrent withdrawal would leave a withdrawn post pinned.
  return appendEntries({ channel: channel.revision, posts: pins && pinned ? { [pinned.id]: pinned.revision } : {} }, entry);
}

/** The entry that unpins a post, appended together with the withdrawal of the post. */
export function unpin(channel: Channel, { by, at }: Attribution): NewChannelEntry {
  const next: Channel = { ...channel, pinnedPostId: null, updatedAt: at, revision: channel.revision + 1 };
  return { type: 'channel.changed', at, by, kind: null, listed: false, channel: next };
}

function timesOf(channel: Channel, state: ChannelState, at: string): Partial<Channel> {
  switch (state) {
    case 'live':
      return { startedAt: channel.startedAt ?? at, endedAt: null };
    case 'ended':
      return { endedAt: at };
    case 'scheduled':
      return {};
  }
}
