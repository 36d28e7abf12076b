import type { ImageMedia, Media } from '../../../../src/protocol/model.ts';
import type { Write } from '../outbox/outbox-model.ts';

/**
 * The pictures of this device that a write names. Until a picture is uploaded, its `url` is an address that only this device knows,
 * such as `device:0198…`. The server refuses such an address, and the outbox never sends one. Pure.
 */

/** A picture that is being written. */
export interface DraftPicture extends ImageMedia {
  /** Its author says that it needs no description. The server is sent an empty `alt`. */
  decorative?: true;
}

const scheme = 'device:';

export function deviceAddress(pictureId: string): string {
  return scheme + pictureId;
}

/** The id of the picture of this device with this address. */
export function pictureIdOf(url: string): string | undefined {
  return url.startsWith(scheme) ? url.slice(scheme.length) : undefined;
}

export function isDecorative(media: Media): boolean {
  return media.type === 'image' && (media as DraftPicture).decorative === true;
}

/** The ids of the pictures of this device that the write names. */
export function picturesIn(write: Write): string[] {
  return mediaIn(write).flatMap(({ url }) => pictureIdOf(url) ?? []);
}

/** The write as it is sent. `uploads`: the references of uploaded pictures by the ids that these have on this device. */
export function sentWrite(write: Write, uploads: Readonly<Record<string, string>> = {}): Write {
  if (!mediaIn(write).some((media) => isDecorative(media) || pictureIdOf(media.url) !== undefined)) return write;
  const sent = (media: Media): Media => {
    const { decorative: _decorative, ...others } = media as DraftPicture;
    return { ...others, url: uploads[pictureIdOf(media.url) ?? ''] ?? media.url } as Media;
  };
  const media = mediaIn(write).map(sent);
  if (write.type === 'publish') return { ...write, post: { ...write.post, media } };
  if (write.type !== 'revise') return write;
  return { ...write, revision: { ...write.revision, changes: { ...write.revision.changes, media } } };
}

function mediaIn(write: Write): readonly Media[] {
  if (write.type === 'publish') return write.post.media ?? [];
  return write.type === 'revise' ? (write.revision.changes.media ?? []) : [];
}
