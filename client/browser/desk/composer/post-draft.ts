import * as limits from '../../../../src/protocol/client-limits.ts';
import {
  hasControls,
  hasPlainHost,
  isAbsoluteUrl,
  isOneLine,
  isWellFormed,
  isWithin,
  lackingField,
  postIdPattern,
} from '../../../../src/protocol/field-rules.ts';
import type { Media, Person, PostFields, Source } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';
import { isVisible } from '../../../../src/protocol/visible-text.ts';
import type { NewPost } from '../../../lib/author-client.ts';
import { type Destination, isLoadableThere } from '../pictures/loadable-picture.ts';
import { isDecorative, pictureIdOf } from '../pictures/uploads/pictures-in-writes.ts';

/**
 * A post that is being written, with every field that an author writes. It has its id from the start, so that publishing it twice
 * publishes it once. Fields that are typed into may hold anything. `toNewPost` makes the post that is sent.
 */
export type PostDraft = PostFields & { id: string };

/** A reason why a post cannot be published. `path` is that of the field, as in problems of the server: `media[0].alt`. */
export interface Lack {
  path: string;
  why: LackReason;
}
export type LackReason =
  | 'empty'
  | 'too-long'
  | 'too-many'
  | 'strange-characters'
  | 'several-lines'
  | 'no-address'
  | 'no-https'
  | 'disguised-address'
  | 'no-post'
  /** A key event is listed by its headline. */
  | 'key-event-headline'
  /** There is neither a headline nor a text nor media. */
  | 'nothing'
  /** The server would accept it, but readers who cannot see the picture would get nothing. */
  | 'no-description'
  /** The body cannot be rendered. */
  | 'too-complex';

export function emptyDraft(id: string, authors: readonly Person[] = []): PostDraft {
  return { id, ...blankFields(), authors: [...authors] };
}

/** The draft of a post that was not sent yet, with every field. */
export function draftOf(post: NewPost & { id: string }): PostDraft {
  const given = Object.entries(post).filter(([, value]) => value !== undefined);
  return { ...blankFields(), ...Object.fromEntries(given), id: post.id };
}

/** Whether the draft has content that must not be lost. Kind, byline and marks alone are quickly chosen again. */
export function hasContent(draft: PostDraft): boolean {
  const { headline, body, media, sources, derivedFrom } = toNewPost(draft);
  return [headline, body?.trim(), media, sources, derivedFrom].some((value) => value != null && value.length > 0);
}

/**
 * The post as it is sent: without rows that were left empty, without spaces around values of one line, and without fields that have
 * their empty value, which the server sets itself.
 */
export function toNewPost(draft: PostDraft): NewPost & { id: string } {
  const { headline, media, authors, sources, ...others } = draft;
  const fields: PostFields = {
    ...others,
    headline: headline?.trim() || null,
    media: media.map(trimmed).filter(isFilledMedia),
    authors: authors.map(trimmed).filter(isFilled),
    sources: sources.map(trimmed).filter(isFilled),
  };
  const blank = blankFields();
  const sent = Object.entries(fields).filter(
    ([field, value]) => field in blank && !isEqual(value, blank[field as keyof PostFields]),
  );
  return { ...Object.fromEntries(sent), id: draft.id };
}

/** `html`: the rendered body. */
export function lacksOf(post: NewPost, html: string, destination: Destination): Lack[] {
  const { keyEvent = false, headline = null, body = '', media = [], authors = [], sources = [], derivedFrom = [] } = post;
  const lacks = [
    ...(headline === null ? [] : lineOf('headline', headline, limits.headlineCharacters)),
    ...textOf('body', body, limits.bodyCharacters),
    ...most('media', media, limits.postMedia),
    ...media.flatMap((one, at) => lacksOfMedia(one, `media[${at}]`, destination)),
    ...most('authors', authors, limits.postAuthors),
    ...authors.flatMap((one, at) => lacksOfPerson(one, `authors[${at}]`)),
    ...most('sources', sources, limits.postSources),
    ...sources.flatMap((one, at) => lacksOfPerson(one, `sources[${at}]`)),
    ...most('derivedFrom', derivedFrom, limits.postDerivedFrom),
    ...derivedFrom.flatMap((id, at) =>
      postIdPattern.test(id) && derivedFrom.indexOf(id) === at ? [] : [lack(`derivedFrom[${at}]`, 'no-post')],
    ),
  ];
  switch (lackingField({ keyEvent, headline, html, media })) {
    case 'headline':
      return [lack('headline', 'key-event-headline'), ...lacks];
    case 'body':
      return [lack('body', 'nothing'), ...lacks];
    case undefined:
      return lacks;
  }
}

