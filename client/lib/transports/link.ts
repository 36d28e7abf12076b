import { type CatchUp, type Event, isEventType, type PostEventType } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';
import { type Http, isObject, isProblem, type TokenSource } from '../http.ts';
import { hasCursor, isCount, isPage, isPost, isText } from '../read-post.ts';

/**
 * What the three transports have in common. Each is dialled with the first request, reports once whether a link is up, then
 * answers subscribes and passes on pushed events. `transport-selector.ts` decides which transport to use, the follower decides
 * what to request.
 */
export interface SubscribeRequest {
  channelId: string;
  /** The cursor. Without it the answer is a snapshot. */
  after?: string;
  /** Number of posts in a snapshot. */
  limit?: number;
}
export type SubscribeResponse = ({ ok: true } & CatchUp) | { ok: false; problem: Problem };
/** Undefined: there was no answer in time. */
export type SubscribeCallback = (response: SubscribeResponse | undefined) => void;

export interface Link {
  /**
   * Requests what came after the cursor and replaces any earlier subscription. The callback is called at most once, before any
   * event that follows the answer, possibly synchronously. If the answer has `more`, subscribe again from its cursor. `withinMs`:
   * timeout, restarted by partial data if the transport can see it.
   */
  subscribe(request: SubscribeRequest, callback: SubscribeCallback, withinMs: number): void;
  /** Stops all callbacks. */
  close(): void;
}

/** Callbacks of a link. */
export interface LinkCallbacks {
  /** The link is up. Either this or `failed` is called, once. */
  up(): void;
  failed(why: LinkFailure): void;
  /** The link was up and is lost. `silent`: nothing was received for so long that it counts as dead. */
  lost(silent: boolean): void;
  /** Something was received from the server. */
  activity(): void;
  event(event: Event): void;
  store(store: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: string }): void;
  /** The server is draining: leave within this time. */
  drain(withinMs: number): void;
  /** There is something to request: the next subscribe from the same cursor is answered at once. */
  missed(): void;
}

export type LinkFailure =
  /** Nothing was received: the server is unreachable, or this transport is blocked. */
  | { kind: 'unanswered' }
  /** The server answered with a problem. */
  | { kind: 'refused'; problem: Problem }
  /** This environment does not support the transport. */
  | { kind: 'impossible' };

export interface DialOptions {
  url: string;
  token: TokenSource | undefined;
  session?: false | undefined;
  http: Http;
  /** The first request. */
  request: SubscribeRequest;
  callbacks: LinkCallbacks;
}
export type Dial = (options: DialOptions) => Link;

/**
 * Validates the answer to a subscribe. Undefined if it is invalid: captive portals, proxies and service workers answer in the
 * server's place. Checks the fields that a reader needs before it looks at posts.
 */
export function parseSubscribeResponse(response: unknown): SubscribeResponse | undefined {
  if (!isObject(response)) return undefined;
  if (response.ok === false) return isProblem(response.problem) ? { ok: false, problem: response.problem } : undefined;
  return isCatchUp(response) ? { ...response, ok: true } : undefined;
}

export function isEvent(response: unknown): response is Event {
  if (!isObject(response) || ![response.type, response.cursor].every(isText) || ![response.from, response.offset].every(isCount))
    return false;
  const name = response.type;
  // An event type of a later version may carry only part of a post.
  if (!isEventType(name)) return !(name as string).startsWith('post.') || isObject(response.post);
  if (name === 'channel.changed') return isObject(response.channel);
  name satisfies PostEventType;
  return isPost(response.post);
}

function isCatchUp(response: Record<string, unknown>): response is Record<string, unknown> & CatchUp {
  const { mode, covers, events, snapshot } = response;
  if (!isObject(covers) || ![covers.after, covers.to].every(isCount) || !hasCursor(response)) return false;
  if (mode === 'replay') return Array.isArray(events) && events.every(isEvent);
  if (mode !== 'snapshot' || !isPage(snapshot)) return false;
  const { channel, pinned, summary, keyEvents } = snapshot as unknown as Record<string, unknown>;
  return isObject(channel) && Array.isArray(keyEvents) && [pinned, summary].every((post) => post === null || isPost(post));
}

/** A dial attempt fails after this long without a sign of the server. Each byte restarts it. Milliseconds. */
export const dialTimeoutMs = 10_000;
