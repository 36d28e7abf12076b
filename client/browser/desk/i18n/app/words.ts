import type { Plural } from '../../../i18n/words.ts';
import type { Delivery } from '../../outbox/outbox-model.ts';

/** The words of the shell of the desk: its bar, its list, and signing in and out. */
export interface AppWords {
  /** Names the list of tabs. */
  openCoverages: string;
  newPosts: Plural;
  close: (coverage: string) => string;
  signIn: string;
  signOut: string;
  signedOut: string;
  signInHow: string;
  unreachable: string;
  partMissing: string;
  reload: string;
  /** A tab with an older version keeps this one from opening. */
  otherTabs: string;
  /** This tab has an older version than another one, and cannot store anything. */
  waitsForTabs: string;
  /** The title of the desk. */
  desk: string;

  // The state of connection and outbox
  connected: string;
  reconnecting: string;
  offline: string;
  needsYou: Plural;
  unsent: Plural;
  sending: Plural;
  held: Plural;
  /** Why nothing is sent, after the number of what is not sent. */
  delivery: Record<Exclude<Delivery, 'ready'>, string>;

  // Signing out
  notOutYet: Plural;
  /** Instead of `notOutYet`, once nothing waits. */
  allOut: string;
  unsentStays: string;
  signOutAnyway: string;
  stay: string;
  notSignedOut: string;
  notSignedOutWhy: string;

  // The keys
  keys: string;
  /** Describes the key that opens the list of keys. */
  keysKey: string;
  letters: string;
  lettersWhy: string;
  done: string;
}
