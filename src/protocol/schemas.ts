import { z } from 'zod';
import { parseCursor } from './cursor.ts';
import { limits } from './limits.ts';
import * as model from './model.ts';
import { problems } from './problems.ts';

/**
 * The zod schemas of everything on the wire. What clients send is strict: an unknown field is refused. What we send is described,
 * for tests and for the generated documents.
 */

export { fieldErrors, parse } from './parse.ts';

// ---- Plain values

const surrogate = /\p{Surrogate}/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const lineControl = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const textControl = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u;

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Text of several lines, kept character by character. */
function text(most: number) {
  return z
    .string()
    .refine(
      (value) => value.length <= most || characters(value) <= most,
      `Must have at most ${most.toLocaleString('en')} characters.`,
    )
    .refine((value) => !surrogate.test(value), 'Must be well-formed Unicode.')
    .refine((value) => !textControl.test(value), 'Must not hold control characters other than line breaks and tabs.');
}

/** Text of one line. */
function line(most: number) {
  return text(most).refine((value) => !lineControl.test(value), 'Must be one line, without control characters.');
}

/** Text of one line that says something. */
function words(most: number) {
  return line(most).refine((value) => value.trim() !== '', 'Must not be empty.');
}

function url(...schemes: string[]) {
  return line(limits.urlCharacters).refine(
    (value) => {
      // `https:a` parses as well, but on a page it is relative.
      if (/\s/u.test(value) || !/^[a-z]+:\/\/[^/\\]/i.test(value)) return false;
      const parsed = URL.parse(value);
      return parsed !== null && schemes.includes(parsed.protocol) && parsed.hostname !== '';
    },
    `Must be a whole URL that begins with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}.`,
  );
}

const httpsUrl = url('https:');
const webUrl = url('https:', 'http:');
const pixels = z.int().min(1).max(100_000);

export const channelIdSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,94}[a-z0-9])?$/,
    'Must be 1 to 96 lower-case letters, digits and hyphens, without a hyphen at either end.',
  );
export const postIdSchema = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'Must be a UUIDv7 in lower case.');
const time = z.iso
  .datetime({ offset: true, error: 'Must be an RFC 3339 time such as 2026-11-24T12:00:00Z.' })
  .refine((value) => !Number.isNaN(Date.parse(value)), 'Must be a time that exists.')
  .transform((value) => new Date(value).toISOString());
const sentTime = z.iso.datetime({ precision: 3 });
const languageTag = line(limits.textCharacters).refine((value) => {
  try {
    return Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}, 'Must be a BCP 47 language tag such as en or de-AT.');
const timezoneName = line(limits.textCharacters).refine((value) => {
  try {
    // An offset such as +02:00 is taken by Intl, but is no IANA name.
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
/** RFC 9110, 8.3.1, in ASCII and without the empty parameters that it lets be. */
const mediaType = new RegExp(`^${token}/${token}(?:[\\t ]*;[\\t ]*${token}=(?:${token}|${quoted}))*$`);

export const mediaSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('image'),
    url: httpsUrl,
    alt: line(limits.altCharacters),
    caption: text(limits.captionCharacters).optional(),
    credit: words(limits.textCharacters).optional(),
    width: pixels.optional(),
    height: pixels.optional(),
  }),
  z.strictObject({
    type: z.literal('video'),
    url: httpsUrl,
    mimeType: z
      .string()
      .max(limits.textCharacters)
      .regex(mediaType, 'Must be a media type such as video/mp4, or video/mp4; codecs="avc1".')
      .optional(),
    poster: httpsUrl.optional(),
    captions: httpsUrl.optional(),
    caption: text(limits.captionCharacters).optional(),
    width: pixels.optional(),
    height: pixels.optional(),
  }),
  z.strictObject({
    type: z.literal('link'),
    url: httpsUrl,
    title: words(limits.textCharacters),
    source: words(limits.textCharacters).optional(),
    image: httpsUrl.optional(),
    description: line(limits.textCharacters).optional(),
  }),
]) satisfies z.ZodType<model.Media>;

// ---- What authors send

const note = text(limits.noteCharacters).refine((value) => value.trim() !== '', 'Must not be empty.');
const headline = words(limits.headlineCharacters);

/** The fields of a post that an author writes. */
const postFields = {
  kind: z.enum(model.postKinds),
  keyEvent: z.boolean(),
  headline: headline.nullable(),
  body: text(limits.bodyCharacters),
  media: z.array(mediaSchema).max(limits.postMedia),
  authors: z.array(personSchema).min(1).max(limits.postAuthors),
  sources: z.array(sourceSchema).max(limits.postSources),
  verification: z.enum(model.verifications).nullable(),
  developing: z.boolean(),
  derivedFrom: z
    .array(postIdSchema)
    .max(limits.postDerivedFrom)
    .refine((ids) => new Set(ids).size === ids.length, 'Must not name a post twice.'),
};

