import { stat } from 'node:fs/promises';
import { entriesOf, unless } from './durable-files.ts';
import { hashOfFile } from './file-hash.ts';
import { type About, readAbout, servedType } from './media-about.ts';
import { isChannelId, MediaPaths, mediumIdPattern } from './media-paths.ts';

/** The ids of the uploads of a channel in a directory. Changes nothing, so that a server may have it open. */
export async function storedMediaIds(directory: string, channelId: string): Promise<string[]> {
  if (!isChannelId(channelId)) return [];
  const entries = await entriesOf(new MediaPaths(directory).at(channelId));
  return entries.map(({ name }) => name).filter((name) => mediumIdPattern.test(name));
}

/**
 * Whether every file of a medium is there and has the size, and the hash if it was stored, with which it was written, and
 * `about.json` describes these files.
 */
export async function isMediumWhole(directory: string, channelId: string, id: string): Promise<boolean> {
  const at = (...names: string[]) => new MediaPaths(directory).at(channelId, id, ...names);
  const about = await readAbout(at()).catch((error: unknown) => {
    // It is not JSON.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  });
  if (!about || !describesItsFiles(about, channelId, id)) return false;
  for (const { name, bytes, sha256 } of about.renditions) {
    if ((await stat(at(name)).catch(unless('ENOENT')))?.size !== bytes) return false;
    if (sha256 !== undefined && (await hashOfFile(at(name))) !== sha256) return false;
  }
  return true;
}

/**
 * Whether `about.json` belongs to this medium and agrees with itself: the media type of each file is the one that it is served
 * with, and the plain file and the sum are those of its files. Servers announce these facts, and never act on a type.
 */
function describesItsFiles(about: About, channelId: string, id: string): boolean {
  const { name, mimeType, renditions } = about;
  return (
    about.id === id &&
    about.channelId === channelId &&
    Array.isArray(renditions) &&
    renditions.find((file) => file.name === name)?.mimeType === mimeType &&
    renditions.every((file) => servedType(file.name) === file.mimeType) &&
    renditions.reduce((sum, { bytes }) => sum + bytes, 0) === about.bytes
  );
}
