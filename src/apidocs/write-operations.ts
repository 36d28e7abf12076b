import type { ComponentName } from './components.ts';
import { limitInWords } from './limit-tables.ts';
import type { Answer, Operation } from './operation.ts';

/** The routes for those who write. */

const takes = ['Idempotency-Key'] as const;
/** An answer to a write: `ETag` has the new revision. */
const done = (status: 200 | 202, description: string, schema: ComponentName): Answer => ({
  status,
  description,
  schema,
  headers: ['ETag', 'Idempotency-Replayed'],
});
const created = (description: string, schema: ComponentName): Answer => ({
  status: 201,
  description,
  schema,
  headers: ['Location', 'ETag', 'Idempotency-Replayed'],
});
const revised = done(200, 'Done, on disk, and told to readers.', 'RevisionAnswer');
const stillErasing = done(202, 'Done and told to readers; `erasure.pending` says where the text may still be.', 'RevisionAnswer');

export const writingOperations: readonly Operation[] = [
  {
    id: 'openChannel',
    group: 'Channels',
    method: 'post',
    path: '/v1/channels',
    summary: 'Open a channel',
    description: 'Without an `id` it is made from the headline, with `-2` and so on where that is taken.',
    who: 'editor',
    takes,
    body: { schema: 'NewChannel' },
    answers: [created('It is there.', 'ChannelAnswer')],
    problems: ['channel-exists', 'channel-deleted'],
  },
  {
    id: 'changeChannel',
    group: 'Channels',
    method: 'patch',
    path: '/v1/channels/{channelId}',
    summary: 'Change a channel',
    description:
      'A JSON merge patch. A changed headline or standfirst takes a `change`, which readers are told. Steps of `state`: scheduled, live, ended, live again.',
    who: 'editor',
    takes,
    requires: ['If-Match'],
    body: { schema: 'ChannelPatch', types: ['application/merge-patch+json', 'application/json'] },
    answers: [done(200, 'Done, and told to readers.', 'ChannelAnswer')],
    problems: ['revision-moved', 'if-match-missing'],
  },
  {
    id: 'deleteChannel',
    group: 'Channels',
    method: 'delete',
    path: '/v1/channels/{channelId}',
    summary: 'Delete a channel',
    description: 'Erases it with all its posts and ends its subscriptions. Its id stays used.',
    who: 'admin',
    takes,
    answers: [
      { status: 204, description: 'It is erased.', headers: ['Idempotency-Replayed'] },
      {
        status: 202,
        description: 'It is deleted; `erasure.pending` says where its text may still be.',
        schema: 'DeletionAnswer',
        headers: ['Idempotency-Replayed'],
      },
    ],
  },
  {
    id: 'publishPost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts',
    summary: 'Publish a post',
    who: 'author',
    takes,
    body: { schema: 'NewPost' },
    answers: [created('It is published: on disk, and told to readers.', 'PostAnswer')],
    problems: ['post-exists', 'channel-ended'],
  },
  {
    id: 'revisePost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts/{postId}/revisions',
    summary: 'Change a post',
    description:
      'There is no change without a kind: readers are told clarifications and corrections with their note. `derived` in the answer names the posts that restate this one.',
    who: 'its author',
    takes,
    requires: ['If-Match'],
    body: { schema: 'Revision' },
    answers: [revised, { ...stillErasing, description: `With \`eraseEarlier\`: ${stillErasing.description}` }],
    problems: ['post-withdrawn', 'revision-moved', 'if-match-missing'],
  },
  {
    id: 'retractPost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts/{postId}/retraction',
    summary: 'Retract a post',
    description: 'Withdraws it from readers, with a note. Authors still see its revisions. `If-Match` is heeded if sent.',
    who: 'its author',
    takes: [...takes, 'If-Match'],
    body: { schema: 'Retraction' },
    answers: [revised],
    problems: ['post-withdrawn', 'revision-moved'],
  },
  {
    id: 'takeDownPost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts/{postId}/takedown',
    summary: 'Take a post down',
    description:
      'For a court order or a safety risk: its text is erased from everything that the servers and their store use. Readers are told at once; the answer comes within 10 seconds. Sent again, it tells how the erasing stands.',
    who: 'editor',
    takes: [...takes, 'If-Match'],
    body: { schema: 'Takedown', optional: true },
    answers: [{ ...revised, description: 'Erased everywhere.' }, stillErasing],
    problems: ['revision-moved'],
  },
  {
    id: 'import',
    group: 'Writing',
    method: 'post',
    path: '/v1/import',
    summary: 'Import channels',
    description: `Lines of JSON, as an export writes them, or another system in the same form; any number of them, each up to ${limitInWords('importLineBytes')}. They are taken as they come: what was dealt with stands, and sent again it is passed over, so an import that was cut goes on where it stopped. Nothing is written over, and what was erased here stays erased. Only an import sets times.`,
    who: 'admin',
    body: { schema: 'ImportLine', types: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'] },
    answers: [{ status: 200, description: 'Every line was dealt with.', schema: 'Imported' }],
    problems: ['channel-exists', 'channel-deleted'],
  },
];
