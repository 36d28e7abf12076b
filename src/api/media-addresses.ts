import { mediaBegins } from '../protocol/field-schemas.ts';
import type { Media } from '../protocol/model.ts';
import { type FieldError, Refusal } from '../protocol/problems.ts';

/**
 * Refuses media that pages of this server cannot load: addresses must be `https:` or have the origin of `publicUrl`. `at`: the
 * path of the media in the request, for error messages.
 */
export function requireLoadable(media: readonly Media[], publicUrl: string, at: string): void {
  const own = new URL(publicUrl).origin;
  const errors = media.flatMap((one, index): FieldError[] =>
    addressesOf(one).flatMap(([field, address]) => {
      const isLoadable = address === undefined || /^https:/i.test(address) || new URL(address).origin === own;
      return isLoadable ? [] : [{ path: `${at}[${index}].${field}`, message: unloadable }];
    }),
  );
  if (errors.length > 0) throw new Refusal('invalid-body', { errors });
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
      ];
  }
}
