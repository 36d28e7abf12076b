import { z } from 'zod';
import { parseCursor } from './cursor.ts';
import { channelIdSchema, mediaSchema, personSchema, pictureSchema, postIdSchema, sourceSchema } from './field-schemas.ts';
import * as model from './model.ts';
import { type Imported, problems } from './problems.ts';
import { mediaIdPattern } from './uploaded-media.ts';
import { limits } from './wire-limits.ts';

/** The schemas of everything the server sends, for tests and for the API documents. */

export const sentTime = z.iso.datetime({
  precision: 3,
  error: 'Must be an RFC 3339 time in UTC with milliseconds, such as 2026-11-24T12:00:00.000Z.',
});

export const changeSchema = z.strictObject({
  revision: z.int().min(1),
  kind: z.enum(model.changeKinds),
  note: z.string().nullable(),
  at: sentTime,
});
export const authorChangeSchema = changeSchema.extend({ by: z.string() });

export const channelSchema = z.strictObject({
  id: channelIdSchema,
  state: z.enum(model.channelStates),
  headline: z.string(),
  standfirst: z.string().nullable(),
  section: z.string().nullable(),
  byline: z.array(personSchema),
  picture: pictureSchema.nullable(),
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
} satisfies { [F in Exclude<keyof model.ReaderPost, 'history'>]: z.ZodType<model.ReaderPost[F]> };
export const readerPostSchema = z.strictObject({
  ...sentPostFields,
  history: z.array(changeSchema).max(limits.historyChanges),
}) satisfies z.ZodType<model.ReaderPost>;
export const authorPostSchema = z.strictObject({
  ...sentPostFields,
  history: z.array(authorChangeSchema).max(limits.historyChanges),
  body: z.string(),
  publishedBy: z.string(),
  ownerKey: z.string().exactOptional(),
}) satisfies z.ZodType<model.AuthorPost>;

export const cursorSchema = z
  .string()
  .max(limits.cursorCharacters)
  .refine((value) => parseCursor(value) !== undefined);
const count = z.int().min(0);
export const countsSchema = z.strictObject({
  posts: count,
  keyEvents: count,
  corrections: count,
}) satisfies z.ZodType<model.Counts>;
const eventFacts = {
  channelId: channelIdSchema,
  from: z.int().min(1),
  offset: z.int().min(1),
  cursor: cursorSchema,
  at: sentTime,
  counts: countsSchema.exactOptional(),
};
/** The schemas of events, by the subject of the event. */
export const eventSchemas = {
  post: z.strictObject({ ...eventFacts, type: eventTypeSchema('post'), post: readerPostSchema }),
  channel: z.strictObject({ ...eventFacts, type: eventTypeSchema('channel'), channel: channelSchema }),
} satisfies { [Subject in model.EventSubject]: z.ZodType<model.EventsAbout[Subject]> };
export const eventSchema = z.union(Object.values(eventSchemas)) satisfies z.ZodType<model.Event>;

function eventTypeSchema<Subject extends model.EventSubject>(subject: Subject) {
  const about = model.eventTypes.filter((type) => model.subjectOf(type) === subject);
  return z.literal(about as model.EventTypeOf<Subject>[]);
}

export const keyEventSchema = z.strictObject({
  id: postIdSchema,
  seq: z.int().min(1),
  headline: z.string(),
  publishedAt: sentTime,
}) satisfies z.ZodType<model.KeyEvent>;
export const snapshotSchema = z.strictObject({
  channel: channelSchema,
  cursor: cursorSchema,
  counts: countsSchema,
  posts: z.array(readerPostSchema),
  pinned: readerPostSchema.nullable(),
  summary: readerPostSchema.nullable(),
  keyEvents: z.array(keyEventSchema).max(limits.snapshotKeyEvents),
  more: z.boolean(),
}) satisfies z.ZodType<model.Snapshot>;
export const coversSchema = z.strictObject({ after: z.int().min(0), to: z.int().min(0) });
const catchUpFacts = {
  covers: coversSchema,
  cursor: cursorSchema,
  counts: countsSchema.exactOptional(),
  more: z.boolean(),
};
export const catchUpSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('replay'), reset: z.literal(false), ...catchUpFacts, events: z.array(eventSchema) }),
  z.strictObject({ mode: z.literal('snapshot'), reset: z.boolean(), ...catchUpFacts, snapshot: snapshotSchema }),
]) satisfies z.ZodType<model.CatchUp>;

