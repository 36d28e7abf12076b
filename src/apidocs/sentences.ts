/** What fields mean, where several schemas share them. */

export const back = 'The path of the page to which it leads back; default: the list of channels.';

export const change = {
  revision: 'The revision that the change made.',
  kind: 'What was done: `refile` a typing slip, `update` something was added, `clarification`, `correction`, `retraction`, `takedown`.',
  note: 'What was unclear or wrong, for readers; null where nothing was said, or where it was erased.',
  at: 'When.',
};

export const channel = {
  id: 'Chosen by the editor, or made from the headline.',
  state: 'A scheduled channel takes posts. An ended one takes revisions and withdrawals, but no new posts; it can go live again.',
  headline: 'Plain text.',
  standfirst: 'The paragraph under the headline; plain text.',
  section: 'Where the newsroom files it.',
  byline: 'Who covers it.',
  language: 'BCP 47 tag of the language it is written in.',
  timezone: 'IANA name of the zone in which pages tell times.',
  access: "`members`: posts need a reader's token. `desk`: only its authors and editors know of it.",
  url: "The newsroom's own page that carries it.",
  pinnedPostId: 'The post that stands on top.',
  startsAt: 'When it is to begin.',
  createdAt: 'When it was made.',
  startedAt: 'When it first went live.',
  endedAt: 'When it ended; null while it has not.',
  updatedAt: 'Last change of the channel itself, not of its posts.',
  revision: 'Rises by one with each change of the channel. Say it in `If-Match`.',
  history: 'Changes of headline and standfirst that carried a kind, newest last.',
};

export const newChannel = {
  id: channel.id,
  state: 'Default `live`.',
  headline: channel.headline,
  standfirst: channel.standfirst,
  section: channel.section,
  byline: channel.byline,
  language: `${channel.language} Default \`en\`.`,
  timezone: `${channel.timezone} Default \`UTC\`.`,
  access: `${channel.access} Default \`public\`.`,
  url: channel.url,
  startsAt: channel.startsAt,
};

export const postChanges = {
  kind: '`breaking` and `summary` are shown as such. Read an unknown kind as `update`.',
  keyEvent: 'Listed among the key events; then a headline is required.',
  headline: 'Plain text.',
  body: 'CommonMark with tables, strikethrough and bare links, kept character by character; HTML in it is text.',
  media: 'Pictures, films and links that belong to it, in order.',
  authors: "The byline; by default the token's `name`.",
  sources: 'Who reported it.',
  verification: 'Whether the newsroom stands by what the sources say.',
  developing: 'More is to follow.',
  derivedFrom: 'Posts of this channel that a summary restates.',
};

export const post = {
  id: 'UUIDv7; may be chosen by the client.',
  channelId: 'The channel it stands in.',
  seq: 'The offset of its first publication: the display order, highest on top.',
  kind: postChanges.kind,
  keyEvent: postChanges.keyEvent,
  headline: postChanges.headline,
  html: 'The body as HTML from a short list of tags: safe to insert as it is. Empty where there is no body.',
  media: postChanges.media,
  authors: 'The byline.',
  sources: postChanges.sources,
  verification: postChanges.verification,
  developing: postChanges.developing,
  derivedFrom: postChanges.derivedFrom,
  status:
    'A withdrawn post is a tombstone: its place, times and history stay, all else is null, false or empty. Treat an unknown status as withdrawn.',
  revision: 'Rises by one with every event of the post. Of two copies the higher counts.',
  publishedAt: 'When it was published.',
  updatedAt: 'Last change other than a refile.',
  history: 'What was changed, newest last; of a long one the oldest refiles and updates go first.',
};

const { seq: _seq, html: _html, ...postWithout } = post;
export const writtenPost = {
  ...postWithout,
  body: postChanges.body,
  publishedBy: 'Token `sub` of who published it.',
  ownerKey: 'Opaque: whose post it is, where an issuer was set.',
};

export const lineFacts = {
  chained: 'True where `erases` is a fact of the chain, covered by `check`: always, but for entries written before it was.',
  type: 'Which event it was; it follows from the rest.',
  kind: 'The kind of change; null for a first publication, and where a channel was changed without one.',
  at: 'When.',
  by: 'Token `sub` of who did it.',
  erases: 'The revisions of the post up to this one were erased by it.',
  salt: 'What makes the hash of its text the same elsewhere. Erased with the text.',
  content: 'The salted hash of a text that was erased.',
  offset: 'Its place in the journal.',
  check: 'The value of the hash chain there.',
  root: 'With the first entry: what the chain begins with.',
};

export const event = {
  channelId: 'The channel.',
  from: 'The first offset that the event stands for.',
  offset: 'The last one. The two differ where events that a later one supersedes were left out.',
  cursor: 'Keep it: it stands for everything up to `offset`.',
  at: 'When.',
  type: 'What happened. Skip an unknown type and keep its cursor.',
};

export const written = {
  cursor: 'Stands after the write, and after the unpinning where a pinned post was withdrawn.',
  offset: 'The offset that the cursor stands for.',
};

export const asOf = 'As of which the answer is true.';
export const more = 'Whether there is more: ask for the next page, also where this one holds fewer than asked for.';
export const note = 'What was unclear or wrong, for readers. Required for a clarification and a correction.';

const catchUp = {
  covers: 'After applying it your offset is `to`, whatever the last event was.',
  cursor: 'Keep it; ask again from here.',
  more: 'There is more to catch up: ask again from `cursor`.',
};
export const replay = {
  mode: 'What changed since your cursor.',
  reset: 'Never: a replay goes on from where you were.',
  ...catchUp,
  events: 'Each post (and the channel) that changed, once, in its latest state, in the order of the last changes.',
};
export const fromSnapshot = {
  mode: 'You sent no cursor, or one that is not of this history.',
  reset: 'Your cursor was not of this history: drop what you held.',
  ...catchUp,
  snapshot: 'The channel as it is.',
};
export const acknowledged = 'It was done.';
