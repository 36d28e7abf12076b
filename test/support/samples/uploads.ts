import { Readable } from 'node:stream';
import type { AddResult, MediaStore, StoredMedia } from '../../../src/media/media-store.ts';

/** Uploads bytes in chunks, as a request does. */
export function upload(store: MediaStore, channelId: string, bytes: Buffer, mimeType: string): Promise<AddResult> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
    bytes.subarray(at * 65_536, (at + 1) * 65_536),
  );
  return store.add(channelId, { body: Readable.from(chunks), mimeType, length: bytes.length, by: 'reporter' });
}

/** Throws if the upload is refused. */
export async function stored(store: MediaStore, channelId: string, bytes: Buffer, mimeType: string): Promise<StoredMedia> {
  const result = await upload(store, channelId, bytes, mimeType);
  if (result.status === 'refused') throw new Error(`${result.code}: ${result.detail}`);
  return result.media;
}
