import { createRequire } from 'node:module';
import { z } from 'zod';
import { isUri } from './atom.ts';

/**
 * Schemas of JSON Feed 1.1 and ninjs 3.1, as far as the feeds of Pressbox use them. They are strict: an unknown name is an error.
 * They follow the specifications of jsonfeed.org and of the IPTC, whose ninjs schema is in no package.
 */

const uri = z.string().refine(isUri, 'must be a URI');
const time = z.iso.datetime({ offset: true });
const words = z.string().refine((text) => text.trim() !== '', 'must say something');
const extension = z.record(z.string().regex(/^[^.]*$/), z.unknown());

// ---- JSON Feed 1.1

const feedAuthor = z.strictObject({ name: words, url: uri.optional(), avatar: uri.optional() });

const jsonFeedForm = z.strictObject({
  version: z.literal('https://jsonfeed.org/version/1.1'),
  title: words,
  description: z.string().optional(),
  home_page_url: uri,
  feed_url: uri,
  next_url: uri.optional(),
  language: z.string().regex(/^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/),
  authors: z.array(feedAuthor).min(1).optional(),
  items: z.array(
    z.strictObject({
      id: uri,
      url: uri,
      title: words,
      content_html: z.string(),
      summary: words.optional(),
      image: uri.optional(),
      date_published: time,
      date_modified: time,
      authors: z.array(feedAuthor).min(1).optional(),
      tags: z.array(words).min(1).optional(),
      attachments: z
        .array(z.strictObject({ url: uri, mime_type: z.string().regex(/^[\w.+-]+\/[\w.+-]+/), title: words.optional() }))
        .optional(),
      _pressbox: extension,
    }),
  ),
  _pressbox: extension,
});

/** The published schema, and the schema above, which is stricter: every field that Pressbox always sends is required. */
export const jsonFeedForms = [z.fromJSONSchema(createRequire(import.meta.url)('jsonfeed-schema')), jsonFeedForm];

export function formFaults(form: z.ZodType, value: unknown): string[] {
  return (form.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

// ---- ninjs 3.1. All its properties are in one list, except two of associations

const valued = z.strictObject({ role: z.string().optional(), contentType: z.string().optional(), value: z.string() });
const concept = z.strictObject({
  name: words.optional(),
  rel: z.string().optional(),
  uri: uri.optional(),
  literal: z.string().optional(),
});

const newsObject = {
  uri,
  type: z.enum(['text', 'audio', 'video', 'picture', 'graphic', 'composite', 'component', 'event', 'planning']).optional(),
  representationType: z.enum(['full', 'partial']).optional(),
  profile: z.string().optional(),
  version: z.string().optional(),
  firstCreated: time.optional(),
  versionCreated: time.optional(),
  pubStatus: z.enum(['usable', 'withheld', 'canceled']).optional(),
  edNote: z.string().optional(),
  language: z.string().optional(),
  title: z.string().optional(),
  by: z.string().optional(),
  slugline: z.string().optional(),
  headlines: z.array(valued).optional(),
  bodies: z.array(valued).optional(),
  descriptions: z.array(valued).optional(),
  people: z.array(concept).optional(),
  subjects: z.array(concept).optional(),
  genres: z.array(concept.omit({ rel: true })).optional(),
  infoSources: z.array(concept.omit({ rel: true }).extend({ role: z.string().optional() })).optional(),
  altIds: z.array(z.strictObject({ role: z.string().optional(), value: z.string().optional() })).optional(),
  renditions: z
    .array(
      z.strictObject({
        name: words,
        href: uri.optional(),
        contentType: z.string().optional(),
        title: z.string().optional(),
        width: z.int().optional(),
        height: z.int().optional(),
      }),
    )
    .optional(),
  standard: z.strictObject({ name: z.string(), version: z.string(), schema: uri }).optional(),
};

const association: z.ZodType = z.strictObject({
  ...newsObject,
  name: words,
  rel: z.string().optional(),
  get associations() {
    return z.array(association).optional();
  },
});

export const ninjsForm = z.strictObject({ ...newsObject, associations: z.array(association).optional() });
