import type { ChangeKind, PostKind, Verification } from '../../../src/protocol/model.ts';
import type { Language } from './languages.ts';

/** The words that stand around posts wherever they are shown, in one language. What is missing in a language does not compile. */
export interface Words {
  language: Language;
  /** Between two things that are told in a row. */
  comma: string;
  /** Between what is told of and its names: "1 correction: ". */
  colon: string;

  // Of a post
  kinds: Record<Exclude<PostKind, 'update'>, string>;
  keyEvent: string;
  verification: Record<Verification, string>;
  developing: string;
  source: string;
  via: string;
  drawnFrom: string;
  postNumber: (nth: string) => string;
  watchVideo: string;
  changes: Record<Exclude<ChangeKind, 'refile'>, string>;
  changed: string;
  updated: string;
  earlierVersions: string;
  copyLink: string;
  linkCopied: string;
  linkNotCopied: string;
  share: string;
  /** Which post a control is of, for those who hear it alone: "14:05 UTC". */
  ofPost: (name: string, at: string) => string;
  withdrawn: string;
  unavailable: string;

  // Of a channel
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

  // Of the connection
  upToDate: string;
  connecting: (asOf: string) => string;
  reconnecting: (asOf: string) => string;
  offline: (asOf: string) => string;
  heldUp: (asOf: string) => string;
  stopped: (asOf: string) => string;
  deleted: string;

  // What is new, and what is older
  newPosts: Plural;
  corrections: Plural;
  withdrawals: Plural;
  newerPosts: string;
  newestPosts: string;
  olderPosts: string;

  // Said to screen readers
  aPost: string;
  named: (headline: string) => string;
  saidNew: string;
  saidNewNamed: (headline: string) => string;
  saidCorrected: (name: string, note: string) => string;
  saidClarified: (name: string, note: string) => string;
  saidRetracted: string;
  saidRemoved: string;

  // Where nothing may be shown
  forMembers: string;
}

/** What the server's own pages and feeds say beyond that, and the element where it does as they do. */
export interface PageWords {
  // Of a channel
  asItHappened: string;
  storySoFar: string;
  /** Stands before the number of further key events. */
  earlier: string;

  // How times are told, to be chosen from. Behind the two there stands the label of the zone: "(UTC)"
  times: string;
  coverageTime: string;
  ownTime: string;
  howLongAgo: string;

  // The ways on
  /** Posts that came in above the page: "3 new". */
  cameIn: Plural;
  /** Said to screen readers, of posts that were paged in. */
  saidNewer: Plural;
  saidOlder: Plural;

  // To someone who comes back
  missed: string;
  sinceYouLeft: (at: string) => string;
  whileOffline: (at: string) => string;
  close: string;

  /** The name of a post that has none, as it stands within a sentence. */
  postOf: (at: string) => string;
}

/** What the embedded element says, and no page of ours. */
export interface ElementWords {
  connectingFirst: string;
  olderFailed: string;
  openPage: string;
  noChannel: string;
  notFound: string;
  notAdmitted: string;
  refused: string;
}

/** What the file of a language holds, `de.ts`. */
export interface LanguageWords {
  words: Words;
  page: PageWords;
  element: ElementWords;
}

/** By the plural categories that the language has (Unicode CLDR); `#` stands for the number. */
export type Plural = { readonly other: string } & Partial<Readonly<Record<Intl.LDMLPluralRule, string>>>;

/** What there is that someone was not shown yet. */
export interface News {
  posts: number;
  corrections: number;
  withdrawals: number;
}
