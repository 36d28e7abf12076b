import * as schemas from '../protocol/schemas.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, query, revalidated } from './operation.ts';

/** The routes for those who read. */

const limit = 'How many at most.';

/** Which posts, of a channel's list and of its feeds. */
export const postFilters = {
  before: 'Only posts below this `seq`.',
  after: 'Only posts above this `seq`.',
  kind: 'Only posts of this kind.',
  keyEvent: 'Only key events, or only others.',
  source: 'Only posts with a source of this whole name or `via`, in any case.',
};

export const readingOperations: readonly Operation[] = [
  {
    id: 'listChannels',
    group: 'Channels',
    method: 'get',
    path: '/v1/channels',
    summary: 'List channels',
    description: 'Newest first by `createdAt`.',
    who: 'anyone',
    query: query(schemas.channelsQuerySchema, {
      state: 'Only those in this state.',
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
    description: 'Also one for members can be seen by anyone: what it is about is no secret, its posts are.',
    who: 'anyone',
    ...revalidated({ description: 'The channel.', schema: 'Channel' }),
  },
  {
    id: 'getSnapshot',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/snapshot',
    summary: 'Get a channel as it is',
    description: 'With its newest posts and a cursor to go on from.',
    who: 'reader',
    query: query(schemas.snapshotQuerySchema, { limit: 'How many posts at most.' }),
    ...revalidated({ description: 'The snapshot.', schema: 'Snapshot' }),
  },
  {
    id: 'catchUp',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/events',
    summary: 'Catch up',
    description:
      'What changed after a cursor, each thing once, in its latest state. Ask again from `cursor` while `more` is true.',
    who: 'reader',
    query: query(schemas.eventsQuerySchema, {
      after: 'Your cursor; without one you get a snapshot.',
      limit: 'How many events at most.',
      wait: 'Seconds that the answer may be held until there is something to tell; then it comes without events, and without `ETag`.',
      posts: 'How many posts a snapshot has at most.',
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
    description: `Server-Sent Events. First \`catchup\` with a CatchUp, again until its \`more\` is false; then every Event under its type, such as \`post.revised\`. The \`id\` of each is your cursor there. \`ping\` comes every ${limitInWords('pingSeconds')}, \`store\` when the server lost its store or found it again; \`unsubscribed\` and \`drain\` are the last block of a stream. An EventSource comes back by itself; it gives up where the answer is a problem. So where too many readers come at one moment, and in the place of any problem that says to wait where \`Accept\` is \`text/event-stream\` alone, the stream ends at once, with nothing but \`retry\`, and \`Retry-After\` for those who read it with fetch.`,
    who: 'reader',
    query: query(schemas.streamQuerySchema, {
      after: 'Your cursor; without one you get a snapshot.',
      posts: 'How many posts a snapshot has at most.',
    }),
    takes: ['Last-Event-ID'],
    answers: [{ status: 200, description: 'A stream that does not end.', type: 'text/event-stream', headers: ['Retry-After'] }],
    problems: ['invalid-cursor'],
  },
  {
    id: 'listPosts',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/posts',
    summary: 'Page through posts',
    description:
      'Newest first. `before` and `after` are `seq` of posts and may be given together; with `after` alone you get the oldest above it, still newest first. A page may hold fewer than asked for, even none, while `more` is true. The filters `keyEvent` and `source` leave tombstones out; `kind` does not.',
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
    description: 'A withdrawn one is answered as its tombstone.',
    who: 'reader',
    ...revalidated({ description: 'The post, in the view of who asks.', schema: 'SeenPost' }),
  },
  {
    id: 'listRevisions',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/posts/{postId}/revisions',
    summary: 'Page through revisions of a post',
    description:
      'The post as it was, oldest first. Of a withdrawn post only authors are told them; erased ones are missing for everyone.',
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
    query: query(schemas.correctionsQuerySchema, { before: 'Only those below this offset.', limit }),
    ...revalidated({ description: 'A page of corrections.', schema: 'CorrectionPage' }),
  },
  {
    id: 'readJournal',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/journal',
    summary: 'Read the audit trail',
    description: 'Every entry of the journal, oldest first: who did what and when, without text.',
    who: 'editor',
    query: query(schemas.journalQuerySchema, { from: 'The first offset; default 1.', limit }),
    ...revalidated({ description: 'A page of entries.', schema: 'JournalPage' }),
  },
  {
    id: 'readServerJournal',
    group: 'Reading',
    method: 'get',
    path: '/v1/journal',
    summary: "Read the server's own journal",
    description:
      'Which channels were made, deleted and imported into, which tokens were revoked, and by whom, oldest first, in a hash chain of its own.',
    who: 'admin',
    query: query(schemas.journalQuerySchema, { from: 'The first offset; default 1.', limit }),
    ...revalidated({ description: 'A page of entries.', schema: 'ServerJournalPage' }),
  },
  {
    id: 'exportChannel',
    group: 'Reading',
    method: 'get',
    path: '/v1/channels/{channelId}/export',
    summary: 'Export a channel',
    description:
      'A line of JSON for each entry of the journal, oldest first, with what it wrote unless that was erased. Half an export ends with a cut connection, never as if it were whole.',
    who: 'editor',
    answers: [{ status: 200, description: 'The lines, each an ImportLine.', type: 'application/x-ndjson' }],
  },
];
