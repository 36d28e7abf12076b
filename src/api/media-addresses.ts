import { isLoadable } from '../protocol/field-rules.ts';
import { mediaBegins } from '../protocol/field-schemas.ts';
import type { Media, Picture } from '../protocol/model.ts';
import { type FieldError, Refusal } from '../protocol/problems.ts';

/**
 * Refuses media that pages of this server cannot load: addresses must be `https:` or have the origin of `publicUrl`. `at`: the
 * path of the media in the request, for error messages.
 */
export function requireLoadable(media: readonly Media[], publicUrl: string, at: string): void {
  refuse(media.flatMap((one, index) => errorsOf(one, publicUrl, `${at}[${index}]`)));
}

/** Refuses a picture of a channel in the same way. */
export function requireLoadablePicture(picture: Picture | null | undefined, publicUrl: string, at: string): void {
  if (picture) refuse(errorsOf({ type: 'image', ...picture }, publicUrl, at));
}

/** The fields of a request without renditions, which only the server writes. */
export function withoutRenditions<F extends { media?: Media[] | undefined; picture?: Picture | null | undefined }>(fields: F): F {
  const { media, picture } = fields;
  if (media === undefined && !picture) return fields;
  return { ...fields, ...(media && { media: media.map(without) }), ...(picture && { picture: without(picture) }) };
}

function without<M extends Media | Picture>(media: M): M {
  if (!('renditions' in media)) return media;
  const { renditions: _, ...others } = media;
  return others as M;
}

function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new Refusal('invalid-body', { errors });
}

function errorsOf(media: Media, publicUrl: string, at: string): FieldError[] {
  const own = new URL(publicUrl).origin;
  return addressesOf(media).flatMap(([field, address]) => {
    const fits = address === undefined || isLoadable(address, own);
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
