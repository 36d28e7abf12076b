import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unless } from './durable-files.ts';
import type { Rendition, StoredMedia } from './media-store.ts';
import type { RenderedFacts } from './render-messages.ts';

/** The file `about.json` of a medium. */
export interface About extends StoredMedia {
  /** The hash of the upload, by which the same bytes are found again. */
  sha256: string;
}

export async function readAbout(directory: string): Promise<About | undefined> {
  const text = await readFile(join(directory, 'about.json'), 'utf8').catch(unless('ENOENT', 'ENOTDIR'));
  return text === undefined ? undefined : (JSON.parse(text) as About);
}

const fileNamePattern = /^[a-z0-9]{1,16}\.([a-z0-9]{3,4})$/;
/** By the ending of a name, so that nobody makes a script of a picture by changing what `about.json` says. */
const fileTypes = new Map([
  ['jpg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['mp4', 'video/mp4'],
  ['m4a', 'audio/mp4'],
]);

/** The media type that a file is served with. Undefined if no file of a medium has such a name. */
export function servedType(name: string): string | undefined {
  return fileTypes.get(fileNamePattern.exec(name)?.[1] ?? '');
}

/** The largest JPEG up to this width is for clients that know no renditions. */
const plainWidth = 1_200;

export function mediaOf(
  { renditions, ...facts }: RenderedFacts,
  about: Pick<StoredMedia, 'id' | 'channelId' | 'uploadedAt' | 'by'>,
): StoredMedia {
  const plain = renditions.filter(({ mimeType, width }) => mimeType === 'image/jpeg' && (width ?? 0) <= plainWidth).at(-1);
  const { name, mimeType } = plain ?? (renditions[0] as Rendition);
  const bytes = renditions.reduce((sum, rendition) => sum + rendition.bytes, 0);
  const { id, channelId, uploadedAt, by } = about;
  return { id, channelId, ...facts, name, mimeType, renditions, bytes, uploadedAt, by };
}
