import { erasuresPending, type LimitTable, problem, rateLimited, valuesOf } from '../protocol/limit-table.ts';

/** Bounds of the desk's work. */
export const deskTable = {
  /** Each time someone else's write went through. */
  decisionTries: {
    value: 100,
    metric: 'pressbox_appends_total{outcome="conflict"}',
    atLimit: 'A write that others keep overtaking is 503 `journal-unavailable`.',
  },
  lastDateBindsMs: {
    value: 300_000,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'A last date further ahead of the clock is not followed: the next entry is dated by the clock, and so before it.',
  },
  /** Smaller differences are followed at once. */
  clockStableMs: {
    value: 60_000,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'Dates follow a jump of the system clock once it has been stable for so long.',
  },
  clockSlewMs: {
    value: 500,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'A larger difference to the system clock is a jump.',
  },
  clockLookMs: {
    value: 1_000,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'The system clock is looked at so often.',
  },
  /** Leaves 2 s of the 10 s in which the contract promises an answer. */
  erasureWaitMs: {
    value: 8_000,
    metric: erasuresPending,
    atLimit: 'An erasure that takes longer is answered 202, with what is pending.',
  },
  /** Pages of posts that are looked through for those that restate one. */
  derivedPages: {
    value: 20,
    metric: 'pressbox_appends_total{outcome="appended"}',
    atLimit: 'Posts further back are not named in `derived`.',
  },
  knownChannelMs: {
    value: 1_000,
    metric: 'pressbox_appends_total{outcome="conflict"}',
    atLimit: 'A channel that was read so long ago is read again before a post.',
  },
  knownChannels: { value: 1_000, metric: 'pressbox_appends_total{outcome="conflict"}', atLimit: 'Past it all are read again.' },
  /** Ids tried for one headline. */
  slugCandidates: {
    value: 200,
    metric: problem('channel-exists'),
    atLimit: 'A headline whose ids are all taken is 409 `channel-exists`.',
  },
  importsMost: { value: 2, metric: rateLimited('imports'), atLimit: 'One more import is 429 `rate-limited`.' },
  /** An author's write waits for so many behind an import. */
  importLines: { value: 64, metric: 'pressbox_transfers{kind="imports"}', atLimit: 'The rest follows, once these are taken.' },
  /** An import holds so much in memory. */
  importCharacters: { value: 1024 * 1024, metric: 'pressbox_transfers{kind="imports"}', atLimit: 'Likewise.' },
  importConflicts: { value: 100, metric: 'pressbox_transfers{kind="imports"}', atLimit: 'Further ones are counted.' },
  /** Lets the sender hear the answer. */
  importRestMs: {
    value: 5_000,
    metric: 'pressbox_transfers{kind="imports"}',
    atLimit: 'What comes after a line that was refused is read for so long, then the connection is closed.',
  },
  /** A list counts twice. markdown-it leaves out what is deeper. */
  markdownNesting: { value: 40, metric: problem('invalid-body'), atLimit: 'Deeper lists and quotes are 400 `invalid-body`.' },
  /** The clocks of the issuer and of the servers differ. */
  revokedBeyondHours: {
    value: 1,
    metric: 'pressbox_revoked_tokens',
    atLimit: 'Whoever revokes a token has it remembered so much longer than it says.',
  },
} satisfies LimitTable;
export const deskLimits = valuesOf(deskTable);
