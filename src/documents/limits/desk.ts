import { type AtBounds, clockJumps, closed, erasing, problem } from './at-bound.ts';

export const deskAtBound: AtBounds<'desk'> = {
  decisionTries: {
    what: 'A write that others keep overtaking is 503 `journal-unavailable`.',
    metric: 'pressbox_appends_total{outcome="conflict"}',
  },
  lastDateBindsMs: {
    what: 'A last date further ahead of the clock is not followed: the next entry is dated by the clock, and so before it.',
    metric: clockJumps,
  },
  clockStableMs: { what: 'Dates follow a jump of the system clock once it has been stable for so long.', metric: clockJumps },
  clockSlewMs: { what: 'A larger difference to the system clock is a jump.', metric: clockJumps },
  clockLookMs: { what: 'The system clock is looked at so often.', metric: clockJumps },
  erasureWaitMs: {
    what: 'An erasure that takes longer is answered 202, with what is pending.',
    metric: erasing,
  },
  derivedPages: {
    what: 'Posts further back are not named in `derived`.',
    metric: 'pressbox_appends_total{outcome="appended"}',
  },
  knownChannelMs: {
    what: 'A channel that was read so long ago is read again before a post.',
    metric: 'pressbox_appends_total{outcome="conflict"}',
  },
  knownChannels: { what: 'Past it all are read again.', metric: 'pressbox_appends_total{outcome="conflict"}' },
  importsMost: { what: 'One more import is 429 `rate-limited`.', metric: closed('imports') },
  importLines: { what: 'The rest follows, once these are taken.', metric: 'pressbox_transfers{kind="imports"}' },
  importCharacters: { what: 'Likewise.', metric: 'pressbox_transfers{kind="imports"}' },
  importConflicts: { what: 'Further ones are counted.', metric: 'pressbox_transfers{kind="imports"}' },
  importRestMs: {
    what: 'What comes after a line that was refused is read for so long, then the connection is closed.',
    metric: 'pressbox_transfers{kind="imports"}',
  },
  markdownNesting: { what: 'Deeper lists and quotes are 400 `invalid-body`.', metric: problem('invalid-body') },
  revokedBeyondHours: {
    what: 'Whoever revokes a token has it remembered so much longer than it says.',
    metric: 'pressbox_revoked_tokens',
  },
  slugCandidates: { what: 'A headline whose ids are all taken is 409 `channel-exists`.', metric: problem('channel-exists') },
};
