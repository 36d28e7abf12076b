import type { ProblemCode } from '../../../../../src/protocol/problems.ts';
import type { Delivery, Protection, Write } from '../../outbox/outbox-model.ts';

/** The words of the outbox. */
export interface OutboxWords {
  unsent: string;
  /** The kind of a write, shown before its title. A new post has only a title. */
  what: Record<Exclude<Write['type'], 'publish'>, string>;
  withoutText: string;
  /** The seconds that are left to undo it. */
  held: (seconds: string) => string;
  saved: string;
  waits: string;
  waitsForPicture: string;
  pictureRefused: string;
  pictureGone: string;
  sending: string;
  onDisk: string;
  out: string;
  refused: string;
  /** Instead of a refusal because the coverage had ended. */
  liveAgain: string;
  conflict: string;
  asking: Record<'unsent-long' | 'closed-while-held', string>;
  /** Advice for each refusal. The title of the problem is shown for other codes. */
  helps: Partial<Record<ProblemCode, string>>;
  delivery: Record<Exclude<Delivery, 'ready'>, string>;
  /** Tells the author what happens to entries that are not sent yet. */
  protection: Record<Protection, string>;
  /** Unsent posts of somebody else on this device. */
  othersUnsent: (name: string, count: string) => string;
  undo: string;
  edit: string;
  sendNow: string;
  showPost: string;
  publish: string;
  keepAsDraft: string;
  discard: string;
  discardSure: string;
  keep: string;
  compare: string;
  tooLate: string;
  /** A text that was taken back, and that is not open. */
  inDrafts: (title: string) => string;
  openIt: string;
  /** The accessible name of a button, with the post it is about. */
  buttonOf: (button: string, title: string) => string;
  // Announced to screen readers
  saidOut: (title: string) => string;
  saidRefused: (title: string, why: string) => string;
  saidConflict: (title: string) => string;
  saidAsking: (title: string) => string;
}
