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

export const uploads: readonly Example[] = [
  upload,
  { ...upload, name: 'The same picture again', status: 200 },
  fileOfUpload,
  { ...fileOfUpload, name: 'A part of it', headers: { Range: 'bytes=0-99' }, status: 206 },
];
