import { z } from 'zod';
import { type StoredChannel, withEveryChannelField } from './channel-fields.ts';
import { channelIdSchema, personSchema, postIdSchema, words } from './field-schemas.ts';
import type { PostFields } from './model.ts';
import * as model from './model.ts';
import { parse, parseJournalled } from './parse.ts';
import { isEmptied } from './post-fields.ts';
import { type FieldError, Refusal } from './problems.ts';
import { channelFields, note, postFields } from './schemas.ts';
import { isVisible } from './visible-text.ts';
import { limits } from './wire-limits.ts';
import { sentTime, sha256Schema } from './wire-messages.ts';

/**
 * The lines of an export and an import: one line for each entry of a channel's journal, in journal order. A line has what the entry
 * wrote. Its `revision` has the facts of the entry, and the values with which an import rebuilds the same hash chain. Lines made by
 * another system leave those values out, and start a new history.
 *
 * Erased text is not included. The line then has the hash of the text, and the ids and revision of the post.
 */

const hex = (characters: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${characters}}$`), `Must be ${characters} lower-case hexadecimal digits.`);

/** The facts about an entry, apart from the post or channel that it wrote. */
export const lineFactsSchema = z.strictObject({
  type: z.enum(model.eventTypes).optional(),
  kind: z.enum(model.changeKinds).nullish(),
  at: sentTime,
  /** The token `sub` of the person who did it. */
  by: words(limits.textCharacters),
  /** This entry erased the post's revisions up to this one. */
  erases: z.int().min(1).optional(),
  /** Set if `erases` is part of the hash chain. Left out in entries of versions whose chain does not include erasures. */
  chained: z.literal(true).optional(),
  salt: hex(32).optional(),
  /** The salted hash of the erased text. */
  content: hex(64).optional(),
  offset: z.int().min(1).optional(),
  check: hex(40).optional(),
  /** Only in the first entry: the start value of the chain. */
  root: hex(32).optional(),
});
export type LineFacts = z.infer<typeof lineFactsSchema>;

const author = words(limits.textCharacters);
export const writtenChangeSchema = z.strictObject({
  revision: z.int().min(1),
  kind: z.enum(model.changeKinds),
  note: note.nullable(),
  at: sentTime,
});

export const writtenAuthorChangeSchema = writtenChangeSchema.extend({ by: author });

export const writtenChannelSchema = z.strictObject({
  ...channelFields,
  picture: channelFields.picture.exactOptional(),
  id: channelIdSchema,
  state: z.enum(model.channelStates),
  pinnedPostId: postIdSchema.nullable(),
  startsAt: sentTime.nullable(),
  createdAt: sentTime,
  startedAt: sentTime.nullable(),
  endedAt: sentTime.nullable(),
  updatedAt: sentTime.nullable(),
  revision: z.int().min(1),
  history: z.array(writtenChangeSchema).max(limits.historyChanges),
}) satisfies z.ZodType<StoredChannel>;

/** The post fields of the first version of this format. Older lines do not have later fields, so those are optional. */
const inEveryLine = [
  'kind',
  'keyEvent',
  'headline',
  'body',
  'media',
  'authors',
  'sources',
  'verification',
  'developing',
  'derivedFrom',
] as const satisfies readonly (keyof PostFields)[];

type LineFields = {
  [F in keyof typeof postFields]: F extends (typeof inEveryLine)[number]
    ? (typeof postFields)[F]
    : z.ZodExactOptional<(typeof postFields)[F]>;
};

const lineFields = Object.fromEntries(
  Object.entries(postFields).map(([field, schema]) => [
    field,
    (inEveryLine as readonly string[]).includes(field) ? schema : schema.exactOptional(),
  ]),
) as LineFields;

export const writtenPostSchema = z.strictObject({
  ...lineFields,
  id: postIdSchema,
  channelId: channelIdSchema,
  authors: z.array(personSchema).max(limits.postAuthors),
  status: z.enum(['published', 'retracted', 'taken-down']),
  revision: z.int().min(1),
  publishedAt: sentTime,
  updatedAt: sentTime.nullable(),
  history: z.array(writtenAuthorChangeSchema).max(limits.historyChanges),
  publishedBy: author,
  ownerKey: z
    .string()
    .regex(/^[\w-]{22}$/)
    .exactOptional(),
}) satisfies z.ZodType<OnLine<model.AuthorPost>>;

/** A post as it is in a line. */
type OnLine<P extends PostFields> = Omit<P, 'seq' | 'html' | LaterField> & Partial<Pick<P, LaterField>>;
type LaterField = Exclude<keyof PostFields, (typeof inEveryLine)[number]>;

export const erasedPostSchema = z.strictObject({ id: postIdSchema, channelId: channelIdSchema, revision: z.int().min(1) });
export const erasedFactsSchema = lineFactsSchema.extend({ content: hex(64) });

export const channelLineSchema = z.strictObject({ channel: writtenChannelSchema, revision: lineFactsSchema.optional() });
export const postLineSchema = z.strictObject({ post: writtenPostSchema, revision: lineFactsSchema });
export const erasedLineSchema = z.strictObject({ post: erasedPostSchema, revision: erasedFactsSchema });
export const lineSchema = z.union([channelLineSchema, postLineSchema, erasedLineSchema]);

/** The first line of an imported upload. The bytes of its files follow. */
export const movedFileSchema = z.strictObject({
  name: z.string().regex(/^(?:[0-9]{1,5}\.(?:webp|jpg)|video\.mp4|audio\.m4a)$/, 'Must be a name as in an export.'),
  width: z.int().min(1).nullable(),
  mimeType: z.enum(['image/webp', 'image/jpeg', 'video/mp4', 'audio/mp4']),
  bytes: z.int().min(1),
  sha256: sha256Schema,
});
export const movedMediaSchema = z.strictObject({
  type: z.enum(['image', 'video', 'audio']),
  width: z.int().min(1).nullable(),
  height: z.int().min(1).nullable(),
  durationSeconds: z.number().min(0).nullable(),
  uploadedAt: sentTime,
  by: words(limits.textCharacters),
  files: z
    .array(movedFileSchema)
    .min(1)
    .max(limits.mediaRenditions)
    .refine((files) => new Set(files.map(({ name }) => name)).size === files.length, 'Must have different names.'),
});
export type MovedMediaHead = z.infer<typeof movedMediaSchema>;

export type ChannelLine = { channel: model.Channel; facts: LineFacts | undefined };
export type PostLine = { post: Omit<model.AuthorPost, 'seq' | 'html'>; facts: LineFacts };
export type ErasedLine = { erased: { id: string; channelId: string; revision: number }; facts: LineFacts & { content: string } };
export type TransferLine = ChannelLine | PostLine | ErasedLine;

const history = z.array(z.looseObject({})).optional();
const looseLineSchema = z
  .looseObject({
    channel: z.looseObject({ id: z.string(), history }).optional(),
    post: z.looseObject({ id: z.string(), channelId: z.string(), history }).optional(),
    revision: z.looseObject({ root: z.string().optional() }).optional(),
  })
  .refine(({ channel, post }) => (channel === undefined) !== (post === undefined));

/** Whether it is a line of this or a later version, which may have more fields. For callers that check only the hash chain. */
export function hasFormOfLine(value: unknown): boolean {
  return looseLineSchema.safeParse(value).success;
}

/** The line in a JSON object. Throws a `Refusal` with `invalid-body` if it is not a line. */
export function parseLine(value: object): TransferLine {
  const line = read(value as Record<string, unknown>);
  const errors = contradictions(line);
  if (errors.length > 0) throw new Refusal('invalid-body', { errors });
  return line;
}

/**
 * Returns the value as it was sent, because the hash of a text covers its fields in their order. The schemas only validate. A null `picture`
 * is not part of the hash.
 */
function read(value: Record<string, unknown>): TransferLine {
  const facts = (value.revision ?? {}) as object;
  const judge = isJournalled(facts) ? parseJournalled : parse;
  if (Object.hasOwn(value, 'channel')) {
    judge(channelLineSchema, value);
    return { channel: withEveryChannelField(value.channel as StoredChannel), facts: value.revision as LineFacts | undefined };
  }
  if (Object.hasOwn(facts, 'content')) {
    judge(erasedLineSchema, value);
    return { erased: value.post as ErasedLine['erased'], facts: facts as ErasedLine['facts'] };
  }
  judge(postLineSchema, value);
  return { post: value.post as PostLine['post'], facts: facts as LineFacts };
}

/** Whether the line has a position in a hash chain: it was exported, and changing its text would break the chain. */
export function isJournalled(facts: object): boolean {
  return Object.hasOwn(facts, 'offset') && Object.hasOwn(facts, 'check');
}

/** The errors of a line whose fields contradict each other. */
function contradictions(line: TransferLine): FieldError[] {
  if ('channel' in line) return channelContradictions(line);
  if ('erased' in line) return erasedContradictions(line);
  return postContradictions(line);
}

type Fault = [contradicts: boolean, path: string, message: string];

function errorsOf(faults: Fault[]): FieldError[] {
  return faults.flatMap(([contradicts, path, message]) => (contradicts ? [{ path, message }] : []));
}

function channelContradictions({ channel, facts }: ChannelLine): FieldError[] {
  const { history, revision } = channel;
  const own = history.find((past) => past.revision === revision);
  const kind = facts?.kind ?? null;
  return errorsOf([
    [!rises(history, revision), 'channel.history', 'Must have increasing revisions, up to the revision of the channel.'],
    [facts !== undefined && kind !== (own?.kind ?? null), 'revision.kind', 'Must be the kind of the change in the history.'],
    [facts?.type !== undefined && facts.type !== 'channel.changed', 'revision.type', 'Must be channel.changed.'],
    [facts?.content !== undefined, 'revision.content', 'Is only allowed for erased text.'],
    [facts?.erases !== undefined, 'revision.erases', 'Is only allowed for posts.'],
    [facts?.chained !== undefined, 'revision.chained', 'Is only allowed for posts.'],
  ]);
}

/** Whether an entry of this type had a text that could be erased. */
const hadText: Record<model.EventType, boolean> = {
  'post.published': true,
  'post.revised': true,
  'post.retracted': true,
  'post.taken-down': false,
  'channel.changed': false,
};

function erasedContradictions({ erased, facts }: ErasedLine): FieldError[] {
  const first = erased.revision === 1;
  const { type = first ? 'post.published' : 'post.revised' } = facts;
  return errorsOf([
    [first !== (type === 'post.published'), 'revision.type', 'Must be post.published for revision 1, and only for it.'],
    [!hadText[type], 'revision.type', 'Must be the type of an entry that had a text.'],
    [facts.salt !== undefined, 'revision.salt', 'Is erased with the text.'],
    [facts.root !== undefined, 'revision.root', 'Is only allowed in the first entry of a channel.'],
    [
      facts.erases !== undefined && facts.chained === undefined,
      'revision.erases',
      'Must be on a line with text, unless `chained` is true.',
    ],
    ...erasureContradictions(facts, erased.revision),
  ]);
}

function postContradictions({ post, facts }: PostLine): FieldError[] {
  const { status, revision, history, headline, body, media, authors } = post;
  const withdrawn = status !== 'published';
  const own = history.find((past) => past.revision === revision);
  const kind = facts.kind ?? null;
  return errorsOf([
    [withdrawn && !isEmptied(post), 'post', 'Must be empty, because the post was withdrawn.'],
    [!withdrawn && authors.length === 0, 'post.authors', 'Must have at least 1 entry.'],
    [
      !withdrawn && !headline && !(isJournalled(facts) ? body.trim() : isVisible(body)) && media.length === 0,
      'post.body',
      'A post must have a headline, a body or media.',
    ],
    [post.keyEvent && headline === null, 'post.headline', 'A key event must have a headline.'],
    [!rises(history, revision), 'post.history', 'Must have increasing revisions, up to the revision of the post.'],
    [facts.type !== undefined && facts.type !== model.typeOf(post), 'revision.type', `Must be ${model.typeOf(post)}.`],
    [!kindFits(post, kind), 'revision.kind', 'Must be the kind of change that the post shows.'],
    [own !== undefined && own.kind !== kind, 'revision.kind', 'Must be the kind of the change in the history.'],
    // A full history drops refiles and updates first, so only they can be missing from it.
    [own === undefined && kind !== null && kind !== 'refile' && kind !== 'update', 'post.history', 'Must contain the change.'],
    ...erasureContradictions(facts, revision),
    [facts.root !== undefined, 'revision.root', 'Is only allowed in the first entry of a channel.'],
  ]);
}

function erasureContradictions({ erases, chained }: LineFacts, revision: number): Fault[] {
  return [
    [(erases ?? 0) >= revision, 'revision.erases', 'Must be lower than the revision.'],
    [chained !== undefined && erases === undefined, 'revision.chained', 'Requires `erases`.'],
  ];
}

function kindFits({ status, revision }: PostLine['post'], kind: model.ChangeKind | null): boolean {
  if (status === 'taken-down') return kind === 'takedown';
  if (status === 'retracted') return kind === 'retraction';
  return revision === 1 ? kind === null : (model.revisionKinds as readonly (string | null)[]).includes(kind);
}

function rises(history: readonly model.Change[], most: number): boolean {
  return history.every(({ revision }, index) => revision <= most && revision > (history[index - 1]?.revision ?? 1));
}
