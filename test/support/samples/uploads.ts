import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type MediaDirectory, openMediaDirectory } from '../../../src/media/media-directory.ts';
import type { AddResult, MediaStore, StoredMedia } from '../../../src/media/media-store.ts';
import { Renderer } from '../../../src/media/renderer.ts';

/** Uploads bytes in chunks, as a request does. */
export function upload(
  store: MediaStore,
  channelId: string,
  bytes: Buffer,
  mimeType: string,
  by = 'reporter',
): Promise<AddResult> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, at) =>
    bytes.subarray(at * 65_536, (at + 1) * 65_536),
  );
  return store.add(channelId, { body: Readable.from(chunks), mimeType, length: bytes.length, by });
}

/** Throws if the upload is refused. */
export async function stored(store: MediaStore, channelId: string, bytes: Buffer, mimeType: string): Promise<StoredMedia> {
  const result = await upload(store, channelId, bytes, mimeType);
  if (result.status === 'refused') throw new Error(`${result.code}: ${result.detail}`);
  return result.media;
}

/** For renderers in tests: on a busy machine a process of low priority gets a fraction of a core. */
export const patient = { jobMs: 250_000 };

/** A store in a directory of its own. Disposing of it removes the directory. */
export async function openStoreForUploads(): Promise<{ store: MediaDirectory; folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  const store = await openMediaDirectory(folder, { isShared: false, renderer: new Renderer(patient) });
  return {
    store,
    folder,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
