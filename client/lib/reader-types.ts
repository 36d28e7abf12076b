import type { Event, ReaderPost, Transport } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import type { Fetch, TokenSource } from './http.ts';
import type { SavedTimeline } from './timeline/saved-timeline.ts';
import type { Timeline } from './timeline/timeline-model.ts';

/** Options, states and events of a reader. */
export type ReaderState =
  /**
   * Nothing is missing. `transport` is the active transport. `asOf`: since this time the server cannot reach its store, so the
   * timeline may be outdated. Null if it can.
   */
  | { status: 'live'; transport: Transport; asOf: string | null }
  /** Connected, or connecting for the first time (`transport` is then null), and requesting what is missing. */
  | { status: 'catching-up'; transport: Transport | null; asOf: string | null }
  /** No connection; the reader keeps trying. The timeline is current as of `since`, when the server was last heard. */
  | { status: 'offline'; since: string }
  /** The reader has stopped for good. */
  | { status: 'ended'; reason: EndedReason; problem: Problem | undefined };
/** `refused`: see the problem. `closed`: `close()` was called. */
export type EndedReason = 'expired' | 'revoked' | 'forbidden' | 'gone' | 'refused' | 'closed';

export interface ReaderEvents {
  /** The timeline changed. */
  timeline: [Timeline];
  /**
   * Every applied event, once and in order, including those of a catch-up. `before` is the post as the timeline had it before the
   * event.
   */
  event: [event: Event, before: ReaderPost | undefined];
  /**
   * The channel has another history: the timeline so far is void, and so is everything that listeners derived from it. `timeline`
   * follows.
   */
  reset: [];
  state: [ReaderState];
}

/** The result of `save`. Pass its fields as options to resume. */
export interface SavedReader {
  cursor: string;
  timeline?: SavedTimeline;
  /** The time as of which the timeline is current. RFC 3339. */
  asOf?: string | undefined;
}

/**
 * Where the reader keeps its position and timeline: `localStorage`, React Native's `AsyncStorage`, or anything like them.
 * Failures are ignored, because nothing depends on the stored copy.
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
  /** `false`: reads anonymously, even if the browser has a session on the server. */
  session?: false | undefined;
  /**
   * Resume from this cursor: every later change is emitted once as an event. Not needed with `timeline`, which has its own
   * cursor.
   */
  cursor?: string | undefined;
  /** If the server did not issue `cursor`: end as `refused` instead of starting afresh with a `reset`. */
  strictCursor?: boolean | undefined;
  /** Resume with this timeline, from its cursor. */
  timeline?: Timeline | SavedTimeline | undefined;
  /** The time as of which `timeline` is current, RFC 3339. Default: now. Reported as `since` if the server cannot be reached. */
  asOf?: string | undefined;
  /**
   * Where to keep the state, under one key for each server and channel. The next `open` resumes from it unless `timeline` or
   * `cursor` is given. A withdrawn text is removed at once. Call `forget` when a member signs out.
   */
  storage?: ReaderStorage | undefined;
  /** Number of posts to begin with, 1 to 100. The server's default is 20. */
  limit?: number | undefined;
  fetch?: Fetch | undefined;
  /** The transports that may be used. Default: all. The best one that works is used. */
  transports?: readonly Transport[] | undefined;
  /** Milliseconds until a better transport is first tried again while a worse one is used. Doubles each time. Default: 30,000. */
  retryBetterMs?: number | undefined;
  random?: (() => number) | undefined;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
}
