import type { ImageMedia, LinkMedia, Media, Picture } from '../../../../../src/protocol/model.ts';
import type { Write } from '../../outbox/outbox-model.ts';

/**
 * The pictures of this device that a write names. Until a picture is uploaded, its address is one that only this device knows, such
 * as `device:0198…`. The server refuses such an address, and the outbox never sends one. Pure.
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
export function pictureIdOf(address: string | undefined): string | undefined {
  return address?.startsWith(scheme) ? address.slice(scheme.length) : undefined;
}

/** The id of the picture of this device that it shows. A link shows one on its card. */
export function shownPictureId(media: Media | Picture): string | undefined {
  return pictureIdOf(isLink(media) ? media.image : media.url);
}

export function withPictureAddress<M extends Media | Picture>(media: M, address: string): M {
  return isLink(media) ? { ...media, image: address } : { ...media, url: address };
}

function isLink(media: Media | Picture): media is LinkMedia {
  return 'type' in media && media.type === 'link';
}

export function isDecorative(media: Media | Picture): boolean {
  return (media as Partial<DraftPicture>).decorative === true;
}

/** The ids of the pictures of this device that the write names. */
export function picturesIn(write: Write): string[] {
  return mediaIn(write).flatMap((media) => shownPictureId(media) ?? []);
}

/** The write as it is sent. `uploads`: the references of uploaded pictures by the ids that these have on this device. */
export function sentWrite(write: Write, uploads: Readonly<Record<string, string>> = {}): Write {
  if (!mediaIn(write).some((media) => isDecorative(media) || shownPictureId(media) !== undefined)) return write;
  const sent = <M extends Media | Picture>(media: M): M => {
    const { decorative: _decorative, ...others } = media as M & DraftPicture;
    const address = uploads[shownPictureId(media) ?? ''];
    return address === undefined ? (others as M) : withPictureAddress(others as M, address);
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