function lacksOfMedia(media: Media, at: string, destination: Destination): Lack[] {
  const address = (field: string, value: string | undefined) =>
    value === undefined ? [] : mediaAddress(`${at}.${field}`, value, destination);
  const line = (field: string, value: string | undefined) => optionalLine(`${at}.${field}`, value);
  switch (media.type) {
    case 'image': {
      const { url, alt, caption = '', credit } = media;
      const described = isVisible(alt) || isDecorative(media) ? [] : [lack(`${at}.alt`, 'no-description')];
      return [
        ...(pictureIdOf(url) === undefined ? address('url', url) : []),
        ...described,
        ...textLine(`${at}.alt`, alt, limits.altCharacters),
        ...textOf(`${at}.caption`, caption, limits.captionCharacters),
        ...line('credit', credit),
      ];
    }
    case 'video': {
      const { url, poster, captions, caption = '' } = media;
      return [
        ...address('url', url),
        ...address('poster', poster),
        ...address('captions', captions),
        ...textOf(`${at}.caption`, caption, limits.captionCharacters),
      ];
    }
    case 'link': {
      const { url, title, source, image, description = '' } = media;
      return [
        ...address('url', url),
        ...lineOf(`${at}.title`, title, limits.textCharacters),
        ...line('source', source),
        ...(pictureIdOf(image) === undefined ? address('image', image) : []),
        ...textLine(`${at}.description`, description, limits.textCharacters),
      ];
    }
  }
}

function lacksOfPerson({ url, ...texts }: Person | Source, at: string): Lack[] {
  const { name, ...others } = texts;
  return [
    ...lineOf(`${at}.name`, name, limits.textCharacters),
    ...Object.entries(others).flatMap(([field, value]) => optionalLine(`${at}.${field}`, value)),
    ...(url === undefined ? [] : webAddress(`${at}.url`, url)),
  ];
}

function optionalLine(path: string, value: string | undefined): Lack[] {
  return value === undefined ? [] : lineOf(path, value, limits.textCharacters);
}

/** A line that must not be empty. */
function lineOf(path: string, value: string, most: number): Lack[] {
  return isVisible(value) ? textLine(path, value, most) : [lack(path, 'empty')];
}

function textLine(path: string, value: string, most: number): Lack[] {
  const lacks = textOf(path, value, most);
  return lacks.length > 0 || isOneLine(value) ? lacks : [lack(path, 'several-lines')];
}

function textOf(path: string, value: string, most: number): Lack[] {
  if (!isWithin(value, most)) return [lack(path, 'too-long')];
  return isWellFormed(value) && !hasControls(value) ? [] : [lack(path, 'strange-characters')];
}

function webAddress(path: string, value: string): Lack[] {
  const lacks = textLine(path, value, limits.urlCharacters);
  if (lacks.length > 0) return lacks;
  if (!isAbsoluteUrl(value, ['https:', 'http:'])) return [lack(path, value === '' ? 'empty' : 'no-address')];
  return hasPlainHost(value) ? [] : [lack(path, 'disguised-address')];
}

function mediaAddress(path: string, value: string, destination: Destination): Lack[] {
  const lacks = webAddress(path, value);
  return lacks.length > 0 || isLoadableThere(value, destination) ? lacks : [lack(path, 'no-https')];
}

function most(path: string, list: readonly unknown[], number: number): Lack[] {
  return list.length > number ? [lack(path, 'too-many')] : [];
}

function lack(path: string, why: LackReason): Lack {
  return { path, why };
}

/** Without spaces around the values, and without the optional ones that are empty. */
function trimmed<Row extends Media | Person | Source>(row: Row): Row {
  const kept: readonly string[] = 'type' in row ? ['type', 'url', 'alt', 'title'] : ['name'];
  const values = Object.entries(row).map(([field, value]) => [field, typeof value === 'string' ? value.trim() : value] as const);
  return Object.fromEntries(
    values.filter(([field, value]) => kept.includes(field) || (value !== '' && value !== undefined)),
  ) as Row;
}

function isFilled(row: Person | Source): boolean {
  return Object.values(row).some((value) => value !== '');
}

function isFilledMedia({ type: _type, ...values }: Media): boolean {
  return Object.values(values).some((value) => value !== '');
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The label without a remark such as "(optional)", which would contradict a sentence that says what is missing. */
export function nameOfLabel(label: string): string {
  return label.replace(/[(（][^(（)）]*[)）]$/, '').trimEnd();
}

/** The address that an author means who leaves out `https://`. Other texts stay as they are. */
export function completedAddress(text: string): string {
  const written = text.trim();
  return /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}(?::\d+)?(?:[/?#]\S*)?$/u.test(written) ? `https://${written}` : text;
}
