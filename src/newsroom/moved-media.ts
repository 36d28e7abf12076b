import type { AddResult, MediaStore, MovedMedia } from '../media/media-store.ts';
import type { Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mediaUses, orRefuse, type UploadsParts, usersOfMedia } from './uploads.ts';

/**
 * Takes an upload of another server after its posts were imported. The journal decides: only what a published post of the channel, or the
 * channel itself, uses now is taken, so that an old export brings back nothing that was withdrawn or taken down here.
 */
export async function restoreMedia(
  { engine, renderer: { publicUrl }, store }: UploadsParts & { store: MediaStore },
  channel: Pick<Channel, 'id' | 'picture'>,
  id: string,
  moved: MovedMedia,
): Promise<AddResult> {
  const postIds = new Set<string>();
  const usersOf = async () => {
    const read = await engine.channel(channel.id);
    const users = read.status === 'found' ? await usersOfMedia(engine, read.channel, id) : [];
    for (const postId of users) postIds.add(postId);
    return users;
  };
  if ((await usersOf()).length === 0) throw new Refusal('not-found', missing.media);
  const result = await orRefuse(() => store.restore(channel.id, id, moved, usersOf));
  if (result.status === 'unused') throw new Refusal('not-found', missing.media);
  if (result.status === 'refused') return result;
  // A takedown may have erased the claims of a post before they were noted.
  const uses = mediaUses(engine, publicUrl);
  for (const postId of postIds) {
    if (!(await uses.ofPost(channel.id, postId)).includes(id)) await orRefuse(() => store.erase(channel.id, postId, uses));
  }
  return result;
}
