import type { Media } from '../../../../src/protocol/model.ts';
import { shownPictureId, withPictureAddress } from './uploads/pictures-in-writes.ts';

/**
 * Addresses under which this page can show pictures of this device, by their ids. The views of readers' pages show only addresses of the
 * web, so a preview is drawn with other ones, which are replaced afterwards.
 */
const previews = new Map<string, string>();

export function previewOf(pictureId: string): string | undefined {
  return previews.get(pictureId);
}

export function setPreview(pictureId: string, file: Blob): void {
  dropPreview(pictureId);
  previews.set(pictureId, URL.createObjectURL(file));
}

export function dropPreview(pictureId: string): void {
  const before = previews.get(pictureId);
  if (before !== undefined) URL.revokeObjectURL(before);
  previews.delete(pictureId);
}

/** The markup of a post with these media. */
export function withPreviews(media: readonly Media[], render: (media: Media[]) => string): string {
  const markup = render(
    media.map((one) => {
      const id = shownPictureId(one);
      return id === undefined ? one : withPictureAddress(one, placeholder(id));
    }),
  );
  const ids = media.flatMap((one) => shownPictureId(one) ?? []);
  return ids.reduce((text, id) => text.replaceAll(placeholder(id), previews.get(id) ?? 'data:,'), markup);
}

/** An address that exists nowhere (RFC 2606). */
function placeholder(id: string): string {
  return `https://device.invalid/${id}`;
}