export const newPostSchema = z.strictObject({ id: postIdSchema, ...postFields }).partial();
export const revisionSchema = z.strictObject({
  kind: z.enum(model.revisionKinds),
  note: note.nullish(),
  changes: z.strictObject(postFields).partial(),
  eraseEarlier: z.boolean().optional(),
});
export const retractionSchema = z.strictObject({ note });
export const takedownSchema = z.strictObject({ note: note.nullish() });

const channelFields = {
  headline,
  standfirst: text(limits.standfirstCharacters).nullable(),
  section: words(limits.sectionCharacters).nullable(),
  byline: z.array(personSchema).max(limits.channelByline),
  language: languageTag,
  timezone: timezoneName,
  access: z.enum(model.accesses),
  url: httpsUrl.nullable(),
  startsAt: time.nullable(),
};

export const newChannelSchema = z.strictObject({
  id: channelIdSchema.optional(),
  state: z.enum(['scheduled', 'live']).optional(),
  ...z.object(channelFields).partial().shape,
  headline,
});
export const channelPatchSchema = z
  .strictObject({
    ...channelFields,
    state: z.enum(model.channelStates),
    pinnedPostId: postIdSchema.nullable(),
    change: z.strictObject({ kind: z.enum(model.revisionKinds), note: note.nullish() }),
  })
  .partial();

export type NewPost = z.infer<typeof newPostSchema>;
export type Revision = z.infer<typeof revisionSchema>;
export type NewChannel = z.infer<typeof newChannelSchema>;
export type ChannelPatch = z.infer<typeof channelPatchSchema>;

// ---- What readers ask. A parameter that is not known is let be.

const integer = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/, 'Must be a whole number from 0.')
  .transform(Number)
  .refine(Number.isSafeInteger, 'Must be a number that can be counted to.');
const limitUpTo = (most: number) =>
  integer.refine((value) => value >= 1 && value <= most, `Must be from 1 to ${most}.`).optional();
const pageLimit = limitUpTo(limits.pageMost).transform((value) => value ?? limits.pageDefault);

export const channelsQuerySchema = z.object({
  state: z.enum(model.channelStates).optional(),
  limit: pageLimit,
  page: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,200}$/, 'Must be the `next` of an earlier page.')
    .optional(),
});
export const snapshotQuerySchema = z.object({ limit: pageLimit });
export const eventsQuerySchema = z.object({
  after: z.string().optional(),
  limit: limitUpTo(limits.catchUpMost).transform((value) => value ?? limits.catchUpDefault),
});
/** Both bounds are exclusive, and may be given together. */
export const postsQuerySchema = z.object({
  before: integer.optional(),
  after: integer.optional(),
  kind: z.enum(model.postKinds).optional(),
  keyEvent: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  source: words(limits.textCharacters).optional(),
  limit: pageLimit,
});
export const revisionsQuerySchema = z.object({
  after: integer.optional().transform((value) => value ?? 0),
  limit: pageLimit,
});
export const correctionsQuerySchema = z.object({ before: integer.optional(), limit: pageLimit });
export const journalQuerySchema = z.object({
  from: integer.optional().transform((value) => value ?? 1),
  limit: pageLimit,
});

export const subscribeSchema = z.strictObject({
  channelId: channelIdSchema,
  after: z.string().nullish(),
  limit: z.int().min(1).max(limits.pageMost).optional(),
});
export const unsubscribeSchema = z.strictObject({ channelId: channelIdSchema });

/** The claims of a token that Pressbox looks at (RFC 7519 for the registered ones). Others are let be. */
const patterns = z
  .array(z.string().regex(/^(?:\*|[a-z0-9][a-z0-9-]{0,95}\*?)$/, 'Must be a channel id, a prefix ending in *, or *.'))
  .max(1_000);
export const claimsSchema = z.object({
  // Printed as the byline where there is no name.
  sub: words(limits.textCharacters),
  jti: z.string().min(1).max(limits.textCharacters),
  iat: z.number(),
  exp: z.number(),
  name: words(limits.textCharacters).optional(),
  pressbox: z.strictObject({ reader: patterns, author: patterns, editor: patterns, admin: z.boolean() }).partial().optional(),
});

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/, 'Must be 1 to 255 printable ASCII characters.');

// ---- What we send

const changeSchema = z.strictObject({
  revision: z.int().min(1),
  kind: z.enum(model.changeKinds),
  note: z.string().nullable(),
  at: sentTime,
});
const authorChangeSchema = changeSchema.extend({ by: z.string() });

