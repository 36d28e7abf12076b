/** Descriptions of fields that several schemas share. */

export const back = 'The path of the page to return to. Default: the list of channels.';

export const change = {
  revision: 'The revision that the change made.',
  kind: 'The kind of change: `refile` fixes a typing slip, `update` adds something, or `clarification`, `correction`, `retraction`, `takedown`.',
  note: 'What was unclear or wrong, for readers. Null if there was no note or it was erased.',
  at: 'The time of the change.',
};

/** A picture, of a post or a channel. */
export const picture = {
  url: 'The file: at `https:`, or on this server.',
  alt: 'A description for people who cannot see the picture. Empty for decoration.',
  caption: 'Printed below it.',
  credit: 'The creator of the picture.',
  width: 'In pixels.',
  height: 'In pixels.',
  focus: 'The point that stays in view where a page crops the picture. Without one it is the middle.',
  renditions: 'The files of an uploaded picture, narrowest first. The server writes them, and ignores them in requests.',
};

export const channel = {
  id: 'Chosen by the editor, or derived from the headline.',
  state:
    'A scheduled channel accepts posts. An ended channel accepts revisions and withdrawals, but no new posts, and can go live again.',
  headline: 'Plain text.',
  standfirst: 'The paragraph under the headline, in plain text.',
  section: 'The section of the newsroom, such as "Science".',
  byline: 'The people who cover it.',
  picture: 'The picture of the coverage, shown with its headline.',
  language: 'The BCP 47 tag of the language it is written in.',
  timezone: 'The IANA name of the time zone in which pages show times.',
  access: "`members`: reading posts requires a reader's token. `desk`: only its authors and editors can see that it exists.",
  url: "The newsroom's own page that shows the channel.",
  pinnedPostId: 'The post that is pinned on top.',
  startsAt: 'The planned start.',
  createdAt: 'When it was created.',
  startedAt: 'When it first went live.',
  endedAt: 'When it ended. Null until then.',
  updatedAt: 'The last change of the channel itself, not of its posts.',
  revision: 'Increases by one with each change of the channel. Send it in `If-Match`.',
  history: 'Changes of the headline, standfirst and picture that had a kind, newest last.',
};

export const newChannel = {
  id: channel.id,
  state: 'Default `live`.',
  headline: channel.headline,
  standfirst: channel.standfirst,
  section: channel.section,
  byline: channel.byline,
  picture: channel.picture,
  language: `${channel.language} Default \`en\`.`,
  timezone: `${channel.timezone} Default \`UTC\`.`,
  access: `${channel.access} Default \`public\`.`,
  url: channel.url,
  startsAt: channel.startsAt,
};

export const postChanges = {
  kind: 'Pages mark `breaking` and `summary` posts. Read an unknown kind as `update`.',
  keyEvent: 'Lists the post among the key events. Requires a headline.',
  headline: 'Plain text.',
  body: 'CommonMark with tables, strikethrough and bare links, stored unchanged. HTML in it is treated as text.',
  media: 'Pictures, videos and links of the post, in display order.',
  authors: "The byline. Default: the token's `name`.",
  sources: 'The people and organizations that reported it.',
  verification: 'Whether the newsroom verified what the sources say.',
  developing: 'Whether more is expected.',
  derivedFrom: 'The posts of this channel that this post restates, such as those of a summary.',
};

export const post = {
  id: 'A UUIDv7. The client can choose it.',
  channelId: 'The channel of the post.',
  seq: 'The offset at which it was first published. Posts are shown in this order, highest on top.',
  kind: postChanges.kind,
  keyEvent: postChanges.keyEvent,
  headline: postChanges.headline,
  html: 'The body as HTML, from a short list of tags. Safe to insert as it is. Empty if there is no body.',
  media: postChanges.media,
  authors: 'The byline.',
  sources: postChanges.sources,
  verification: postChanges.verification,
  developing: postChanges.developing,
  derivedFrom: postChanges.derivedFrom,
  status:
    'A withdrawn post is a tombstone: its place, times and history stay, and all other fields are null, false or empty. Treat an unknown status as withdrawn.',
  revision: 'Increases by one with every event of the post. Of two copies, keep the higher one.',
  publishedAt: 'When it was published.',
  updatedAt: 'The last change that was not a refile.',
  history: 'The changes, newest last. When there are too many, the oldest refiles and updates are dropped first.',
};

const { seq: _seq, html: _html, ...postWithout } = post;
export const writtenPost = {
  ...postWithout,
  body: postChanges.body,
  publishedBy: 'The token `sub` of the person who published it.',
  ownerKey: 'Opaque. Identifies the owner of the post if an issuer was configured.',
};

export const lineFacts = {
  chained: 'True if `erases` is part of the hash chain and covered by `check`. Only entries of older versions leave it out.',
  type: 'The type of the event. It follows from the other fields.',
  kind: 'The kind of change. Null for a first publication, and for a change of a channel without a kind.',
  at: 'The time of the entry.',
  by: 'The token `sub` of the person who wrote it.',
  erases: 'This entry erased the revisions of the post up to this one.',
  salt: 'The salt of the hash of its text, so that the hash is the same elsewhere. Erased with the text.',
  content: 'The salted hash of the erased text.',
  offset: 'The position in the journal.',
  check: 'The value of the hash chain at that position.',
  root: 'Only in the first entry: the start value of the hash chain.',
};

export const event = {
  channelId: 'The channel.',
  from: 'The first offset that the event stands for.',
  offset: 'The last offset that the event stands for. It differs from `from` if superseded events were left out.',
  cursor: 'Store it: it covers everything up to `offset`.',
  at: 'The time of the event.',
  counts: 'How much the channel has as of `offset`. Left out if the server does not know it.',
  type: 'What happened. Skip an unknown type and keep its cursor.',
};

export const written = {
  cursor: 'The cursor after the write. If a pinned post was withdrawn, also after it was unpinned.',
  offset: 'The offset that the cursor stands for.',
};

export const asOf = 'The cursor for the state in the answer. Continue from it.';
export const more = 'Whether there is more. If true, request the next page, even if this page has fewer entries than requested.';
export const note = 'What was unclear or wrong, for readers. Required for a clarification and a correction.';

const catchUp = {
  covers: 'After you apply the answer, your offset is `to`, whatever the last event was.',
  cursor: 'Store it, and ask again from here.',
  counts: 'How much the channel has as of `covers.to`. Left out if the server does not know it, as when there is more.',
  more: 'There is more to catch up: ask again with `cursor`.',
};
export const replay = {
  mode: 'What changed since your cursor.',
  reset: 'Always false: a replay continues from your cursor.',
  ...catchUp,
  events: 'Each changed post, and the channel if it changed, once, in its latest state, in the order of the last changes.',
};
export const fromSnapshot = {
  mode: 'You sent no cursor, or a cursor of a different history.',
  reset: 'True if your cursor was of a different history: drop everything you held.',
  ...catchUp,
  snapshot: 'The current state of the channel.',
};
export const acknowledged = 'The request succeeded.';
