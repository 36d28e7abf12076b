import { basePath } from './base-path.ts';
/** The places of the desk and their addresses. */
export type Place =
  | { at: 'list' }
  | { at: 'coverage'; channelId: string }
  /** `code`: from the fragment, which no server sees. */
  | { at: 'sign-in'; code: string };

export const deskPath = `${basePath}/desk/`;

/** The page that signs in with a token and leads to a page of this server. */
export function signInPath(to: string): string {
  return `${basePath}/sign-in?to=${encodeURIComponent(to)}`;
}

/** A channel may be called `sign-in` too, so only an address with a code signs in. */
export function placeOf({ pathname, hash }: Pick<URL, 'pathname' | 'hash'>): Place {
  const name = decoded(pathname.slice(deskPath.length).replace(/\/+$/, ''));
  if (name === '') return { at: 'list' };
  if (name === 'sign-in' && hash.length > 1) return { at: 'sign-in', code: hash.slice(1) };
  return { at: 'coverage', channelId: name };
}

export function pathOf(place: Exclude<Place, { at: 'sign-in' }>): string {
  return place.at === 'list' ? deskPath : deskPath + encodeURIComponent(place.channelId);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