export const channelSchema = z.strictObject({
  id: channelIdSchema,
  state: z.enum(model.channelStates),
  headline: z.string(),
  standfirst: z.string().nullable(),
  section: z.string().nullable(),
  byline: z.array(personSchema),
  language: z.string(),
  timezone: z.string(),
  access: z.enum(model.accesses),
  url: z.string().nullable(),
  pinnedPostId: postIdSchema.nullable(),
  startsAt: sentTime.nullable(),
  createdAt: sentTime,
  startedAt: sentTime.nullable(),
  endedAt: sentTime.nullable(),
  updatedAt: sentTime.nullable(),
  revision: z.int().min(1),
  history: z.array(changeSchema).max(limits.historyChanges),
}) satisfies z.ZodType<model.Channel>;
export const listedChannelSchema = channelSchema.extend({
  latestPostAt: sentTime.nullable(),
}) satisfies z.ZodType<model.ListedChannel>;

const sentPostFields = {
  id: postIdSchema,
  channelId: channelIdSchema,
  seq: z.int().min(1),
  kind: z.enum(model.postKinds),
  keyEvent: z.boolean(),
  headline: z.string().nullable(),
  html: z.string(),
  media: z.array(mediaSchema),
  authors: z.array(personSchema),
  sources: z.array(sourceSchema),
  verification: z.enum(model.verifications).nullable(),
  developing: z.boolean(),
  derivedFrom: z.array(postIdSchema),
  status: z.enum(['published', 'retracted', 'taken-down']),
  revision: z.int().min(1),
  publishedAt: sentTime,
  updatedAt: sentTime.nullable(),
};
export const readerPostSchema = z.strictObject({
  ...sentPostFields,
  history: z.array(changeSchema).max(limits.historyChanges),
}) satisfies z.ZodType<model.ReaderPost>;
export const authorPostSchema = z.strictObject({
  ...sentPostFields,
  history: z.array(authorChangeSchema).max(limits.historyChanges),
  body: z.string(),
  publishedBy: z.string(),
}) satisfies z.ZodType<model.AuthorPost>;

export const cursorSchema = z
  .string()
  .max(limits.cursorCharacters)
  .refine((value) => parseCursor(value) !== undefined);
const eventFacts = {
  channelId: channelIdSchema,
  from: z.int().min(1),
  offset: z.int().min(1),
  cursor: cursorSchema,
  at: sentTime,
};
export const eventSchema = z.union([
  z.strictObject({
    ...eventFacts,
    type: z.enum(['post.published', 'post.revised', 'post.retracted', 'post.taken-down']),
    post: readerPostSchema,
  }),
  z.strictObject({ ...eventFacts, type: z.literal('channel.changed'), channel: channelSchema }),
]) satisfies z.ZodType<model.Event>;

export const keyEventSchema = z.strictObject({
  id: postIdSchema,
  seq: z.int().min(1),
  headline: z.string(),
  publishedAt: sentTime,
}) satisfies z.ZodType<model.KeyEvent>;
export const snapshotSchema = z.strictObject({
  channel: channelSchema,
  cursor: cursorSchema,
  posts: z.array(readerPostSchema),
  pinned: readerPostSchema.nullable(),
  summary: readerPostSchema.nullable(),
  keyEvents: z.array(keyEventSchema).max(limits.snapshotKeyEvents),
  more: z.boolean(),
}) satisfies z.ZodType<model.Snapshot>;
const catchUpFacts = {
  covers: z.strictObject({ after: z.int().min(0), to: z.int().min(0) }),
  cursor: cursorSchema,
  more: z.boolean(),
};
export const catchUpSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('replay'), reset: z.literal(false), ...catchUpFacts, events: z.array(eventSchema) }),
  z.strictObject({ mode: z.literal('snapshot'), reset: z.boolean(), ...catchUpFacts, snapshot: snapshotSchema }),
]) satisfies z.ZodType<model.CatchUp>;

export const erasureSchema = z.strictObject({
  complete: z.boolean(),
  pending: z.array(z.strictObject({ where: z.string(), why: z.string() })),
}) satisfies z.ZodType<model.Erasure>;
export const correctionSchema = z.strictObject({
  offset: z.int().min(1),
  postId: postIdSchema.nullable(),
  headline: z.string().nullable(),
  revision: z.int().min(1),
  kind: z.enum(model.changeKinds),
  note: z.string().nullable(),
  at: sentTime,
}) satisfies z.ZodType<model.Correction>;
export const journalLineSchema = z.strictObject({
  offset: z.int().min(1),
  type: z.enum(model.eventTypes),
  postId: postIdSchema.nullable(),
  revision: z.int().min(1),
  kind: z.enum(model.changeKinds).nullable(),
  at: sentTime,
  by: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  check: z.string().regex(/^[0-9a-f]{40}$/),
}) satisfies z.ZodType<model.JournalLine>;
export const problemSchema = z.strictObject({
  type: z.string(),
  code: z.enum(Object.keys(problems) as [keyof typeof problems, ...(keyof typeof problems)[]]),
  status: z.int(),
  title: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  current: z.unknown().optional(),
  outcome: z.enum(['unchanged', 'unknown']).optional(),
  retryAfter: z.number().optional(),
});
