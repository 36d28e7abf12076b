import { z } from 'zod';
import { idempotencyKeyForm, idempotencyKeyPattern } from './client-limits.ts';
import {
  channelIdSchema,
  httpsUrl,
  languageTag,
  line,
  mediaSchema,
  notBlank,
  notEmpty,
  personSchema,
  pictureSchema,
  postIdSchema,
  sourceSchema,
  text,
  time,
  timezoneName,
  words,
} from './field-schemas.ts';
import type { PostFields } from './model.ts';
import * as model from './model.ts';
import { mediaIdPattern } from './uploaded-media.ts';
import { limits } from './wire-limits.ts';

/**
 * The zod schemas of everything on the wire. This file has what clients send: these schemas are strict and refuse unknown fields. `wire-messages.ts`
 * has what the server sends, and `field-schemas.ts` the values that both use.
 */

export {
  audioFileSchema,
  channelIdSchema,
  embedSchema,
  focusSchema,
  mediaSchema,
  personSchema,
  pictureSchema,
  postIdSchema,
  renditionSchema,
  sourceSchema,
} from './field-schemas.ts';
export { fieldErrors, parse, placeOf } from './parse.ts';
export * from './wire-messages.ts';

// ---- What authors send

export const note = notEmpty(text(limits.noteCharacters));
const headline = words(limits.headlineCharacters);

/** The fields of a post that an author writes. */
export const postFields = {
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
    .refine((ids) => new Set(ids).size === ids.length, 'Must not list a post twice.'),
} satisfies { [F in keyof PostFields]: z.ZodType<PostFields[F]> };

export const newPostSchema = z.strictObject({ id: postIdSchema, ...postFields }).partial();
export const postChangesSchema = z.strictObject(postFields).partial();
export const revisionSchema = z.strictObject({
  kind: z.enum(model.revisionKinds),
  note: note.nullish(),
  changes: postChangesSchema,
  eraseEarlier: z.boolean().optional(),
  eraseNotes: z.array(z.int().min(1)).max(limits.historyChanges).optional(),
});
export const retractionSchema = z.strictObject({ note });
export const takedownSchema = z.strictObject({ note: note.nullish() });

/** The fields of a channel that an editor writes, apart from its state and its pinned post. */
export const channelFields = {
  headline,
  standfirst: text(limits.standfirstCharacters).nullable(),
  section: words(limits.sectionCharacters).nullable(),
  byline: z.array(personSchema).max(limits.channelByline),
  picture: pictureSchema.nullable(),
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
export const channelChangeSchema = z.strictObject({ kind: z.enum(model.revisionKinds), note: note.nullish() });
export const channelPatchSchema = z
  .strictObject({
    ...channelFields,
    state: z.enum(model.channelStates),
    pinnedPostId: postIdSchema.nullable(),
    change: channelChangeSchema,
  })
  .partial();

export type NewPost = z.infer<typeof newPostSchema>;
export type Revision = z.infer<typeof revisionSchema>;
export type NewChannel = z.infer<typeof newChannelSchema>;
export type ChannelPatch = z.infer<typeof channelPatchSchema>;

// ---- Queries of readers. Unknown parameters are ignored.

const integer = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/, 'Must be a whole number of at least 0.')
  .transform(Number)
  .refine(Number.isSafeInteger, 'Must be a safe integer.')
  // For the API documents: the type of the value, not of its text.
  .meta({ type: 'integer', minimum: 0 });
const limitUpTo = (most: number, otherwise: number) =>
  integer
    .refine((value) => value >= 1 && value <= most, `Must be from 1 to ${most}.`)
    .meta({ minimum: 1, maximum: most, default: otherwise })
    .optional()
    .transform((value) => value ?? otherwise);
const pageLimit = limitUpTo(limits.pageMost, limits.pageDefault);

export const mediaQuerySchema = z
  .object({
    limit: pageLimit,
    page: z.string().regex(mediaIdPattern, 'Must be the `next` of an earlier page.').optional(),
  })
  .strict();

export const channelsQuerySchema = z
  .object({
    state: z.enum(model.channelStates).optional(),
    order: z.enum(model.channelOrders).optional(),
    limit: pageLimit,
    page: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,200}$/, 'Must be the `next` of an earlier page.')
      .optional(),
  })
  .refine(({ order, state }) => order === undefined || state !== undefined, {
    path: ['state'],
    message: 'Must be given with `order`: each state has its own order by activity.',
  });
