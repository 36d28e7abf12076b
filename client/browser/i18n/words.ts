import type { ChangeKind, PostKind, Verification } from '../../../src/protocol/model.ts';
import type { Language } from './languages.ts';

/** The words around posts, in one language. A missing word does not compile. */
export interface Words {
  language: Language;
  /** Between items of a list. */
  comma: string;
  /** Between a count and the names: "1 correction: ". */
  colon: string;

  // Posts
  kinds: Record<Exclude<PostKind, 'update'>, string>;
  keyEvent: string;
  verification: Record<Verification, string>;
  developing: string;
  source: string;
  via: string;
  drawnFrom: string;
  postNumber: (nth: string) => string;
  watchVideo: string;
  /** Opens a post of another site on the page. `site`: "YouTube". */
  showEmbed: (site: string) => string;
  changes: Record<Exclude<ChangeKind, 'refile'>, string>;
  changed: string;
  updated: string;
  earlierVersions: string;
  /** The link in the note of a correction. */
  seeChange: string;
  copyLink: string;
  linkCopied: string;
  linkNotCopied: string;
  share: string;
  /** The accessible name of a control, with the time of its post: "14:05 UTC". */
  ofPost: (name: string, at: string) => string;
  withdrawn: string;
  unavailable: string;

  // Channels
  live: string;
  scheduled: string;
  ended: string;
  begins: (at: string) => string;
  endedAt: (at: string) => string;
  by: (names: string) => string;
  pinned: string;
  keyEvents: string;
  posts: string;
  nothingYet: string;
  nothingAtAll: string;
  nothingOlder: string;

  // Connection
  upToDate: string;
  connecting: (asOf: string) => string;
  reconnecting: (asOf: string) => string;
  offline: (asOf: string) => string;
  heldUp: (asOf: string) => string;
  stopped: (asOf: string) => string;
  deleted: string;

  // New and older posts
  /** Precedes the time of the newest post. */
  lastUpdated: string;
  /** All posts of a channel: "62 posts". */
  postCount: Plural;
  newPosts: Plural;
  corrections: Plural;
  withdrawals: Plural;
  newerPosts: string;
  newestPosts: string;
  olderPosts: string;

  // Announced to screen readers
  aPost: string;
  named: (headline: string) => string;
  saidNew: string;
  saidNewNamed: (headline: string) => string;
  saidCorrected: (name: string, note: string) => string;
  saidClarified: (name: string, note: string) => string;
  saidRetracted: string;
  saidRemoved: string;

  // Instead of posts
  forMembers: string;
}

/** Further words of the server's own pages. The element uses those for features that it shares with the pages. */
export interface PageWords {
  // Channels
  asItHappened: string;
  storySoFar: string;
  /** Unfolds all key events, with their number. */
  all: (count: string) => string;
  /** Unfolds the summary. */
  showAll: string;

  /** A button that keeps new posts waiting, and its name while they wait. */
  pauseUpdates: string;
  resumeUpdates: string;

  // How times are shown. The first two are followed by the label of the zone: "(UTC)"
  times: string;
  coverageTime: string;
  ownTime: string;
  howLongAgo: string;

  // Paging
  /** Announced to screen readers after loading posts. */
  saidNewer: Plural;
  saidOlder: Plural;

  // Missed summary
  missed: string;
  sinceYouLeft: (at: string) => string;
  whileOffline: (at: string) => string;
  close: string;

  /** The name of a post without a headline, within a sentence. */
  postOf: (at: string) => string;
}

/** The words of the embedded element only. */
export interface ElementWords {
  connectingFirst: string;
  olderFailed: string;
  openPage: string;
  noChannel: string;
  notFound: string;
  notAdmitted: string;
  refused: string;
}

/** The content of a language's file, such as `de.ts`. */
export interface LanguageWords {
  words: Words;
  page: PageWords;
  element: ElementWords;
}

/** By plural category of the language (Unicode CLDR). `#` stands for the number. */
export type Plural = { readonly other: string } & Partial<Readonly<Record<Intl.LDMLPluralRule, string>>>;

/** Counts of what a reader has not seen yet. */
export interface News {
  posts: number;
  corrections: number;
  withdrawals: number;
}
