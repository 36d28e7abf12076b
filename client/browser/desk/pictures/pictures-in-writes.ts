import type { ImageMedia, Media, Picture } from '../../../../src/protocol/model.ts';
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

export function isDecorative(media: Media | Picture): boolean {
  return (media as Partial<DraftPicture>).decorative === true;
}

/** The ids of the pictures of this device that the write names. */
export function picturesIn(write: Write): string[] {
  return mediaIn(write).flatMap(({ url }) => pictureIdOf(url) ?? []);
}

/** The write as it is sent. `uploads`: the references of uploaded pictures by the ids that these have on this device. */
export function sentWrite(write: Write, uploads: Readonly<Record<string, string>> = {}): Write {
  if (!mediaIn(write).some((media) => isDecorative(media) || pictureIdOf(media.url) !== undefined)) return write;
  const sent = <M extends Media | Picture>(media: M): M => {
    const { decorative: _decorative, ...others } = media as M & DraftPicture;
    return { ...others, url: uploads[pictureIdOf(media.url) ?? ''] ?? media.url } as M;
  };
  switch (write.type) {
    case 'publish':
      return { ...write, post: { ...write.post, media: (write.post.media ?? []).map(sent) } };
    case 'revise': {
      const { changes } = write.revision;
      return { ...write, revision: { ...write.revision, changes: { ...changes, media: (changes.media ?? []).map(sent) } } };
    }
    case 'update-channel':
      return write.patch.picture ? { ...write, patch: { ...write.patch, picture: sent(write.patch.picture) } } : write;
    default:
      return write;
  }
}

function mediaIn(write: Write): readonly (Media | Picture)[] {
  switch (write.type) {
    case 'publish':
      return write.post.media ?? [];
    case 'revise':
      return write.revision.changes.media ?? [];
    case 'update-channel':
      return write.patch.picture ? [write.patch.picture] : [];
    default:
      // A picture of a new coverage follows in a write of its own, because the server takes uploads only of coverages that exist.
      return [];
  }
}
