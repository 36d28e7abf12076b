import type { PostKind, Verification } from '../../../../../src/protocol/model.ts';
import type { LackReason } from '../../composer/post-draft.ts';

/** The words of the composer and of the list of drafts. */
export interface ComposerWords {
  newPost: string;
  /** The one line on a phone that opens the composer. */
  write: string;
  fold: string;
  headline: string;
  body: string;
  bodyPlaceholder: string;
  /** "12 of 300 characters". */
  characters: (used: string, most: string) => string;
  kind: string;
  kinds: Record<PostKind, string>;
  keyEvent: string;
  developing: string;

  // Rarely needed fields
  more: string;
  verification: string;
  verifications: Record<Verification, string>;
  notStated: string;
  sources: string;
  source: string;
  via: string;
  address: string;
  cardAddress: string;
  addSource: string;
  byline: string;
  name: string;
  role: string;
  addName: string;
  /** The byline of a post without names: that of the session. */
  bylineOf: (name: string) => string;
  pictures: string;
  picture: string;
  linkCard: string;
  addPicture: string;
  addLink: string;
  pictureAddress: string;
  description: string;
  descriptionHelp: string;
  caption: string;
  credit: string;
  cardTitle: string;
  cardTitleHelp: string;
  cardSource: string;
  cardDescription: string;
  cardPicture: string;
  cardPictureAddress: string;
  remove: (what: string) => string;
  undoTime: string;
  seconds: (count: string) => string;
  noUndoTime: string;
  /** Names the choice of the time after which an unsent post is not sent by itself. */
  undoTimeWhy: string;
  askTime: string;
  askTimeWhy: string;
  minutes: (count: string) => string;

  // Earlier posts
  earlierPosts: string;
  searchPosts: string;
  searchHelp: string;
  linkInText: string;
  restates: string;
  restated: (count: string) => string;
  searched: (count: string) => string;
  searchOlder: string;
  nothingFound: string;
  searchFailed: string;
  postAt: (at: string) => string;
  close: string;

  // Formatting
  formatting: string;
  bold: string;
  italic: string;
  link: string;
  heading: string;
  list: string;
  numberedList: string;
  quote: string;
  tableTools: Record<'table' | 'add-row' | 'remove-row' | 'add-column' | 'remove-column', string>;
  undo: string;
  redo: string;

  preview: string;
  hidePreview: string;
  previewEmpty: string;

  publish: string;
  publishAtOnce: string;
  ended: string;
  lacks: Record<LackReason, string>;
  /** Above the list of what is missing. */
  before: string;
  /** Announced once, after publishing. */
  heldFor: (seconds: string) => string;
  sentAtOnce: string;
  /** In place of these two while nothing can be sent. */
  savedHere: string;
  /** The device takes long to store what was published. */
  storing: string;
  notStored: string;

  // Drafts
  drafts: (count: string) => string;
  restoredFrom: (at: string) => string;
  putAside: string;
  /** A text made way for another one. */
  setAside: (title: string) => string;
  backToIt: string;
  openDraft: (what: string) => string;
  discardDraft: (what: string) => string;
  discardSure: string;
  keep: string;
  openElsewhere: string;
  draftsNotKept: string;
  inCoverage: (channelId: string) => string;
  withoutText: string;

  // Keys
  keyWrite: string;
  keyPublish: string;
}
