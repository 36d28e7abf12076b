import type { z } from 'zod';
import * as schemas from '../protocol/schemas.ts';
import * as transfer from '../protocol/transfer.ts';
import { limits } from '../protocol/wire-limits.ts';
import { limitInWords } from './limit-tables.ts';
import {
  acknowledged,
  asOf,
  back,
  change,
  channel,
  event,
  fromSnapshot,
  lineFacts,
  more,
  newChannel,
  note,
  post,
  postChanges,
  replay,
  written,
  writtenPost,
} from './sentences.ts';

/**
 * The named schemas of the documents, each with its sentences. The form comes from the zod schemas that requests are judged by; what a
 * field means stands here and nowhere else. A field without a sentence does not compile.
 */
export interface Component {
  schema: z.ZodType;
  description: string;
  /** A sentence for each field of an object. */
  fields?: Readonly<Record<string, string>>;
  /** A client sends it: an unknown field is refused. What we send may have more fields in a later version. */
  closed?: boolean;
  /** The field that tells which form of several it is. */
  discriminator?: string;
}

type Sentences<S extends z.ZodObject> = { readonly [Field in keyof S['shape']]: string };

function sent<S extends z.ZodObject>(schema: S, description: string, fields: Sentences<S>): Component {
  return { schema, description, fields };
}

function taken<S extends z.ZodObject>(schema: S, description: string, fields: Sentences<S>): Component {
  return { schema, description, fields, closed: true };
}

function oneOf(schema: z.ZodType, discriminator: string, description: string): Component {
  return { schema, description, discriminator };
}

function value(schema: z.ZodType, description: string): Component {
  return { schema, description };
}

const [imageMedia, videoMedia, linkMedia] = schemas.mediaSchema.options;
const [replaySchema, snapshotCatchUp] = schemas.catchUpSchema.options;

