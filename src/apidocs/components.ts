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
  picture,
  post,
  postChanges,
  replay,
  written,
  writtenPost,
} from './sentences.ts';

/**
 * The named schemas of the documents. Their form comes from the zod schemas that validate requests. The descriptions are only here. A field
 * without a description does not compile.
 */
export interface Component {
  schema: z.ZodType;
  description: string;
  /** The description of each field of an object. */
  fields?: Readonly<Record<string, string>>;
  /**
   * True for an object that clients send: unknown fields are refused. An object that the server sends can have more fields in a
   * later version.
   */
  closed?: boolean;
  /** The field whose value tells the forms of the object apart. */
  discriminator?: string;
}

type Sentences<S extends z.ZodObject> = { readonly [Field in keyof S['shape']]: string };

function serverObject<S extends z.ZodObject>(schema: S, description: string, fields: Sentences<S>): Component {
  return { schema, description, fields };
}

function clientObject<S extends z.ZodObject>(schema: S, description: string, fields: Sentences<S>): Component {
  return { schema, description, fields, closed: true };
}

function oneOf(schema: z.ZodType, discriminator: string, description: string): Component {
  return { schema, description, discriminator };
}

function value(schema: z.ZodType, description: string): Component {
  return { schema, description };
}

/** The fields of an upload. */
const uploaded = {
  id: 'Its id.',
  type: 'What it is.',
  url: 'The `url` with which posts refer to it: `media:` and the id.',
  mimeType: 'The media type of the file that is the `url` in posts.',
  width: 'In pixels, as it is displayed. Null for sound.',
  height: 'In pixels, as it is displayed. Null for sound.',
  durationSeconds: 'Null for pictures.',
  bytes: 'Of all its files.',
  uploadedAt: 'When it was uploaded first.',
  files: 'Its files. Until a published post uses it, only authors of the channel can open them.',
};

/** The fields of a file of an upload. */
const file = {
  url: 'The address of the file.',
  width: 'In pixels. Null for sound.',
  mimeType: 'Its media type.',
  bytes: 'Its size.',
};

const [imageMedia, videoMedia, linkMedia] = schemas.mediaSchema.options;
const [replaySchema, snapshotCatchUp] = schemas.catchUpSchema.options;

