import { z } from 'zod';
import { isEmbed } from './embeds/frames.ts';
import {
  channelIdPattern,
  hasControls,
  hasPlainHost,
  isAbsoluteUrl,
  isOneLine,
  isWellFormed,
  isWithin,
  postIdPattern,
} from './field-rules.ts';
import * as model from './model.ts';
import { isReference } from './uploaded-media.ts';
import { isVisible } from './visible-text.ts';
import { limits } from './wire-limits.ts';

/**
 * Schemas of the values that the other schemas consist of: ids, times, text, addresses, people and media. JSON Schema leaves out
 * refinements, so `meta` describes them for the generated documents where JSON Schema can express them.
 */

/** Text of several lines, stored unchanged. */
export function text(most: number) {
  return z
    .string()
    .meta({ maxLength: most })
    .refine((value) => isWithin(value, most), `Must have at most ${most.toLocaleString('en')} characters.`)
    .refine(isWellFormed, 'Must be well-formed Unicode.')
    .refine((value) => !hasControls(value), 'Must not contain control characters other than line breaks and tabs.');
}

/** Text of one line. */
export function line(most: number) {
  return text(most).refine(isOneLine, 'Must be one line, without control characters.');
}

/** Text of one line that is not empty. */
export function words(most: number) {
  return notEmpty(line(most));
}

/** Refuses text of white space only. */
export function notBlank(schema: z.ZodString) {
  return schema.meta({ minLength: 1 }).refine((value) => value.trim() !== '', { error: 'Must not be empty.', abort: true });
}

/** Refuses text without a visible character. `parseJournalled` accepts invisible characters, but not text of white space only. */
export function notEmpty(schema: z.ZodString) {
  return notBlank(schema).refine(isVisible, {
    error: 'Must not be empty: it has no visible character.',
    params: { invisible: true },
  });
}

function url(
  schemes: readonly string[],
  begins = schemes.map((scheme) => `${scheme}//`).join(' or '),
  isReference: (value: string) => boolean = () => false,
) {
  return line(limits.urlCharacters)
    .meta({ format: 'uri' })
    .refine((value) => isReference(value) || isAbsoluteUrl(value, schemes), `Must be an absolute URL that begins with ${begins}.`)
    .refine(hasPlainHost, 'Must not contain a user name, a password or a backslash.');
}

export const httpsUrl = url(['https:']);
const webUrl = url(['https:', 'http:']);
/**
 * How media URLs begin. Schemas do not know the server's address, so they accept every `http:` URL, and the write checks it
 * again.
 */
export const mediaBegins = 'https://, or with the address of this server';
const mediaUrl = url(['https:', 'http:'], mediaBegins);
/** The URL of media that can be uploaded. In requests and exports, it may refer to an upload. */
const uploadableUrl = url(['https:', 'http:'], mediaBegins, isReference);
const pixels = z.int().min(1).max(limits.mediaPixels);

export const channelIdSchema = z
  .string()
  .regex(channelIdPattern, 'Must be 1 to 96 lower-case letters, digits and hyphens, without a hyphen at either end.');
export const postIdSchema = z.string().regex(postIdPattern, 'Must be a UUIDv7 in lower case.');
/** RFC 3339 has four digits for the year, so a time outside these years in UTC cannot be written. */
const firstMs = Date.parse('0000-01-01T00:00:00.000Z');
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');
export const time = z.iso
  .datetime({ offset: true, error: 'Must be an RFC 3339 time such as 2026-11-24T12:00:00Z.' })
  .refine((value) => Date.parse(value) >= firstMs && Date.parse(value) <= lastMs, 'Must be a time that exists, also in UTC.')
  .transform((value) => new Date(value).toISOString());
export const languageTag = line(limits.textCharacters).refine((value) => {
  try {
    return Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}, 'Must be a BCP 47 language tag such as en or de-AT.');
export const timezoneName = line(limits.textCharacters).refine((value) => {
  try {
    // Intl accepts an offset such as +02:00, which is not an IANA name.
    return /^[A-Za-z]/.test(value) && new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}, 'Must be an IANA time zone name such as Europe/Berlin.');

export const personSchema = z.strictObject({
  name: words(limits.textCharacters),
  role: words(limits.textCharacters).optional(),
  url: webUrl.optional(),
}) satisfies z.ZodType<model.Person>;

export const sourceSchema = z.strictObject({
  name: words(limits.textCharacters),
  via: words(limits.textCharacters).optional(),
  url: webUrl.optional(),
}) satisfies z.ZodType<model.Source>;

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t \\x21-\\x7e])*"';
/** RFC 9110, 8.3.1, in ASCII, and without the empty parameters that it allows. */
const mediaType = new RegExp(`^${token}/${token}(?:[\\t ]*;[\\t ]*${token}=(?:${token}|${quoted}))*$`);

const mimeType = z
  .string()
  .max(limits.textCharacters)
  .regex(mediaType, 'Must be a media type such as video/mp4, or video/mp4; codecs="avc1".');

export const renditionSchema = z.strictObject({
  url: uploadableUrl,
  width: pixels,
  mimeType,
}) satisfies z.ZodType<model.Rendition>;

const share = z.number().min(0).max(1);
export const focusSchema = z.strictObject({ x: share, y: share }) satisfies z.ZodType<model.Focus>;

const imageFields = {
  url: uploadableUrl,
  alt: line(limits.altCharacters),
  caption: text(limits.captionCharacters).optional(),
  credit: words(limits.textCharacters).optional(),
  width: pixels.optional(),
  height: pixels.optional(),
  focus: focusSchema.optional(),
  renditions: z.array(renditionSchema).max(limits.mediaRenditions).optional(),
};

/** The form of the id depends on the provider. */
export const embedSchema = z
  .strictObject({ provider: z.enum(model.embedProviders), id: z.string().max(limits.embedIdCharacters) })
  .refine((embed) => isEmbed(embed), {
    path: ['id'],
    message: 'Must be the id of a post in the form of its provider.',
  }) satisfies z.ZodType<model.Embed>;

export const audioFileSchema = z.strictObject({
  url: uploadableUrl,
  mimeType: z
    .string()
    .max(limits.textCharacters)
    .regex(mediaType, 'Must be a media type such as audio/mp4.')
    .refine((value) => /^audio\//i.test(value), 'Must begin with audio/.'),
}) satisfies z.ZodType<model.AudioFile>;

export const pictureSchema = z.strictObject(imageFields) satisfies z.ZodType<model.Picture>;

export const mediaSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('image'), ...imageFields }),
  z.strictObject({
    type: z.literal('video'),
    url: uploadableUrl,
    mimeType: mimeType.optional(),
    poster: mediaUrl.optional(),
    captions: mediaUrl.optional(),
    caption: text(limits.captionCharacters).optional(),
    width: pixels.optional(),
    height: pixels.optional(),
  }),
  z
    .strictObject({
      type: z.literal('link'),
      url: uploadableUrl,
      title: words(limits.textCharacters),
      source: words(limits.textCharacters).optional(),
      image: uploadableUrl.optional(),
      description: line(limits.textCharacters).optional(),
      embed: embedSchema.optional(),
      audio: audioFileSchema.optional(),
    })
    .refine(({ embed, audio }) => embed === undefined || audio === undefined, {
      path: ['audio'],
      message: 'Must not be given with `embed`.',
    }),
]) satisfies z.ZodType<model.Media>;