export const owedErasureSchema = z.strictObject({ where: z.string(), why: z.string() });
export const erasureSchema = z.strictObject({
  complete: z.boolean(),
  pending: z.array(owedErasureSchema),
  cachedSeconds: z.int().min(1).exactOptional(),
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
  erases: z.int().optional(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  check: z.string().regex(/^[0-9a-f]{40}$/),
}) satisfies z.ZodType<model.JournalLine>;
export const fieldErrorSchema = z.strictObject({ path: z.string(), message: z.string() });
export const importConflictSchema = z.strictObject({
  line: z.int().min(1),
  channelId: channelIdSchema,
  postId: postIdSchema.nullable(),
  revision: z.int().min(1),
  why: z.string(),
});
export const importedSchema = z.strictObject({
  channels: count,
  posts: count,
  revisions: count,
  skipped: count,
  withheld: count,
  conflicting: count,
  conflicts: z.array(importConflictSchema),
  sameHistory: z.boolean(),
}) satisfies z.ZodType<Imported>;
export const problemSchema = z.strictObject({
  type: z.string(),
  code: z.enum(Object.keys(problems) as [keyof typeof problems, ...(keyof typeof problems)[]]),
  status: z.int(),
  title: z.string(),
  detail: z.string().optional(),
  errors: z.array(fieldErrorSchema).optional(),
  current: z.unknown().optional(),
  outcome: z.enum(['unchanged', 'unknown']).optional(),
  line: z.int().min(1).optional(),
  imported: importedSchema.optional(),
  retryAfter: z.number().optional(),
});

// ---- Answers over HTTP

export const channelListSchema = z.strictObject({
  channels: z.array(listedChannelSchema),
  next: z.string().nullable(),
  complete: z.literal(false).optional(),
});
const written = { cursor: cursorSchema, offset: z.int().min(1) };
export const channelAnswerSchema = z.strictObject({ channel: channelSchema, ...written });
export const postAnswerSchema = z.strictObject({ post: authorPostSchema, ...written });
export const derivedPostSchema = z.strictObject({
  id: postIdSchema,
  kind: z.enum(model.postKinds),
  headline: z.string().nullable(),
});
export const revisionAnswerSchema = postAnswerSchema.extend({
  derived: z.array(derivedPostSchema),
  erasure: erasureSchema.optional(),
});
export const mediaIdSchema = z.string().regex(mediaIdPattern);
export const fileNameSchema = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/);
export const bytesSchema = z.string().meta({ format: 'binary' });
export const mediaFileSchema = z.strictObject({
  url: z.string(),
  width: z.int().min(1).nullable(),
  mimeType: z.string(),
  bytes: z.int().min(1),
});
export const uploadedMediaSchema = z.strictObject({
  id: mediaIdSchema,
  type: z.enum(['image', 'video', 'audio']),
  url: z.string(),
  mimeType: z.string(),
  width: z.int().min(1).nullable(),
  height: z.int().min(1).nullable(),
  durationSeconds: z.number().nullable(),
  bytes: z.int().min(1),
  uploadedAt: sentTime,
  files: z.array(mediaFileSchema),
}) satisfies z.ZodType<model.UploadedMedia>;
export const uploadAnswerSchema = z.strictObject({ media: uploadedMediaSchema });
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
export const storedFileSchema = mediaFileSchema.extend({ name: fileNameSchema, sha256: sha256Schema.nullable() });
export const storedMediaSchema = uploadedMediaSchema.extend({
  by: z.string(),
  isUsed: z.boolean(),
  files: z.array(storedFileSchema),
}) satisfies z.ZodType<model.StoredUpload>;
export const mediaListSchema = z.strictObject({ media: z.array(storedMediaSchema), next: mediaIdSchema.nullable() });
export const deletionAnswerSchema = z.strictObject({ erasure: erasureSchema });
/** Over HTTP, authors of the channel get the author's view and everyone else the reader's view. */
export const seenPostSchema = z.union([authorPostSchema, readerPostSchema]);
export const postPageSchema = z.strictObject({ posts: z.array(seenPostSchema), cursor: cursorSchema, more: z.boolean() });
export const revisionPageSchema = z.strictObject({ revisions: z.array(seenPostSchema), more: z.boolean() });
export const correctionPageSchema = z.strictObject({
  corrections: z.array(correctionSchema),
  cursor: cursorSchema,
  more: z.boolean(),
});
export const serverEntrySchema = z.strictObject({
  offset: z.int().min(1),
  type: z.enum(model.serverEntryTypes),
  subject: z.string().nullable(),
  detail: z.string().nullable(),
  at: sentTime,
  by: z.string(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  check: z.string().regex(/^[0-9a-f]{40}$/),
  stands: z.boolean().optional(),
}) satisfies z.ZodType<model.ServerEntry>;
export const serverJournalPageSchema = z.strictObject({
  root: z.string(),
  entries: z.array(serverEntrySchema),
  more: z.boolean(),
});
export const journalPageSchema = z.strictObject({ entries: z.array(journalLineSchema), more: z.boolean() });
export const revocationAnswerSchema = z.strictObject({ jti: z.string(), until: sentTime.nullable() });
export const rightsSchema = z.strictObject({
  reader: z.array(z.string()),
  author: z.array(z.string()),
  editor: z.array(z.string()),
  admin: z.boolean(),
});
export const sessionSchema = z.strictObject({
  sub: z.string(),
  name: z.string(),
  ownerKey: z.string(),
  rights: rightsSchema,
  expiresAt: sentTime,
  idleSeconds: z.int().min(1).optional(),
});
export const sessionAnswerSchema = z.strictObject({ session: sessionSchema.nullable() });
export const healthSchema = z.strictObject({
  status: z.enum(['alive', 'starting', 'ready', 'degraded', 'draining']),
  reason: z.string().optional(),
  since: sentTime.optional(),
  unsafe: z.array(z.string()).optional(),
  otherSecrets: z.array(z.string()).optional(),
  unconfirmedMaster: z.string().optional(),
});

// ---- Messages over the socket

const acknowledged = { ok: z.literal(true) };
const [replay, snapshot] = catchUpSchema.options;
export const refusedAnswerSchema = z.strictObject({ ok: z.literal(false), problem: problemSchema });
export const subscribedReplaySchema = replay.extend(acknowledged);
export const subscribedSnapshotSchema = snapshot.extend(acknowledged);
export const unsubscribedAnswerSchema = z.strictObject(acknowledged);
export const storeSchema = z.strictObject({ reachable: z.boolean(), since: sentTime });
export const unsubscribedSchema = z.strictObject({
  channelId: channelIdSchema,
  reason: z.enum(model.endedReasons),
});
/** Keeps a stream alive. */
export const pingSchema = z.strictObject({});
export const drainSchema = z.strictObject({ withinMs: z.int().min(0) });
