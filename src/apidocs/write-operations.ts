import * as schemas from '../protocol/schemas.ts';
import type { ComponentName } from './components.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, type OperationAnswer, query } from './operation.ts';

/** The routes that write. */

const idempotent = ['Idempotency-Key', 'Pressbox-Owner-Key'] as const;
/** The answer to a write. Its `ETag` has the new revision. */
const done = (status: 200 | 202, description: string, schema: ComponentName): OperationAnswer => ({
  status,
  description,
  schema,
  headers: ['ETag', 'Idempotency-Replayed'],
});
const created = (description: string, schema: ComponentName): OperationAnswer => ({
  status: 201,
  description,
  schema,
  headers: ['Location', 'ETag', 'Idempotency-Replayed'],
});
const revised = done(200, 'The change is on disk and was sent to readers.', 'RevisionAnswer');
const stillErasing = done(
  202,
  'The change was sent to readers. `erasure.pending` lists where the text may still exist.',
  'RevisionAnswer',
);

export const writingOperations: readonly Operation[] = [
  {
    id: 'openChannel',
    group: 'Channels',
    method: 'post',
    path: '/v1/channels',
    summary: 'Create a channel',
    description: 'Without an `id`, the id is derived from the headline, with `-2` and so on if that id is taken.',
    who: 'editor',
    optionalHeaders: idempotent,
    body: { schema: 'NewChannel' },
    answers: [created('The channel was created.', 'ChannelAnswer')],
    problems: ['channel-exists', 'channel-deleted'],
  },
  {
    id: 'changeChannel',
    group: 'Channels',
    method: 'patch',
    path: '/v1/channels/{channelId}',
    summary: 'Change a channel',
    description:
      'A JSON merge patch. A changed headline or standfirst requires a `change`, which readers see; a changed `picture` may have one. A new `picture` replaces the one before as a whole, so that no credit or caption of an earlier picture remains, and null removes it. `state` goes from scheduled to live to ended, and from ended back to live.',
    who: 'editor',
    optionalHeaders: idempotent,
    requiredHeaders: ['If-Match'],
    body: { schema: 'ChannelPatch', types: ['application/merge-patch+json', 'application/json'] },
    answers: [done(200, 'The change was made and sent to readers.', 'ChannelAnswer')],
    problems: ['revision-moved', 'if-match-missing', 'media-unavailable'],
  },
  {
    id: 'deleteChannel',
    group: 'Channels',
    method: 'delete',
    path: '/v1/channels/{channelId}',
    summary: 'Delete a channel',
    description:
      'Erases the channel with all its posts and ends its subscriptions. The id cannot be used again. With `at`, the channel is erased only if it has not changed since that cursor, so that nothing is lost that an export does not have.',
    who: 'admin',
    query: query(schemas.deletionQuerySchema, {
      at: 'Only if the channel is still at this cursor. Otherwise `revision-moved`, or `channel-deleted` if another request deleted it.',
    }),
    optionalHeaders: idempotent,
    answers: [
      { status: 204, description: 'The channel is erased.', headers: ['Idempotency-Replayed'] },
      {
        status: 202,
        description: 'The channel is deleted. `erasure.pending` lists where its text may still exist.',
        schema: 'DeletionAnswer',
        headers: ['Idempotency-Replayed'],
      },
    ],
    problems: ['invalid-cursor', 'revision-moved'],
  },
  {
    id: 'publishPost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts',
    summary: 'Publish a post',
    who: 'author',
    optionalHeaders: idempotent,
    body: { schema: 'NewPost' },
    answers: [created('The post is on disk and was sent to readers.', 'PostAnswer')],
    problems: ['post-exists', 'channel-ended', 'media-unavailable'],
  },
  {
    id: 'revisePost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts/{postId}/revisions',
    summary: 'Change a post',
    description:
      'Every change has a kind. Readers see clarifications and corrections with their note. `derived` in the answer lists the posts that restate this one.',
    who: 'its author',
    optionalHeaders: idempotent,
    requiredHeaders: ['If-Match'],
    body: { schema: 'Revision' },
    answers: [revised, { ...stillErasing, description: `With \`eraseEarlier\`. ${stillErasing.description}` }],
    problems: ['post-withdrawn', 'revision-moved', 'if-match-missing', 'media-unavailable'],
  },
  {
    id: 'retractPost',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/posts/{postId}/retraction',
    summary: 'Retract a post',
    description: 'Withdraws the post from readers, with a note. Authors still see its revisions. `If-Match` is optional.',
    who: 'its author',
    optionalHeaders: [...idempotent, 'If-Match'],
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
      'For a court order or a safety risk. Erases the text from everything that the servers and their store use. Readers are notified at once, and the answer comes within 10 seconds. Send the request again to see the progress of the erasure.',
    who: 'editor',
    optionalHeaders: [...idempotent, 'If-Match'],
    body: { schema: 'Takedown', optional: true },
    answers: [{ ...revised, description: 'The text is erased everywhere.' }, stillErasing],
    problems: ['revision-moved'],
  },
  {
    id: 'uploadMedia',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/media',
    summary: 'Upload a picture, a video or a sound',
    description:
      'The body is the file itself, with its type in `Content-Type`. Pictures are turned upright, freed of all metadata and offered in several sizes; the metadata of videos and sounds is removed. Posts of the channel refer to it by the `url` of the answer. Until a published post uses it, only authors of the channel can open it, and after a day without such a post it is deleted. The same file again is answered with 200 and the upload that exists, so that the request can be repeated.',
    who: 'author',
    optionalHeaders: ['Pressbox-Owner-Key'],
    body: {
      schema: 'Bytes',
      types: ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/gif', 'video/mp4', 'audio/mp4'],
    },
    answers: [
      { status: 201, description: 'The file is on disk.', schema: 'UploadAnswer', headers: ['Location'] },
      { status: 200, description: 'The channel has this file already.', schema: 'UploadAnswer', headers: ['Location'] },
    ],
    problems: ['media-unreadable', 'media-full', 'uploads-disabled', 'media-unavailable'],
  },
  {
    id: 'importMedia',
    group: 'Writing',
    method: 'post',
    path: '/v1/channels/{channelId}/media/{mediaId}',
    summary: 'Import an upload',
    description: `Import the posts first: only an upload that a published post of the channel, or the channel itself, uses is taken. The body is a line of JSON and the files of the upload, byte for byte as the other server had them, at most ${limitInWords('mediaMovedBytes')} together. An upload that is here already stays as it is, so that the request can be repeated.`,
    who: 'admin',
    body: { schema: 'MovedMedia', types: ['application/vnd.pressbox.media'] },
    answers: [{ status: 200, description: 'The files are on disk.', schema: 'UploadAnswer' }],
    problems: ['media-unreadable', 'media-full', 'uploads-disabled', 'media-unavailable'],
  },
  {
    id: 'import',
    group: 'Writing',
    method: 'post',
    path: '/v1/import',
    summary: 'Import channels',
    description: `Lines of JSON in the form of an export. Their number is unlimited, and each can have up to ${limitInWords('importLineBytes')}. The server imports the lines as they arrive and skips lines that it already has, so that an interrupted import can be sent again. It overwrites nothing, and erased text stays erased. Only an import can set times.`,
    who: 'admin',
    body: { schema: 'ImportLine', types: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'] },
    answers: [{ status: 200, description: 'Every line was processed.', schema: 'Imported' }],
    problems: ['channel-exists', 'channel-deleted', 'media-unavailable'],
  },
];
