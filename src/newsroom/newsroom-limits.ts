import { figureCharacters, markdownNesting } from '../protocol/client-limits.ts';
import { erasuresPending, type LimitTable, problem, rateLimited, valuesOf } from '../protocol/limit-table.ts';

/** Limits on writing. */
export const newsroomTable = {
  /** Each retry follows another write that succeeded. */
  decisionTries: {
    value: 100,
    metric: 'pressbox_appends_total{outcome="conflict"}',
    atLimit: 'A write that other writes overtake this often is 503 `journal-unavailable`.',
  },
  lastDateBindsMs: {
    value: 300_000,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'If the last entry is dated further ahead of the clock, the next entry follows the clock, and is dated before it.',
  },
  /** Dates follow differences up to `clockSlewMs` at once. */
  clockStableMs: {
    value: 60_000,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'Dates follow a jump of the system clock once the clock has been stable for this long.',
  },
  clockSlewMs: {
    value: 500,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'A larger difference to the system clock is a jump.',
  },
  clockLookMs: {
    value: 1_000,
    metric: 'pressbox_clock_jumps_total{direction="back"}',
    atLimit: 'Interval at which the system clock is checked.',
  },
  /** Leaves 2 s of the 10 s in which the protocol promises an answer. */
  erasureWaitMs: {
    value: 8_000,
    metric: erasuresPending,
    atLimit: 'An erasure that takes longer is answered with 202 and what is pending.',
  },
  /** Pages searched for posts that derive from a post. */
  derivedPages: {
    value: 20,
    metric: 'pressbox_appends_total{outcome="appended"}',
    atLimit: 'The answer to a revision lists in `derived` the posts of at most this many pages.',
  },
  knownChannelMs: {
    value: 1_000,
    metric: 'pressbox_appends_total{outcome="conflict"}',
    atLimit: 'A channel that was read this long ago is read again before a post is published.',
  },
  knownChannels: {
    value: 1_000,
    metric: 'pressbox_appends_total{outcome="conflict"}',
    atLimit: 'The cache of channels is emptied.',
  },
  /** Ids tried for one headline. */
  slugCandidates: {
    value: 200,
    metric: problem('channel-exists'),
    atLimit: 'If all ids made from a headline are taken, the channel is 409 `channel-exists`.',
  },
  /** In each process. */
  uploadsMost: { value: 8, metric: rateLimited('uploads'), atLimit: 'One more upload is 429 `rate-limited`.' },
  uploadsOfAuthor: {
    value: 2,
    metric: rateLimited('uploads'),
    atLimit: 'One more upload of the same author in the process is 429 `rate-limited`.',
  },
  uploadBytesPerSecond: {
    value: 2 * 1024,
    metric: rateLimited('stalled'),
    atLimit: 'An upload that is slower over `uploadStallMs` is 429 `rate-limited`, and the connection is closed.',
  },
  uploadStallMs: {
    value: 30_000,
    metric: rateLimited('stalled'),
    atLimit: 'The time over which the speed of an upload is measured.',
  },
  /** 20 MB at 35 kB a second. */
  uploadMs: {
    value: 10 * 60_000,
    metric: rateLimited('stalled'),
    atLimit: 'A picture that takes longer to arrive is 429 `rate-limited`, and the connection is closed.',
  },
  /** 100 MB at 39 kB a second. */
  longUploadMs: {
    value: 45 * 60_000,
    metric: rateLimited('stalled'),
    atLimit: 'As with `uploadMs`, for a video, a sound, or an upload of another server.',
  },
  mediaSweepMs: {
    value: 3_600_000,
    metric: 'pressbox_uploads_total{outcome="added"}',
    atLimit: 'Interval at which uploads that no post uses are deleted, and interrupted erasures completed.',
  },
  /** The media store could not be used. */
  mediaRetrySeconds: {
    value: 5,
    metric: problem('media-unavailable'),
    atLimit: 'Wait before a retry, in `Retry-After` of 503 `media-unavailable`.',
  },
  movedHeadBytes: {
    value: 16 * 1024,
    metric: problem('invalid-body'),
    atLimit: 'An imported upload whose first line is longer is 400 `invalid-body`.',
  },
  importsMost: {
    value: 2,
    metric: rateLimited('imports'),
    atLimit: 'One more import is 429 `rate-limited`. One author may have half of them.',
  },
  /** An author's write waits behind at most this many lines. */
  importLines: {
    value: 64,
    metric: 'pressbox_transfers{kind="imports"}',
    atLimit: 'An import writes this many lines at a time.',
  },
  /** Characters that an import holds in memory. */
  importCharacters: { value: 1024 * 1024, metric: 'pressbox_transfers{kind="imports"}', atLimit: 'As with `importLines`.' },
  importConflicts: {
    value: 100,
    metric: 'pressbox_transfers{kind="imports"}',
    atLimit: 'Further conflicts are counted, but not listed.',
  },
  /** Reading the rest lets the sender receive the response. */
  importRestMs: {
    value: 5_000,
    metric: 'pressbox_transfers{kind="imports"}',
    atLimit: 'After a refused line, the server reads the rest of the import for this long, then closes the connection.',
  },
  markdownNesting: {
    value: markdownNesting,
    metric: problem('invalid-body'),
    atLimit: 'More deeply nested lists and quotes are 400 `invalid-body`.',
  },
  figureCharacters: {
    value: figureCharacters,
    metric: 'pressbox_appends_total{outcome="appended"}',
    atLimit: 'A table with a longer text in its second column is shown as a table, not as a data block.',
  },
  /** The clocks of issuer and servers may differ. */
  revokedBeyondHours: {
    value: 1,
    metric: 'pressbox_revoked_tokens',
    atLimit: 'The server remembers a revocation for this long beyond its `expiresAt`.',
  },
} satisfies LimitTable;
export const newsroomLimits = valuesOf(newsroomTable);
