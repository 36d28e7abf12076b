import { stat } from 'node:fs/promises';
import { entriesOf, unless } from './durable-files.ts';
import { hashOfFile } from './file-hash.ts';
import { readAbout } from './media-about.ts';
import { isChannelId, MediaPaths, mediumIdPattern } from './media-paths.ts';

/** The ids of the uploads of a channel in a directory. Changes nothing, so that a server may have it open. */
export async function storedMediaIds(directory: string, channelId: string): Promise<string[]> {
  if (!isChannelId(channelId)) return [];
  const entries = await entriesOf(new MediaPaths(directory).at(channelId));
  return entries.map(({ name }) => name).filter((name) => mediumIdPattern.test(name));
}

/** Whether every file of a medium is there and has the size, and the hash if it was stored, with which it was written. */
export async function isMediumWhole(directory: string, channelId: string, id: string): Promise<boolean> {
  const at = (...names: string[]) => new MediaPaths(directory).at(channelId, id, ...names);
  const about = await readAbout(at()).catch((error: unknown) => {
    // It is not JSON.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  });
  if (about === undefined) return false;
  for (const { name, bytes, sha256 } of about.renditions) {
    if ((await stat(at(name)).catch(unless('ENOENT')))?.size !== bytes) return false;
    if (sha256 !== undefined && (await hashOfFile(at(name))) !== sha256) return false;
  }
  return true;
}
