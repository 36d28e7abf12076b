import { isLoadable } from '../protocol/field-rules.ts';
import { mediaBegins } from '../protocol/field-schemas.ts';
import type { Media, Picture } from '../protocol/model.ts';
import { type FieldError, Refusal } from '../protocol/problems.ts';
import { isReference } from '../protocol/uploaded-media.ts';

/**
 * Refuses media that pages of this server cannot load: addresses must be `https:` or have the origin of `publicUrl`. `at`: the
 * path of the media in the request, for error messages. `mayBeUploaded`: they may also be `media:` and the id of an upload.
 */
export function requireLoadable(
  media: readonly Media[],
  publicUrl: string,
  at: string,
  { mayBeUploaded = false }: { mayBeUploaded?: boolean } = {},
): void {
  refuse(media.flatMap((one, index) => errorsOf(one, publicUrl, `${at}[${index}]`, mayBeUploaded)));
}

/** Refuses a picture of a channel in the same way. */
export function requireLoadablePicture(
  picture: Picture | null | undefined,
  publicUrl: string,
  at: string,
  { mayBeUploaded = false }: { mayBeUploaded?: boolean } = {},
): void {
  if (picture) refuse(errorsOf({ type: 'image', ...picture }, publicUrl, at, mayBeUploaded));
}

function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new Refusal('invalid-body', { errors });
}

function errorsOf(media: Media, publicUrl: string, at: string, mayBeUploaded: boolean): FieldError[] {
  const own = new URL(publicUrl).origin;
  return addressesOf(media).flatMap(([field, address]) => {
    const fits = address === undefined || isLoadable(address, own) || (mayBeUploaded && isReference(address));
    return fits ? [] : [{ path: `${at}.${field}`, message: unloadable }];
  });
}

const unloadable = `Must be an absolute URL that begins with ${mediaBegins}.`;

function addressesOf(media: Media): [field: string, address: string | undefined][] {
  switch (media.type) {
    case 'image':
      return [['url', media.url]];
    case 'video':
      return [
        ['url', media.url],
        ['poster', media.poster],
        ['captions', media.captions],
      ];
    case 'link':
      return [
        ['url', media.url],
        ['image', media.image],
        ['audio.url', media.audio?.url],
      ];
  }
}
