import { z } from 'zod';
import { isUri } from './atom.ts';

/**
 * What JSON Feed 1.1, ninjs 3.1 and schema.org say that may stand where, for as much of them as our feeds use. Strict: a name that is not
 * theirs is a fault.
 */

const uri = z.string().refine(isUri, 'must be a URI');
const time = z.iso.datetime({ offset: true });
const words = z.string().refine((text) => text.trim() !== '', 'must say something');
const extension = z.record(z.string().regex(/^[^.]*$/), z.unknown());

// ---- JSON Feed 1.1

const feedAuthor = z.strictObject({ name: words, url: uri.optional(), avatar: uri.optional() });

export const jsonFeedForm = z.strictObject({
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

// ---- ninjs 3.1, whose properties all stand in one list but for two of associations

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

// ---- schema.org: of each type that we use, which properties it has and what they may be. A type has those of the one it is a kind of.

type Range = readonly string[];
interface Type {
  kindOf?: string;
  properties: Record<string, Range>;
}

export const schemaOrg: Record<string, Type> = {
  Thing: {
    properties: {
      name: ['Text'],
      description: ['Text', 'TextObject'],
      url: ['URL'],
      mainEntityOfPage: ['CreativeWork', 'URL'],
      image: ['ImageObject', 'URL'],
    },
  },
  CreativeWork: {
    kindOf: 'Thing',
    properties: {
      headline: ['Text'],
      text: ['Text'],
      author: ['Organization', 'Person'],
      publisher: ['Organization', 'Person'],
      inLanguage: ['Language', 'Text'],
      isAccessibleForFree: ['Boolean'],
      dateCreated: ['Date', 'DateTime'],
      datePublished: ['Date', 'DateTime'],
      dateModified: ['Date', 'DateTime'],
      correction: ['CorrectionComment', 'Text', 'URL'],
      citation: ['CreativeWork', 'Text'],
      creativeWorkStatus: ['DefinedTerm', 'Text'],
      creditText: ['Text'],
      encodingFormat: ['Text', 'URL'],
      thumbnailUrl: ['URL'],
      video: ['Clip', 'VideoObject'],
    },
  },
  Article: { kindOf: 'CreativeWork', properties: { articleBody: ['Text'], articleSection: ['Text'] } },
  SocialMediaPosting: { kindOf: 'Article', properties: {} },
  BlogPosting: { kindOf: 'SocialMediaPosting', properties: {} },
  LiveBlogPosting: {
    kindOf: 'BlogPosting',
    properties: { coverageStartTime: ['DateTime'], coverageEndTime: ['DateTime'], liveBlogUpdate: ['BlogPosting'] },
  },
  Comment: { kindOf: 'CreativeWork', properties: {} },
  CorrectionComment: { kindOf: 'Comment', properties: {} },
  WebPage: { kindOf: 'CreativeWork', properties: {} },
  MediaObject: {
    kindOf: 'CreativeWork',
    properties: {
      contentUrl: ['URL'],
      uploadDate: ['Date', 'DateTime'],
      width: ['Distance', 'QuantitativeValue'],
      height: ['Distance', 'QuantitativeValue'],
    },
  },
  ImageObject: { kindOf: 'MediaObject', properties: { caption: ['MediaObject', 'Text'] } },
  VideoObject: { kindOf: 'MediaObject', properties: { caption: ['MediaObject', 'Text'] } },
  Person: { kindOf: 'Thing', properties: { jobTitle: ['DefinedTerm', 'Text'] } },
  Organization: { kindOf: 'Thing', properties: {} },
  QuantitativeValue: { kindOf: 'Thing', properties: { value: ['Boolean', 'Number', 'Text'], unitCode: ['Text', 'URL'] } },
};

/** What those who read such data will not do without. */
const required: Record<string, readonly string[]> = {
  LiveBlogPosting: [
    'headline',
    'url',
    'datePublished',
    'dateModified',
    'coverageStartTime',
    'author',
    'publisher',
    'liveBlogUpdate',
  ],
  BlogPosting: ['headline', 'url', 'datePublished', 'dateModified', 'author'],
  CorrectionComment: ['text', 'dateCreated'],
  ImageObject: ['contentUrl'],
  VideoObject: ['name', 'contentUrl', 'uploadDate'],
  Person: ['name'],
  Organization: ['name'],
};

export function schemaOrgFaults(value: unknown, where = ''): string[] {
  if (typeof value !== 'object' || value === null) return [`${where} is no thing`];
  const thing = value as Record<string, unknown>;
  const type = String(thing['@type']);
  if (schemaOrg[type] === undefined) return [`${where} is a ${type}`];
  const known = propertiesOf(type);
  const missing = (required[type] ?? [])
    .filter((name) => thing[name] === undefined)
    .map((name) => `${where}: a ${type} lacks ${name}`);
  const wrong = Object.entries(thing).flatMap(([name, given]) => {
    if (name === '@type' || name === '@context') return [];
    if (name === '@id') return isUri(String(given)) ? [] : [`${where} has the id ${given}`];
    const range = known[name];
    if (range === undefined) return [`${where}: a ${type} has no ${name}`];
    return (Array.isArray(given) ? given : [given]).flatMap((one, at) =>
      valueFaults(one, range, `${where}/${name}${Array.isArray(given) ? at : ''}`),
    );
  });
  return [...missing, ...wrong];
}

function valueFaults(value: unknown, range: Range, where: string): string[] {
  if (typeof value === 'object' && value !== null) {
    const type = String((value as Record<string, unknown>)['@type']);
    return range.some((one) => linesOf(type).includes(one)) ? schemaOrgFaults(value, where) : [`${where} is a ${type}`];
  }
  const fits = {
    Text: typeof value === 'string' && value !== '',
    URL: typeof value === 'string' && isUri(value),
    DateTime: time.safeParse(value).success,
    Boolean: typeof value === 'boolean',
    Number: typeof value === 'number',
  };
  return range.some((one) => fits[one as keyof typeof fits]) ? [] : [`${where} is ${JSON.stringify(value)}`];
}

/** A type, and what it is a kind of. */
function linesOf(type: string): string[] {
  const { kindOf } = schemaOrg[type] ?? {};
  return kindOf === undefined ? [type] : [type, ...linesOf(kindOf)];
}

function propertiesOf(type: string): Record<string, Range> {
  return Object.assign({}, ...linesOf(type).map((one) => schemaOrg[one]?.properties ?? {}));
}