/** The schemas, by their names in the documents. */
export const components = {
  ChannelId: value(schemas.channelIdSchema, `A slug: 1 to ${limits.channelIdCharacters} lower-case letters, digits and hyphens.`),
  PostId: value(schemas.postIdSchema, 'A UUIDv7 (RFC 9562) in lower case.'),
  MediaId: value(schemas.mediaIdSchema, 'The id of an upload: 128 random bits in base64url.'),
  FileName: value(schemas.fileNameSchema, 'The name of a file of an upload.'),
  Bytes: value(schemas.bytesSchema, 'The file itself.'),
  Time: value(schemas.sentTime, 'RFC 3339, in UTC, with milliseconds.'),
  Cursor: value(
    schemas.cursorSchema,
    'Stands for everything up to an offset in one history of a channel. Opaque and URL-safe. Valid on every transport and server, and never expires.',
  ),

  Person: serverObject(schemas.personSchema, 'A person in a byline.', {
    name: 'The name as it is printed.',
    role: 'Their role in the coverage, such as "Science editor".',
    url: 'A page about them.',
  }),
  Source: serverObject(schemas.sourceSchema, 'A source of a report.', {
    name: 'A person, an agency or a newspaper.',
    via: 'Who passed it on.',
    url: 'Where the report can be read.',
  }),
  Media: oneOf(schemas.mediaSchema, 'type', 'A picture, a video or a link. Leave out media of an unknown `type`.'),
  Focus: serverObject(schemas.focusSchema, 'A point of a picture.', {
    x: 'The distance from the left, as a share of the width.',
    y: 'The distance from the top, as a share of the height.',
  }),
  Rendition: serverObject(schemas.renditionSchema, 'One file of an uploaded picture.', {
    url: 'The file, on this server.',
    width: 'In pixels.',
    mimeType: 'Its media type.',
  }),
  ImageMedia: serverObject(imageMedia, 'A picture.', { type: 'Always `image`.', ...picture }),
  VideoMedia: serverObject(videoMedia, 'A video file.', {
    type: 'Always `video`.',
    url: 'The file: at `https:`, or on this server.',
    mimeType: 'Its media type.',
    poster: 'A picture to show before the video plays.',
    captions: 'A WebVTT file with captions.',
    caption: 'Printed below it.',
    width: 'In pixels.',
    height: 'In pixels.',
  }),
  LinkMedia: serverObject(linkMedia, 'A link to another page.', {
    type: 'Always `link`.',
    url: 'The address of the page.',
    title: 'Its title.',
    source: 'The publisher of the page.',
    image: 'A preview picture: at `https:`, or an upload, `media:` and its id.',
    description: 'A description of the page.',
    embed: 'The page is a post on another site that can be shown in a frame. Show a link if you do not know the provider.',
    audio: 'The page is about this sound. Show a player for it. Never given with `embed`.',
  }),
  Embed: serverObject(
    schemas.embedSchema,
    'A post on another site. Ask that site for nothing before the reader wants to see it.',
    {
      provider: 'The site.',
      id: 'The post, in the form that its provider has in the protocol reference.',
    },
  ),
  AudioFile: serverObject(schemas.audioFileSchema, 'A sound file.', {
    url: 'The file: at `https:`, or on this server.',
    mimeType: 'Its media type.',
  }),
  Change: serverObject(schemas.changeSchema, 'A change of a post or channel, as readers see it.', change),
  AuthorChange: serverObject(schemas.authorChangeSchema, 'A change, as authors of the channel see it.', {
    ...change,
    by: 'The token `sub` of the person who made it.',
  }),

  Picture: serverObject(schemas.pictureSchema, 'The picture of a channel.', picture),
  Channel: serverObject(schemas.channelSchema, 'One piece of live coverage: what a reader subscribes to.', channel),
  ListedChannel: serverObject(schemas.listedChannelSchema, 'A channel in the list of channels.', {
    ...channel,
    latestPostAt: 'When its latest post was published.',
  }),
  Post: serverObject(schemas.readerPostSchema, "A post in the reader's view. Snapshots and events always have this view.", post),
  AuthorPost: serverObject(schemas.authorPostSchema, "A post in the author's view, for authors of the channel.", {
    ...post,
    body: postChanges.body,
    publishedBy: 'The token `sub` of the person who published it.',
    ownerKey: 'Opaque. Tells apart people with the same `sub`, in posts published while `PRESSBOX_JWT_ISSUER` was set.',
  }),

  SeenPost: value(
    schemas.seenPostSchema,
    "A post: in the author's view for authors of the channel, and in the reader's view for everyone else.",
  ),

  Event: oneOf(
    schemas.eventSchema,
    'type',
    "An entry of a channel's journal, with the whole state of the post or channel after it.",
  ),
  PostEvent: serverObject(schemas.eventSchemas.post, 'A post changed. Apply it by post id, whatever the type.', {
    ...event,
    post: 'The post after the event.',
  }),
  ChannelEvent: serverObject(schemas.eventSchemas.channel, 'The channel was created or changed.', {
    ...event,
    channel: 'The channel after the event.',
  }),
  KeyEvent: serverObject(schemas.keyEventSchema, 'A key event, to which readers can jump.', {
    id: 'The post.',
    seq: 'The `seq` of the post.',
    headline: 'Its headline.',
    publishedAt: 'When it was published.',
  }),
  Snapshot: serverObject(schemas.snapshotSchema, 'The current state of a channel, with its newest posts.', {
    channel: 'The channel.',
    cursor: asOf,
    counts: 'How much the channel has.',
    posts: 'Newest first, including tombstones. Fewer than requested if they are long.',
    pinned: 'The post that is pinned on top, wherever it is in the channel.',
    summary: 'The newest summary.',
    keyEvents: `The newest ${limitInWords('snapshotKeyEvents')}.`,
    more: 'Whether there are older posts. Request them with `before`.',
  }),
  Counts: serverObject(schemas.countsSchema, 'How much a channel has, as of the position of the message.', {
    posts: 'Published posts. Withdrawn posts do not count.',
    keyEvents: 'Key events among them.',
    corrections: 'Entries of the list of corrections of the channel.',
  }),
  Covers: serverObject(schemas.coversSchema, 'The offsets that an answer stands for.', {
    after: 'The offset after which the answer begins.',
    to: 'The last offset of the answer.',
  }),
  CatchUp: oneOf(schemas.catchUpSchema, 'mode', 'The answer to "what have I missed since this cursor?".'),
  Replay: serverObject(
    replaySchema,
    'What changed since a cursor, each post once. Superseded and withdrawn text is never served again.',
    replay,
  ),
  SnapshotCatchUp: serverObject(
    snapshotCatchUp,
    'The current state of the channel, if there is no cursor to continue from.',
    fromSnapshot,
  ),

  Correction: serverObject(schemas.correctionSchema, 'A clarification, correction, retraction or takedown.', {
    offset: 'The position in the journal.',
    postId: "The post. Null for a change of the channel's own headline, standfirst or picture.",
    headline: 'The current headline. Null if the post has none or was withdrawn.',
    ...change,
  }),
  JournalEntry: serverObject(schemas.journalLineSchema, 'A line of the audit trail, without text.', {
    offset: 'The position in the journal.',
    type: 'What happened.',
    postId: 'The post. Null for the channel.',
    revision: 'The revision that the entry made.',
    kind: 'The kind of change, if it has one.',
    at: 'The time of the entry.',
    by: 'The token `sub` of the person who wrote it.',
    erases:
      "This entry erased the post's revisions up to this one. Left out if nothing was erased, and in entries of versions that did not record it.",
    hash: "SHA-256 of the entry's facts and the salted hash of its content, in hex.",
    check: 'The value of the hash chain here, in hex.',
  }),
  Erasure: serverObject(schemas.erasureSchema, 'The progress of an erasure.', {
    complete: 'Whether the text is erased everywhere.',
    pending: 'Where the text may still exist. Send the request again to see the progress.',
    cachedSeconds: 'Caches between the server and readers may show the uploaded media of the erased text for this long.',
  }),
  OwedErasure: serverObject(schemas.owedErasureSchema, 'A place where erased text may still exist.', {
    where: 'A server or a store.',
    why: 'What the erasure waits for.',
  }),
  Problem: serverObject(schemas.problemSchema, 'An RFC 9457 problem document.', {
    type: '`urn:pressbox:problem:` and the code.',
    code: 'Never changes. Branch on this code.',
    status: 'The HTTP status, also over a socket.',
    title: 'A sentence for a person. It is the same for every problem with this code.',
    detail: 'What happened in this case.',
    errors: 'With `invalid-body`: each value that did not fit.',
    current: 'With `revision-moved`: the current post or channel.',
    outcome:
      'With `journal-unavailable` and `channel-lost`: whether the write may have happened. Send it again with the same key.',
    line: 'With a refused import: the line that did not fit, counted from 1. The lines before it were imported.',
    imported: 'With a refused import: the result of the lines before.',
    retryAfter: 'Seconds until a retry, if a retry can help.',
  }),
  FieldError: serverObject(schemas.fieldErrorSchema, 'A value that did not fit.', {
    path: 'The path of the value, such as `media[2].url`, or the name of a header. Empty for the whole body.',
    message: 'What the server expects.',
  }),

  LineFacts: clientObject(transfer.lineFactsSchema, 'The facts of a journal entry, without its text.', lineFacts),
  ErasedFacts: clientObject(transfer.erasedFactsSchema, 'The facts of a journal entry whose text was erased.', lineFacts),
  ChannelLine: clientObject(
    transfer.channelLineSchema,
    'A revision of a channel. The first line of each channel is one of these.',
    {
      channel: 'The channel after the revision.',
      revision:
        'If it is left out, the revision has the time at which the channel says it changed, and the person who imports as its author.',
    },
  ),
  PostLine: clientObject(transfer.postLineSchema, 'A revision of a post. The revisions of a post are in order, from the first.', {
    post: 'The post after the revision, without `seq` and `html`, which the import computes.',
    revision: 'Who wrote the revision and when.',
  }),
  ErasedLine: clientObject(transfer.erasedLineSchema, 'A revision of a post whose text was erased.', {
    post: 'The post.',
    revision: 'Who wrote the revision and when, and the hash of the text.',
  }),
  ErasedPost: clientObject(transfer.erasedPostSchema, 'A post whose text was erased.', {
    id: post.id,
    channelId: post.channelId,
    revision: 'The erased revision.',
  }),
  WrittenChannel: clientObject(transfer.writtenChannelSchema, 'A channel in a line.', {
    ...channel,
    picture: `${channel.picture} An export leaves it out if there is none.`,
  }),
  WrittenPost: clientObject(transfer.writtenPostSchema, 'A post in a line. A withdrawn post is empty.', writtenPost),
  WrittenChange: clientObject(transfer.writtenChangeSchema, 'A change of a channel in a line.', change),
  WrittenAuthorChange: clientObject(transfer.writtenAuthorChangeSchema, 'A change of a post in a line.', {
    ...change,
    by: 'The token `sub` of the person who made it.',
  }),
  ImportLine: value(transfer.lineSchema, 'A line of an export, or a line that another system wrote in the same form.'),
  Imported: serverObject(schemas.importedSchema, 'The result of an import.', {
    channels: 'New channels.',
    posts: 'New posts.',
    revisions: 'Lines written.',
    skipped: 'Lines that existed already, or whose text was erased here since.',
    withheld: 'Lines of posts that were taken down here. They stay taken down.',
    conflicting: 'Lines that contradict entries written here in the meantime. The existing entries stay.',
    conflicts: `The first ${limitInWords('importConflicts')} conflicts.`,
    sameHistory:
      'True if every written entry has the same position as in its original history, so cursors from there are valid here.',
  }),
  ImportConflict: serverObject(schemas.importConflictSchema, 'A line that was not written.', {
    line: 'The number of the line, counted from 1.',
    channelId: 'The channel.',
    postId: 'The post. Null for the channel itself.',
    revision: 'The revision in the line.',
    why: 'A sentence for a person.',
  }),

  ChannelList: serverObject(schemas.channelListSchema, 'A page of channels, newest first.', {
    channels: 'The channels that the client may know about.',
    next: 'The `page` of the next request. Null at the end.',
    complete:
      '`false` if some channels cannot be listed at the moment because their data in the store is damaged. A missing channel may be one of them. Otherwise left out.',
  }),
  ChannelAnswer: serverObject(schemas.channelAnswerSchema, 'A channel after a write.', { channel: 'The channel.', ...written }),
  PostAnswer: serverObject(schemas.postAnswerSchema, 'A post after a write.', { post: 'The post.', ...written }),
  RevisionAnswer: serverObject(schemas.revisionAnswerSchema, 'A post after a change or a withdrawal.', {
    post: 'The post.',
    ...written,
    derived: 'Published posts that restate this one and may need the same change.',
    erasure: 'With a takedown and `eraseEarlier`.',
  }),
  DerivedPost: serverObject(schemas.derivedPostSchema, 'A post that restates another one.', {
    id: 'The post.',
    kind: 'Its kind.',
    headline: 'Its headline.',
  }),
  Revocation: clientObject(schemas.revocationSchema, 'A token to revoke.', {
    jti: 'The `jti` of the token.',
    expiresAt: 'When the token expires. Without it, the revocation is kept forever.',
  }),
  RevocationAnswer: serverObject(schemas.revocationAnswerSchema, 'A revoked token.', {
    jti: 'The `jti` of the token.',
    until: 'How long the revocation is kept. Null: forever.',
  }),
  Rights: serverObject(
    schemas.rightsSchema,
    'The rights of a token. Each string is a channel id, a prefix that ends in `*`, or `*`.',
    {
      reader: 'Channels in which it may read posts for members.',
      author: 'Channels in which it may publish.',
      editor: 'Channels in which it may change everything.',
      admin: 'Whether it may do everything.',
    },
  ),
  Session: serverObject(schemas.sessionSchema, 'The signed-in user.', {
    sub: 'The `sub` of the token.',
    name: 'The byline.',
    ownerKey:
      'Opaque. Equal for every token and session of the same person: the same `sub` of the same issuer. Equal to `ownerKey` of the posts that the person owns, if they have one.',
    rights: 'The rights of the token.',
    expiresAt: 'When the session or token expires.',
    idleSeconds: 'How long a session can stay unused before it ends. Left out if the server has no idle limit.',
  }),
  SessionAnswer: serverObject(schemas.sessionAnswerSchema, 'The session of the request.', {
    session: 'Null if nobody is signed in.',
  }),
  SignInForm: {
    ...clientObject(schemas.signInFormSchema, 'The sign-in form.', { token: 'The token.', to: back }),
    closed: false,
  },
  SignOutForm: { ...clientObject(schemas.signOutFormSchema, 'The sign-out form.', { to: back }), closed: false },
  UploadAnswer: serverObject(schemas.uploadAnswerSchema, 'The answer to an upload.', { media: 'What was uploaded.' }),
  UploadedMedia: serverObject(schemas.uploadedMediaSchema, 'An upload of a channel.', uploaded),
  MediaFile: serverObject(schemas.mediaFileSchema, 'One file of an upload.', file),
  MediaList: serverObject(schemas.mediaListSchema, 'A page of the uploads of a channel, by id.', {
    media: 'The uploads.',
    next: 'The `page` of the next page. Null at the end.',
  }),
  StoredUpload: serverObject(schemas.storedMediaSchema, "An upload as its channel's editors see it.", {
    ...uploaded,
    by: 'The `sub` of the uploader.',
    isUsed: 'Whether a published post, or the channel itself, uses it. Only then an export has its files.',
    files: 'Its files, in the order in which an import sends them.',
  }),
  StoredFile: serverObject(schemas.storedFileSchema, 'One file of an upload, with its hash.', {
    ...file,
    name: 'Its name, which the posts of an export contain.',
    sha256: 'The SHA-256 of the file in hexadecimal digits. Null if it was uploaded to a version that did not store it.',
  }),
  MovedMedia: clientObject(
    transfer.movedMediaSchema,
    'The first line of an imported upload: one line of JSON. The bytes of its files follow it in their order.',
    {
      type: 'What it is.',
      width: 'As in the list of uploads.',
      height: 'As in the list of uploads.',
      durationSeconds: 'As in the list of uploads.',
      uploadedAt: 'When it was uploaded first.',
      by: 'The `sub` of the uploader.',
      files: 'Its files. Of a video or a sound there is one.',
    },
  ),
  MovedFile: clientObject(transfer.movedFileSchema, 'One file of an imported upload.', {
    name: 'Its name, which the posts of the export contain.',
    width: 'In pixels. Null for sound.',
    mimeType: 'Its media type, with which its bytes must agree.',
    bytes: 'Its size.',
    sha256: 'Its SHA-256 in hexadecimal digits, with which its bytes must agree.',
  }),
  DeletionAnswer: serverObject(schemas.deletionAnswerSchema, 'A deleted channel that is not erased everywhere yet.', {
    erasure: 'The progress of the erasure.',
  }),
  PostPage: serverObject(
    schemas.postPageSchema,
    "A page of posts, newest first: in the author's view for authors of the channel, and in the reader's view for everyone else.",
    {
      posts: 'The posts.',
      cursor: asOf,
      more,
    },
  ),
  RevisionPage: serverObject(
    schemas.revisionPageSchema,
    'A page of the revisions of a post, oldest first. Each is the post as it was.',
    {
      revisions: 'The revisions that were not erased.',
      more,
    },
  ),
  CorrectionPage: serverObject(schemas.correctionPageSchema, 'A page of corrections, newest first.', {
    corrections: 'The corrections.',
    cursor: asOf,
    more,
  }),
  ServerEntry: serverObject(schemas.serverEntrySchema, "A line of the server's own journal, without text.", {
    offset: 'The position in the journal.',
    type: 'What happened.',
    subject: "The channel, the token's `jti`, or the version of the renderer.",
    detail:
      'For a created channel, the start value of its hash chain. For a channel that was found, its position. For a revocation, when it expires. For an imported erasure, the post and revision. For a renderer, its address.',
    at: 'The time of the entry.',
    by: 'The token `sub` of the person who did it, or `pressbox:server`.',
    hash: 'SHA-256 of the facts of the entry, in hex.',
    check: 'The value of the hash chain here, in hex.',
    stands: 'For a revocation: whether it is in effect or has expired.',
  }),
  ServerJournalPage: serverObject(schemas.serverJournalPageSchema, "A page of the server's own journal, oldest first.", {
    root: 'The start value of the hash chain.',
    entries: 'The entries.',
    more,
  }),
  JournalPage: serverObject(schemas.journalPageSchema, 'A page of the audit trail, oldest first.', {
    entries: 'The entries.',
    more,
  }),
  Health: serverObject(schemas.healthSchema, 'The health of the server.', {
    status: '`degraded` means that the server answers, but cannot write, or that readers may see old state.',
    reason: 'Why it is degraded.',
    since: 'Since when it is degraded.',
    unsafe: 'Settings of the store that must be changed for writes to be durable.',
    otherSecrets: 'Servers of the store that share no secret with this one, by the names in their logs.',
    unconfirmedMaster: 'Why no majority of the Sentinels confirms the Redis server in use.',
  }),

  NewChannel: clientObject(schemas.newChannelSchema, 'A channel to create.', newChannel),
  ChannelPatch: clientObject(schemas.channelPatchSchema, 'The fields to change. All others stay unchanged (RFC 7396).', {
    ...channel,
    change: 'Required with a changed headline or standfirst. Allowed with a changed picture.',
  }),
  ChannelChange: clientObject(
    schemas.channelChangeSchema,
    'The kind of a change of headline, standfirst or picture, and its note.',
    {
      kind: change.kind,
      note,
    },
  ),
  NewPost: clientObject(schemas.newPostSchema, 'A post to publish. It requires a headline, a body or media.', {
    id: 'You can choose the id, so that you know it before the post is published. Without it, the server creates one.',
    ...postChanges,
    kind: `${postChanges.kind} Default \`update\`.`,
  }),
  PostChanges: clientObject(schemas.postChangesSchema, 'The fields to change, each with its complete new value.', postChanges),
  Revision: clientObject(schemas.revisionSchema, 'A change of a published post.', {
    kind: '`refile` fixes a typing slip, `update` adds something, `clarification` and `correction` tell readers what was unclear or wrong.',
    note,
    changes: 'The fields to change.',
    eraseEarlier:
      'Also erases the text of the earlier revisions and the notes of refiles and updates. Requires the rights of an editor of the channel. Notes of corrections and clarifications stay unless `eraseNotes` lists their revisions.',
    eraseNotes: 'With `eraseEarlier`: revisions whose correction or clarification notes are erased too.',
  }),
  Retraction: clientObject(schemas.retractionSchema, 'The reason for a retraction.', { note: 'What was wrong, for readers.' }),
  Takedown: clientObject(schemas.takedownSchema, 'The reason for a takedown.', { note: 'An optional note for readers.' }),

  Subscribe: clientObject(schemas.subscribeSchema, 'The channel to follow, and where to continue.', {
    channelId: 'The channel.',
    after: 'Your cursor. Without it you get a snapshot.',
    limit: 'The number of posts in a snapshot. A replay is limited only by size.',
  }),
  Unsubscribe: clientObject(schemas.unsubscribeSchema, 'The channel to stop following.', { channelId: 'The channel.' }),
  SubscribedReplay: serverObject(schemas.subscribedReplaySchema, 'A replay. With `more: false` the subscription is live.', {
    ok: acknowledged,
    ...replay,
  }),
  SubscribedSnapshot: serverObject(schemas.subscribedSnapshotSchema, 'A snapshot. With `more: false` the subscription is live.', {
    ok: acknowledged,
    ...fromSnapshot,
  }),
  Acknowledged: serverObject(schemas.unsubscribedAnswerSchema, 'The request succeeded.', { ok: acknowledged }),
  Refused: serverObject(schemas.refusedAnswerSchema, 'The request was refused.', {
    ok: 'Always false. Nothing changed.',
    problem: 'The reason.',
  }),
  Store: serverObject(
    schemas.storeSchema,
    'The server lost its store or reached it again. Until the store is back, what you hold may be out of date. There is nothing to do.',
    {
      reachable: 'Whether the server can reach the store.',
      since: 'When that began.',
    },
  ),
  Unsubscribed: serverObject(schemas.unsubscribedSchema, 'A subscription has ended.', {
    channelId: 'The channel.',
    reason:
      '`slow`: subscribe again with your cursor. `history`: the history was replaced, so subscribe again and expect a reset. `expired`, `revoked`: your token is no longer valid. `forbidden`: you may no longer read the channel. `gone`: the channel was deleted.',
  }),
  Ping: serverObject(schemas.pingSchema, 'Keeps the stream alive.', {}),
  Drain: serverObject(schemas.drainSchema, 'The server is shutting down. Reconnect at a random moment within the given time.', {
    withinMs: 'The time in milliseconds.',
  }),
} as const satisfies Record<string, Component>;

export type ComponentName = keyof typeof components;
