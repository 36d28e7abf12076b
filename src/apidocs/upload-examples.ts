import { channelId, type Example, inChannel } from './example.ts';
import { exampleMediaId } from './example-cursors.ts';

/** The examples of uploads. */

const upload: Example = {
  operation: 'uploadMedia',
  name: 'A picture',
  as: 'author',
  path: inChannel,
  type: 'image/png',
  file: 'corona.png',
  status: 201,
};
const fileOfUpload: Example = {
  operation: 'getMedia',
  name: 'A file of an upload',
  as: 'author',
  path: { channelId, mediaId: exampleMediaId, name: '1200.jpg' },
  status: 200,
};

/** Nothing follows the first line, because the upload is there. */
const moved: Example = {
  operation: 'importMedia',
  name: 'An upload that is there',
  as: 'admin',
  path: { channelId, mediaId: exampleMediaId },
  type: 'application/vnd.pressbox.media',
  body: {
    type: 'image',
    width: 1600,
    height: 900,
    durationSeconds: null,
    uploadedAt: '2026-08-12T16:00:00.000Z',
    by: 'grace',
    files: [{ name: '1200.jpg', width: 1200, mimeType: 'image/jpeg', bytes: 5000, sha256: '0'.repeat(64) }],
  },
  status: 200,
};

export const uploads: readonly Example[] = [
  upload,
  { ...upload, name: 'The same picture again', status: 200 },
  { operation: 'listMedia', name: 'With their hashes', as: 'editor', path: inChannel, status: 200 },
  { ...moved, name: 'An upload that no post uses', status: 404 },
  {
    operation: 'changeChannel',
    name: 'A picture that was uploaded',
    as: 'editor',
    path: inChannel,
    headers: { 'If-Match': '*' },
    body: { picture: { url: `media:${exampleMediaId}`, alt: 'A black sky' } },
    status: 200,
  },
  moved,
  fileOfUpload,
  { ...fileOfUpload, name: 'A part of it', headers: { Range: 'bytes=0-99' }, status: 206 },
];
