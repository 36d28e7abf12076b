import * as schemas from '../protocol/schemas.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, query, revalidated } from './operation.ts';

/** The routes that read. */

const limit = 'The maximum number of entries.';

/** The filters of post pages and feeds. */
export const postFilters = {
  before: 'Only posts below this `seq`.',
  after: 'Only posts above this `seq`.',
  kind: 'Only posts of this kind.',
  keyEvent: 'Only key events (`true`), or only other posts (`false`).',
  source: 'Only posts with a source whose complete name or `via` is this text, ignoring case.',
};

export const readingOperations: readonly Operation[] = [
  {
    id: 'listChannels',
    group: 'Channels',
    method: 'get',
    path: '/v1/channels',
    summary: 'List channels',
    description:
      'Newest first by `createdAt`. With `order=activity`, by what `state` says: live channels by their latest post, or by `startedAt` while they have none, latest first; scheduled channels by `startsAt`, soonest first, those without it last; ended channels by `endedAt`, latest first.',
    who: 'anyone',
    query: query(schemas.channelsQuerySchema, {
      state: 'Only channels in this state.',
      order: '`activity`: by activity. Needs `state`. Left out: by creation.',
      limit,
      page: 'The `next` of an earlier page.',
    }),
    ...revalidated({ description: 'A page of channels.', schema: 'ChannelList' }),
  },
  {
    id: 'getChannel',
    group: 'Channels',
    method: 'get',
    path: '/v1/channels/{channelId}',
    summary: 'Get a channel',
    description: "Anyone can see a members' channel, but not its posts.",
    who: 'anyone',
    ...revalidated({ description: 'The channel.', schema: 'Channel' }),
  },
  {
    id: 'getSnapshot',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/snapshot',
    summary: 'Get the current state of a channel',
    description: 'The channel with its newest posts, and a cursor to continue from.',
    who: 'reader',
    query: query(schemas.snapshotQuerySchema, { limit: 'The maximum number of posts.' }),
    ...revalidated({ description: 'The snapshot.', schema: 'Snapshot' }),
  },
  {
    id: 'catchUp',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/events',
    summary: 'Catch up',
    description:
      'What changed after a cursor, each post once, in its latest state. While `more` is true, ask again with `cursor`.',
    who: 'reader',
    query: query(schemas.eventsQuerySchema, {
      after: 'Your cursor. Without it you get a snapshot.',
      limit: 'The maximum number of events.',
      wait: 'The longest time in seconds to hold the request until something changes. After that time the answer has no events and no `ETag`.',
      posts: 'The maximum number of posts in a snapshot.',
    }),
    ...revalidated({ description: 'What you missed.', schema: 'CatchUp' }),
    problems: ['invalid-cursor'],
  },
  {
    id: 'stream',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/stream',
    summary: 'Follow a channel',
    description: `Server-Sent Events. The stream begins with \`catchup\` blocks, each with a CatchUp, until \`more\` is false. Then it sends every Event under its type, such as \`post.revised\`. The \`id\` of each block is your cursor after it. The server sends \`ping\` every ${limitInWords('pingSeconds')}, and \`store\` when it lost its store or reached it again. After \`unsubscribed\` or \`drain\` the stream ends. An EventSource reconnects by itself, but gives up for good when the answer is a problem. So the answer is instead a stream that contains only \`retry\` and ends, in two cases: when too many readers connect at once, and when the problem has a \`retryAfter\` and \`Accept\` is only \`text/event-stream\`. \`Retry-After\` has the same time for clients that use fetch.`,
    who: 'reader',
    query: query(schemas.streamQuerySchema, {
      after: 'Your cursor. Without it you get a snapshot.',
      posts: 'The maximum number of posts in a snapshot.',
    }),
    optionalHeaders: ['Last-Event-ID'],
    answers: [{ status: 200, description: 'The stream. It stays open.', type: 'text/event-stream', headers: ['Retry-After'] }],
    problems: ['invalid-cursor'],
  },
  {
    id: 'listPosts',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/posts',
    summary: 'Page through posts',
    description:
      'Newest first. `before` and `after` are `seq` values and can be combined. With `after` alone you get the oldest posts above it, still newest first. A page can contain fewer posts than requested, even none, while `more` is true. The filters `keyEvent` and `source` leave tombstones out. `kind` does not.',
    who: 'reader',
    query: query(schemas.postsQuerySchema, {
      ...postFilters,
      limit,
    }),
    ...revalidated({ description: 'A page of posts.', schema: 'PostPage', headers: ['Link'] }),
  },
  {
    id: 'getPost',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/posts/{postId}',
    summary: 'Get a post',
    description: 'A withdrawn post is returned as its tombstone.',
    who: 'reader',
    ...revalidated({ description: "The post, in the author's or the reader's view.", schema: 'SeenPost' }),
  },
  {
    id: 'listRevisions',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/posts/{postId}/revisions',
    summary: 'Page through revisions of a post',
    description:
      'The post as it was, oldest first. Only authors of the channel see the revisions of a withdrawn post. Nobody sees erased revisions.',
    who: 'reader',
    query: query(schemas.revisionsQuerySchema, { after: 'Only revisions above this one.', limit }),
    ...revalidated({ description: 'A page of revisions.', schema: 'RevisionPage' }),
  },
  {
    id: 'listCorrections',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/corrections',
    summary: 'Page through corrections',
    description: 'Clarifications, corrections, retractions and takedowns, newest first.',
    who: 'reader',
    query: query(schemas.correctionsQuerySchema, { before: 'Only corrections below this offset.', limit }),
    ...revalidated({ description: 'A page of corrections.', schema: 'CorrectionPage' }),
  },
  {
    id: 'readJournal',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/journal',
    summary: 'Read the audit trail',
    description: 'Every entry of the journal, oldest first: who did what and when, without the text.',
    who: 'editor',
    query: query(schemas.journalQuerySchema, { from: 'The first offset. Default: 1.', limit }),
    ...revalidated({ description: 'A page of entries.', schema: 'JournalPage' }),
  },
  {
    id: 'readServerJournal',
    group: 'Reading',
    method: 'get',
    path: '/v1/journal',
    summary: "Read the server's own journal",
    description:
      'Which channels were created, deleted and imported, which tokens were revoked, and by whom, oldest first. The journal has its own hash chain.',
    who: 'admin',
    query: query(schemas.journalQuerySchema, { from: 'The first offset. Default: 1.', limit }),
    ...revalidated({ description: 'A page of entries.', schema: 'ServerJournalPage' }),
  },
  {
    id: 'exportChannel',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/export',
    summary: 'Export a channel',
    description:
      'One line of JSON for each entry of the journal, oldest first, with its text unless that was erased. An incomplete export ends with a broken connection, never like a complete one.',
    who: 'editor',
    answers: [{ status: 200, description: 'The lines, each an ImportLine.', type: 'application/x-ndjson' }],
  },
  {
    id: 'listMedia',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/media',
    summary: 'List the uploads of a channel',
    description:
      'For copies: an export has the references of posts to uploads, and this list the files. Those that are used can be moved to another server; download them by their `url`.',
    who: 'editor',
    query: query(schemas.mediaQuerySchema, { limit, page: 'The `next` of an earlier page.' }),
    answers: [{ status: 200, description: 'A page of uploads.', schema: 'MediaList' }],
    problems: ['uploads-disabled', 'media-unavailable'],
  },
];
