import type { Event, ReaderPost, Transport } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import type { Fetch, TokenSource } from './http.ts';
import type { SavedTimeline } from './timeline/saved-timeline.ts';
import type { Timeline } from './timeline/timeline-model.ts';

/** What a reader is given, and what it tells. */
export type ReaderState =
  /**
   * Nothing is missing. `transport`: the way in use. `asOf`: since then the server cannot reach its store, and what is held may be old.
   */
  | { status: 'live'; transport: Transport; asOf: string | null }
  /** Connected, or connecting for the first time (then `transport` is null), and asking for what is missing. */
  | { status: 'catching-up'; transport: Transport | null; asOf: string | null }
  /** No connection, which is being tried again. `since`: as of then what is held is true, as nothing was heard later. */
  | { status: 'offline'; since: string }
  /** It will not go on by itself. */
  | { status: 'ended'; reason: EndedReason; problem: Problem | undefined };
/** `refused`: see the problem. `closed`: by `close()`. */
export type EndedReason = 'expired' | 'revoked' | 'forbidden' | 'gone' | 'refused' | 'closed';

export interface ReaderEvents {
  /** The timeline is another one now. */
  timeline: [Timeline];
  /** Each event that was applied, once, in order; those of a catch-up too. `before`: the post as it was held until then. */
  event: [event: Event, before: ReaderPost | undefined];
  /** The channel has another history: what was held, and what listeners made of it, is void. `timeline` follows. */
  reset: [];
  state: [ReaderState];
}

/** What `save` gives, and `saved` takes back. */
export interface SavedReader {
  cursor: string;
  timeline?: SavedTimeline;
  /** As of when that is true. RFC 3339. */
  asOf?: string | undefined;
}

/**
 * Where an app lets a reader keep its place and what it holds: `localStorage`, React Native's `AsyncStorage`, or anything like them. What
 * goes wrong in it is not told, as nothing depends on it.
 */
export interface ReaderStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface ReaderClientOptions {
  /** The server's address, such as `https://live.example.org`. */
  url: string;
  channelId: string;
  token?: TokenSource | undefined;
  /** `false`: the reader is a stranger, also where the browser has a session of the server. */
  session?: false | undefined;
  /** Go on from here: what changed since is told as events, each thing once. Not needed with `timeline`, which has its own. */
  cursor?: string | undefined;
  /** Where `cursor` is none that the server gave out: end as `refused`, instead of beginning anew with a `reset`. */
  strictCursor?: boolean | undefined;
  /** Go on with this timeline, from its cursor. */
  timeline?: Timeline | SavedTimeline | undefined;
  /** As of when that is true, RFC 3339; now, if not given. Told as `since` where nobody answers. */
  asOf?: string | undefined;
  /**
   * What is held is kept here, under a key for each server and channel, and gone on from at the next `open`; `timeline` or `cursor`, where
   * given, is gone on from instead. A text that is taken down is taken out at once. Where members sign out, `forget` removes it.
   */
  storage?: ReaderStorage | undefined;
  /** Posts to begin with, 1 to 100; the server's default is 20. */
  limit?: number | undefined;
  fetch?: Fetch | undefined;
  /** The ways that may be taken to the server; all of them where it is not given. The best one that is open is used. */
  transports?: readonly Transport[] | undefined;
  /** Milliseconds, 30,000 if not given, after which a better way is first tried again while another one is used; later after twice that, and so on. */
  retryBetterMs?: number | undefined;
  random?: (() => number) | undefined;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
}