/** Other values are ignored, so that a scrape never fails. */
export const metricsQuerySchema = z.object({ limits: z.enum(['1']).optional() });
export const snapshotQuerySchema = z.object({ limit: pageLimit });
export const eventsQuerySchema = z.object({
  after: z.string().optional(),
  limit: limitUpTo(limits.catchUpMost, limits.catchUpDefault),
  wait: integer
    .refine((value) => value <= limits.waitSeconds, `Must be from 0 to ${limits.waitSeconds}.`)
    .meta({ maximum: limits.waitSeconds })
    .optional(),
  posts: pageLimit,
});
export const deletionQuerySchema = z.object({ at: z.string().optional() });
export const streamQuerySchema = z.object({ after: z.string().optional(), posts: pageLimit });
/** Both bounds are exclusive and can be combined. */
export const postsQuerySchema = z.object({
  before: integer.optional(),
  after: integer.optional(),
  kind: z.enum(model.postKinds).optional(),
  keyEvent: z
    .enum(['true', 'false'])
    .meta({ type: 'boolean' })
    .transform((value) => value === 'true')
    .optional(),
  // Older posts can have a source with an invisible name.
  source: notBlank(line(limits.textCharacters)).optional(),
  limit: pageLimit,
});
/** For the page of a channel. `corrections` leads to the page of corrections. */
export const livePageQuerySchema = z.object({
  ...postsQuerySchema.shape,
  filter: z.enum(['key-events', 'summaries', 'corrections']).optional(),
  order: z.enum(['oldest']).optional(),
});
/** A page of a feed. The server writes `told` into the address of the next page. */
export const feedQuerySchema = z.object({
  ...postsQuerySchema.shape,
  limit: limitUpTo(limits.pageMost, limits.feedPageDefault),
  told: z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,14})-(?:0|[1-9][0-9]{0,14})$/, 'Must be a value from the address of a next page.')
    .transform((value) => {
      const [from, to] = value.split('-').map(Number) as [number, number];
      return { from, to };
    })
    .optional(),
});
/** The attributes of the embedded element that the URL of a frame can set. */
export const embedQuerySchema = z.object({
  theme: z.enum(['light', 'dark', 'auto']).optional(),
  lang: z.string().max(limits.textCharacters).optional(),
  times: z.enum(['coverage', 'own', 'ago']).optional(),
  view: z.enum(['corrections']).optional(),
  limit: pageLimit,
});
/** The attributes of the element in a fragment. */
export const fragmentQuerySchema = embedQuerySchema.omit({ view: true }).extend({
  every: integer
    .refine((value) => value >= 1, 'Must be at least 1.')
    .meta({ minimum: 1 })
    .optional(),
});
/** oEmbed 1.0, section 2.2. */
export const oembedQuerySchema = z.object({
  url: z.string().max(limits.urlCharacters),
  maxwidth: integer.optional(),
  maxheight: integer.optional(),
  format: z
    .string()
    .max(limits.textCharacters)
    .optional()
    .transform((value) => value ?? 'json'),
});
export const revisionsQuerySchema = z.object({
  after: integer.optional().transform((value) => value ?? 0),
  limit: pageLimit,
});
/** For the page of a post's earlier versions. */
export const versionsQuerySchema = z.object({ before: integer.optional() });
/** For the page of a channel's corrections. */
export const correctionsPageQuerySchema = z.object({ before: integer.optional() });
export const correctionsQuerySchema = z.object({ before: integer.optional(), limit: pageLimit });
/** A page of the feed of corrections. */
export const correctionsFeedQuerySchema = z.object({
  before: integer.optional(),
  limit: limitUpTo(limits.pageMost, limits.feedPageDefault),
});
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

/** The claims of a token that Pressbox reads. RFC 7519 defines the registered ones. Other claims are ignored. */
const patterns = z
  .array(z.string().regex(/^(?:\*|[a-z0-9][a-z0-9-]{0,95}\*?)$/, 'Must be a channel id, a prefix that ends in *, or *.'))
  .max(limits.grantedChannels);
export const claimsSchema = z.object({
  // The byline if there is no name.
  sub: words(limits.textCharacters),
  // A revocation stores it, so it must survive encoding unchanged.
  jti: z
    .string()
    .min(1)
    .max(limits.textCharacters)
    .refine((value) => value.isWellFormed(), 'Must be well-formed Unicode.'),
  iat: z.number(),
  exp: z.number(),
  name: words(limits.textCharacters).optional(),
  pressbox: z.strictObject({ reader: patterns, author: patterns, editor: patterns, admin: z.boolean() }).partial().optional(),
});

/** The claims of a session beyond those of its token. Sessions of older servers have no `sid`. */
export const sessionClaimsSchema = z.object({
  sid: z.uuid().optional(),
  kid: z.string().min(1).optional(),
  iss: z.string().optional(),
  used: z.number().optional(),
});

/** The claims of the code of a sign-in link beyond those of a token. */
export const linkClaimsSchema = claimsSchema.pick({ iat: true, exp: true }).extend({ sessionSeconds: z.int().min(1) });

/** A revocation. `expiresAt` is that of the token. Without it the token is refused forever. */
export const revocationSchema = z.strictObject({ jti: claimsSchema.shape.jti, expiresAt: time.nullish() });

/** Forms as browsers send them. Other fields are ignored. */
export const signInFormSchema = z.object({ token: z.string().optional(), to: z.string().optional() });
export const signOutFormSchema = signInFormSchema.pick({ to: true });

export const idempotencyKeySchema = z.string().regex(idempotencyKeyPattern, `Must be ${idempotencyKeyForm}.`);