/** By their names in the documents. */
export const components = {
  ChannelId: value(schemas.channelIdSchema, `A slug: 1 to ${limits.channelIdCharacters} lower-case letters, digits and hyphens.`),
  PostId: value(schemas.postIdSchema, 'A UUIDv7 (RFC 9562) in lower case.'),
  Time: value(schemas.sentTime, 'RFC 3339, in UTC, with milliseconds.'),
  Cursor: value(
    schemas.cursorSchema,
    'Everything up to an offset of one history of a channel. Opaque and URL-safe; good on every transport and server, and never too old.',
  ),

  Person: sent(schemas.personSchema, 'Somebody named in a byline.', {
    name: 'As it is printed.',
    role: 'What they are here, such as "Science editor".',
    url: 'A page about them.',
  }),
  Source: sent(schemas.sourceSchema, 'Who reported something.', {
    name: 'A person, an agency, a paper.',
    via: 'Through whom it came.',
    url: 'Where it can be read.',
  }),
  Media: oneOf(schemas.mediaSchema, 'type', 'A picture, a film or a link. Leave out those of an unknown `type`.'),
  ImageMedia: sent(imageMedia, 'A picture.', {
    type: 'Always `image`.',
    url: 'The file: at `https:`, or on this server.',
    alt: 'What is to be seen, for those who do not see it; empty for decoration.',
    caption: 'Printed below it.',
    credit: 'Who made it.',
    width: 'In pixels.',
    height: 'In pixels.',
  }),
  VideoMedia: sent(videoMedia, 'A film, as a file.', {
    type: 'Always `video`.',
    url: 'The file: at `https:`, or on this server.',
    mimeType: 'Its media type.',
    poster: 'A picture shown before it plays.',
    captions: 'A WebVTT file with captions.',
    caption: 'Printed below it.',
    width: 'In pixels.',
    height: 'In pixels.',
  }),
  LinkMedia: sent(linkMedia, 'A page elsewhere.', {
    type: 'Always `link`.',
    url: 'The page.',
    title: 'Its title.',
    source: 'Whose page it is.',
    image: 'A picture of it.',
    description: 'What it says.',
  }),
  Change: sent(schemas.changeSchema, 'A change of a post or channel, told to readers.', change),
  AuthorChange: sent(schemas.authorChangeSchema, 'A change, as authors of the channel see it.', {
    ...change,
    by: 'Who made it: the `sub` of their token.',
  }),

  Channel: sent(schemas.channelSchema, 'One piece of live coverage: what a reader subscribes to.', channel),
  ListedChannel: sent(schemas.listedChannelSchema, 'A channel in the list of channels.', {
    ...channel,
    latestPostAt: 'When its latest post was published.',
  }),
  Post: sent(schemas.readerPostSchema, "A post in the reader's view, which snapshots and events always carry.", post),
  AuthorPost: sent(schemas.authorPostSchema, "A post in the author's view: for those who may write in the channel.", {
    ...post,
    body: postChanges.body,
    publishedBy: 'Who published it: the `sub` of their token.',
    ownerKey: 'Opaque: tells apart those with the same `sub`, in posts published while `PRESSBOX_JWT_ISSUER` was set.',
  }),

  SeenPost: value(schemas.seenPostSchema, "A post in the view of who asks: the author's for those who may write in the channel."),

  Event: oneOf(schemas.eventSchema, 'type', "An entry of a channel's journal, with the whole state after it."),
  PostEvent: sent(schemas.eventSchemas.post, 'Something happened to a post. Apply it by post id, whatever the type.', {
    ...event,
    post: 'The post after it.',
  }),
  ChannelEvent: sent(schemas.eventSchemas.channel, 'The channel was made or changed.', {
    ...event,
    channel: 'The channel after it.',
  }),
  KeyEvent: sent(schemas.keyEventSchema, 'A post to which readers can jump.', {
    id: 'The post.',
    seq: 'Its place.',
    headline: 'Its headline.',
    publishedAt: 'When it was published.',
  }),
  Snapshot: sent(schemas.snapshotSchema, 'A channel as it is, with its newest posts.', {
    channel: 'The channel.',
    cursor: asOf,
    posts: 'Newest first, and fewer than asked for where they are long. Tombstones stand in their places.',
    pinned: 'The post that stands on top, wherever its place is.',
    summary: 'The newest summary.',
    keyEvents: `The newest ${limitInWords('snapshotKeyEvents')}.`,
    more: 'Whether there are older posts: page them with `before`.',
  }),
  Covers: sent(schemas.coversSchema, 'The offsets that an answer stands for.', {
    after: 'From here on, this one not counted.',
    to: 'Up to here.',
  }),
  CatchUp: oneOf(schemas.catchUpSchema, 'mode', 'The one answer to "what have I missed since this cursor?".'),
  Replay: sent(
    replaySchema,
    'What changed since a cursor, each thing once. Nothing superseded or withdrawn is served again.',
    replay,
  ),
  SnapshotCatchUp: sent(snapshotCatchUp, 'The channel as it is, where there is nothing to go on from.', fromSnapshot),

  Correction: sent(schemas.correctionSchema, 'A clarification, correction, retraction or takedown.', {
    offset: 'Its place in the journal.',
    postId: "The post; null for a change of the channel's own headline or standfirst.",
    headline: 'As it is now; null where the post has none, or was withdrawn.',
    ...change,
  }),
  JournalEntry: sent(schemas.journalLineSchema, 'A line of the audit trail: facts without text.', {
    offset: 'Its place.',
    type: 'What happened.',
    postId: 'The post; null for the channel.',
    revision: 'The revision that it made.',
    kind: 'The kind of change, where it was one.',
    at: 'When.',
    by: 'Who did it: the `sub` of their token.',
    erases:
      "The post's revisions up to this one were erased by it. Left out where nothing was, and in entries that are older than this fact.",
    hash: "SHA-256 of the entry's facts and the salted hash of its content, in hex.",
    check: 'The value of the hash chain here, in hex.',
  }),
  Erasure: sent(schemas.erasureSchema, 'How far the erasing of a text has come.', {
    complete: 'The text is nowhere any more.',
    pending: 'Where it may still be. Send the request again to be told how it stands.',
  }),
  OwedErasure: sent(schemas.owedErasureSchema, 'A place that has not let go of a text.', {
    where: 'A server or a store.',
    why: 'What it waits for.',
  }),
  Problem: sent(schemas.problemSchema, 'An RFC 9457 problem document.', {
    type: '`urn:pressbox:problem:` and the code.',
    code: 'Never changes; branch on it.',
    status: 'The HTTP status, also where it came over a socket.',
    title: 'A sentence for a person, the same for each code.',
    detail: 'What it was in this case.',
    errors: 'With `invalid-body`: every place that did not fit.',
    current: 'With `revision-moved`: the post or channel as it is.',
    outcome: 'With `journal-unavailable`: whether the write may have been done all the same. Send it again with the same key.',
    line: 'With a refused import: the line that did not fit, from 1. What came before it stands.',
    imported: 'With a refused import: what was done before.',
    retryAfter: 'Seconds to wait, where waiting helps.',
  }),
  FieldError: sent(schemas.fieldErrorSchema, 'A place that did not fit.', {
    path: 'Such as `media[2].url`; the name of a header; empty for the whole.',
    message: 'What would fit.',
  }),

  LineFacts: taken(transfer.lineFactsSchema, 'An entry of the journal, but for what it wrote.', lineFacts),
  ErasedFacts: taken(transfer.erasedFactsSchema, 'The same of an entry whose text was erased.', lineFacts),
  ChannelLine: taken(transfer.channelLineSchema, 'A revision of a channel. The first line of a channel is one of these.', {
    channel: 'The channel after it.',
    revision: 'Left out: it was written when the channel says that it was changed, by whoever imports.',
  }),
  PostLine: taken(transfer.postLineSchema, 'A revision of a post. Those of one post follow each other, from the first.', {
    post: 'The post after it, without `seq` and `html`, which are made anew.',
    revision: 'Who wrote it, and when.',
  }),
  ErasedLine: taken(transfer.erasedLineSchema, 'A revision of a post whose text was erased.', {
    post: 'Which one it was.',
    revision: 'Who wrote it, when, and the hash of what they wrote.',
  }),
  ErasedPost: taken(transfer.erasedPostSchema, 'A post of which nothing is left.', {
    id: post.id,
    channelId: post.channelId,
    revision: 'Which revision it was.',
  }),
  WrittenChannel: taken(transfer.writtenChannelSchema, 'A channel in a line.', channel),
  WrittenPost: taken(transfer.writtenPostSchema, 'A post in a line; a withdrawn one is empty.', writtenPost),
  WrittenChange: taken(transfer.writtenChangeSchema, 'A change of a channel in a line.', change),
  WrittenAuthorChange: taken(transfer.writtenAuthorChangeSchema, 'A change of a post in a line.', {
    ...change,
    by: 'Token `sub` of who did it.',
  }),
  ImportLine: value(transfer.lineSchema, 'A line of an export, or one that another system wrote in the same form.'),
  Imported: sent(schemas.importedSchema, 'What an import came to.', {
    channels: 'Channels that were new.',
    posts: 'Posts that were new.',
    revisions: 'Lines that were written.',
    skipped: 'Lines that stood already, or whose text was erased here since.',
    withheld: 'Lines of posts that were taken down here. They stay so.',
    conflicting: 'Lines that contradict what was written here meanwhile, which stays as it is.',
    conflicts: `The first ${limitInWords('importConflicts')} of them.`,
    sameHistory:
      'Everything that was written has its place in the history it came from: cursors that were given out there are good here.',
  }),
  ImportConflict: sent(schemas.importConflictSchema, 'A line that was not written.', {
    line: 'Which line, from 1.',
    channelId: 'The channel.',
    postId: 'The post; null for the channel itself.',
    revision: 'The revision that the line tells of.',
    why: 'A sentence for a person.',
  }),

  ChannelList: sent(schemas.channelListSchema, 'A page of channels, newest first.', {
    channels: 'Those that the asker may know of.',
    next: 'The `page` to ask for next; null at the end.',
    complete:
      '`false` where some cannot be told of at the moment, since what the store holds of them is damaged: a channel that is not there may be one of these. Else left out.',
  }),
  ChannelAnswer: sent(schemas.channelAnswerSchema, 'A channel after a write.', { channel: 'The channel.', ...written }),
  PostAnswer: sent(schemas.postAnswerSchema, 'A post after a write.', { post: 'The post.', ...written }),
  RevisionAnswer: sent(schemas.revisionAnswerSchema, 'A post after a change or a withdrawal.', {
    post: 'The post.',
    ...written,
    derived: 'Published posts that restate this one, and may need the same change.',
    erasure: 'With a takedown and `eraseEarlier`.',
  }),
  DerivedPost: sent(schemas.derivedPostSchema, 'A post that restates another one.', {
    id: 'The post.',
    kind: 'Its kind.',
    headline: 'Its headline.',
  }),
  Revocation: taken(schemas.revocationSchema, 'A token that is not to be taken any more.', {
    jti: 'Its `jti`.',
    expiresAt: 'When it would have expired. Left out, the revocation is kept for ever.',
  }),
  RevocationAnswer: sent(schemas.revocationAnswerSchema, 'A token that is refused.', {
    jti: 'Its `jti`.',
    until: 'Until when that is remembered; null: for ever.',
  }),
  Rights: sent(schemas.rightsSchema, 'What a token permits. The strings are channel ids, prefixes ending in `*`, or `*`.', {
    reader: 'Where it may read what is for members.',
    author: 'Where it may write.',
    editor: 'Where it may change everything.',
    admin: 'It may do everything.',
  }),
  Session: sent(schemas.sessionSchema, 'Who is signed in.', {
    sub: 'Whom the token speaks for.',
    name: 'The byline.',
    rights: 'What it permits.',
    expiresAt: 'When it ends by itself.',
    idleSeconds: 'How long the session of a browser may go unused before it ends. Left out if the server has no idle limit.',
  }),
  SessionAnswer: sent(schemas.sessionAnswerSchema, 'Who is signed in.', {
    session: 'Null for a stranger.',
  }),
  SignInForm: { ...taken(schemas.signInFormSchema, 'The form that signs in.', { token: 'The token.', to: back }), closed: false },
  SignOutForm: { ...taken(schemas.signOutFormSchema, 'The form that signs out.', { to: back }), closed: false },
  DeletionAnswer: sent(schemas.deletionAnswerSchema, 'A channel that was deleted and is not erased everywhere yet.', {
    erasure: 'What is pending.',
  }),
  PostPage: sent(schemas.postPageSchema, 'A page of posts, newest first, in the view of who asks.', {
    posts: 'The posts.',
    cursor: asOf,
    more,
  }),
  RevisionPage: sent(schemas.revisionPageSchema, 'Revisions of a post, oldest first, each the post as it was.', {
    revisions: 'Those that were not erased.',
    more,
  }),
  CorrectionPage: sent(schemas.correctionPageSchema, 'A page of corrections, newest first.', {
    corrections: 'The corrections.',
    cursor: asOf,
    more,
  }),
  ServerEntry: sent(schemas.serverEntrySchema, "A line of the server's own journal: facts without text.", {
    offset: 'Its place.',
    type: 'What happened.',
    subject: "The channel, the token's `jti`, or the version of the renderer.",
    detail:
      'What the chain of a channel that was made begins with, where a channel stood that was found, until when a revocation counts, the post and revision of an erasure that was imported, or the address of a renderer.',
    at: 'When.',
    by: 'Who did it: the `sub` of their token, or `pressbox:server`.',
    hash: 'SHA-256 of its facts, in hex.',
    check: 'The value of the hash chain here, in hex.',
    stands: 'With a revocation: whether the token is refused now, or has lapsed.',
  }),
  ServerJournalPage: sent(schemas.serverJournalPageSchema, "A page of the server's own journal, oldest first.", {
    root: 'What the hash chain begins with.',
    entries: 'The entries.',
    more,
  }),
  JournalPage: sent(schemas.journalPageSchema, 'A page of the audit trail, oldest first.', { entries: 'The entries.', more }),
  Health: sent(schemas.healthSchema, 'How the server is.', {
    status: '`degraded`: it serves, but nothing can be written, or readers may be seeing old state.',
    reason: 'Why it is degraded.',
    since: 'Since when it is degraded.',
    unsafe: 'Settings of the store that durability needs and that are not as they should be.',
  }),

  NewChannel: taken(schemas.newChannelSchema, 'A channel to open.', newChannel),
  ChannelPatch: taken(schemas.channelPatchSchema, 'What is to be changed; the rest is left as it is (RFC 7396).', {
    ...channel,
    change: 'Required with a changed headline or standfirst.',
  }),
  ChannelChange: taken(schemas.channelChangeSchema, 'Why a headline or standfirst is changed.', { kind: change.kind, note }),
  NewPost: taken(schemas.newPostSchema, 'A post to publish. It needs a headline, a body or media.', {
    id: 'Chosen by you, so that you can name it before it is published; made where left out.',
    ...postChanges,
    kind: `${postChanges.kind} Default \`update\`.`,
  }),
  PostChanges: taken(schemas.postChangesSchema, 'The fields to change, each with its whole new value.', postChanges),
  Revision: taken(schemas.revisionSchema, 'A change of a published post.', {
    kind: '`refile` a typing slip, `update` something was added, `clarification` or `correction`.',
    note,
    changes: 'What is changed.',
    eraseEarlier:
      'Also erase the text of the earlier revisions, and the notes of refiles and updates. For editors of the channel. Notes of corrections and clarifications stay, unless `eraseNotes` names them.',
    eraseNotes: 'With `eraseEarlier`: revisions whose notes are erased too, though they tell of a correction or clarification.',
  }),
  Retraction: taken(schemas.retractionSchema, 'Why a post is withdrawn.', { note: 'What was wrong, for readers.' }),
  Takedown: taken(schemas.takedownSchema, 'Why a post is erased.', { note: 'For readers; may be left out.' }),

  Subscribe: taken(schemas.subscribeSchema, 'What you want to follow, and from where.', {
    channelId: 'The channel.',
    after: 'Your cursor; without one you get a snapshot.',
    limit: "A snapshot's posts. A replay is cut by size alone.",
  }),
  Unsubscribe: taken(schemas.unsubscribeSchema, 'What you no longer follow.', { channelId: 'The channel.' }),
  SubscribedReplay: sent(schemas.subscribedReplaySchema, 'A replay. With `more: false` the subscription is live.', {
    ok: acknowledged,
    ...replay,
  }),
  SubscribedSnapshot: sent(schemas.subscribedSnapshotSchema, 'A snapshot. With `more: false` the subscription is live.', {
    ok: acknowledged,
    ...fromSnapshot,
  }),
  Acknowledged: sent(schemas.unsubscribedAnswerSchema, 'It was done.', { ok: acknowledged }),
  Refused: sent(schemas.refusedAnswerSchema, 'It was not done.', { ok: 'Nothing changed.', problem: 'Why.' }),
  Store: sent(
    schemas.storeSchema,
    'This server lost, or found again, its store. Nothing to do: what you hold may be old until it is back.',
    {
      reachable: 'Whether it is in reach.',
      since: 'Since when.',
    },
  ),
  Unsubscribed: sent(schemas.unsubscribedSchema, 'A subscription has ended.', {
    channelId: 'The channel.',
    reason:
      '`slow`: subscribe again with your cursor. `history`: the history was replaced; subscribe again, it will be a reset. `expired`, `revoked`: your token is not good any more. `forbidden`, `gone`: the channel is closed to you, or deleted.',
  }),
  Ping: sent(schemas.pingSchema, 'Nothing but that the stream is there.', {}),
  Drain: sent(schemas.drainSchema, 'This server is going away: reconnect at a random moment within the time.', {
    withinMs: 'Milliseconds.',
  }),
} as const satisfies Record<string, Component>;

export type ComponentName = keyof typeof components;
