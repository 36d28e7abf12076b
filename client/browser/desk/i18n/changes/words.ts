import type { RevisionKind } from '../../../../../src/protocol/model.ts';

/** The words for changing a published post: correcting it, deciding a conflict, and withdrawing it. */
export interface ChangesWords {
  // Correcting
  editing: string;
  loading: string;
  notLoaded: string;
  tryAgain: string;
  /** The question above the kinds of a change. */
  what: string;
  kinds: Record<RevisionKind, { label: string; hint: string }>;
  /** A typing slip that changes a figure, a name or a quotation. */
  factAsSlip: string;
  chooseKind: string;
  /** The kind that the difference suggests. */
  suggested: string;
  answerPublishes: string;
  /** The kind needs a note, and none is suggested. */
  noteNext: string;
  changeNote: string;
  note: string;
  noteOptional: string;
  noteMissing: string;
  noteTooLong: string;
  nothingChanged: string;
  before: string;
  /** The rarely changed fields. */
  more: string;
  publish: string;
  close: string;
  discard: string;
  keptAsDraft: string;
  restored: string;
  /** The note and the changes come from the correction of another post. */
  carriedOver: string;
  notStored: string;
  /** Announced once, after publishing. */
  handedOver: string;
  follows: string;
  changedMeanwhile: string;
  /** Leads to what has changed meanwhile. */
  readNews: string;
  takeOver: string;
  tookOver: string;
  bothChanged: string;
  withdrawnMeanwhile: string;

  // Erasing earlier versions
  eraseEarlier: string;
  eraseEarlierHint: string;
  /** A note of an earlier change, which is erased too. */
  eraseNote: (note: string) => string;

  // Conflicts
  conflict: string;
  conflictAbout: string;
  conflictWithdrawn: string;
  conflictAboutCoverage: string;
  conflictOfCoverage: string;
  /** The account and the time of a change, by itself. `isOwn`: the account is that of the author who reads it. */
  changedBy: (account: string, at: string, change: { isWithdrawal: boolean; isOwn: boolean }) => string;
  changedAt: (at: string) => string;
  yours: string;
  theirs: string;
  /** Takes both texts, one after the other. */
  bothTexts: string;
  /** Takes a paragraph with the changed words of both. */
  mergedText: string;
  mergedAbout: string;
  /** The text before a change of somebody else, and after it. */
  earlierText: string;
  laterText: string;
  difference: string;
  keepMine: string;
  takeTheirs: string;
  stateOfCoverage: string;
  pinnedPost: string;
  paragraph: (number: string) => string;
  byBoth: string;
  onlyYou: string;
  onlyThey: string;
  tooDifferent: string;
  empty: string;
  undecided: string;
  publishMerged: string;
  editResult: string;
  /** The difference from the other version to the own one that met it. */
  asYouWrote: string;
  keepDraft: string;
  result: string;

  // Retracting and taking down
  retract: string;
  retractAbout: string;
  retractNote: string;
  retractNoteMissing: string;
  retractDo: string;
  takedown: string;
  takedownErases: string;
  takedownKeeps: string;
  takedownCannotHead: string;
  takedownCannot: readonly string[];
  takedownNote: string;
  takedownNoteHint: string;
  onlyOneName: string;
  eraseName: string;
  goOn: string;
  back: string;
  sure: string;
  takedownDo: string;
  erasing: string;
  erased: string;
  notErased: string;
  erasurePending: string;
}
