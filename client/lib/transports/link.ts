import { type CatchUp, type Event, isEventType, type PostEventType } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';
import { type Http, isObject, isProblem, type TokenSource } from '../http.ts';
import { hasCursor, isCount, isPage, isPost, isText } from '../read-post.ts';

/**
 * What the three ways to a server have in common. Each is dialled with what would be asked now, tells once whether a link stands, and
 * then answers subscribes and hands on what is pushed. None decides anything: `choose.ts` says which to take, the reader what to ask.
 */
export interface SubscribeRequest {
  channelId: string;
  /** The cursor; without one a snapshot is asked for. */
  after?: string;
  /** Posts of a snapshot. */
  limit?: number;
}
export type SubscribeResponse = ({ ok: true } & CatchUp) | { ok: false; problem: Problem };
/** Undefined: there was no answer in time. */
export type SubscribeCallback = (response: SubscribeResponse | undefined) => void;

export interface Link {
  /**
   * Asks for what came after, in place of any subscription before. `answered` is called once at most, before any event that follows the
   * answer, and perhaps at once. With `more` in the answer it is to be asked for again, from there. `withinMs`: without any of the answer, or
   * more of it where a way hears of parts.
   */
  subscribe(request: SubscribeRequest, callback: SubscribeCallback, withinMs: number): void;
  /** Tells nothing from now on. */
  close(): void;
}

/** What a link tells. */
export interface LinkCallbacks {
  /** The link stands. Once; or `failed` instead, once. */
  up(): void;
  failed(why: LinkFailure): void;
  /** It stood, and is no more. `silent`: nothing was heard for so long that it counts as dead. */
  lost(silent: boolean): void;
  /** Anything was heard of the server. */
  activity(): void;
  event(event: Event): void;
  store(store: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: string }): void;
  /** The server is going away, and wants to be left within this time. */
  drain(withinMs: number): void;
  /** There is something to ask for: the next subscribe from the same place is answered at once. */
  missed(): void;
}

export type LinkFailure =
  /** No word of the server came through: it is out of reach, or this way is blocked. */
  | { kind: 'unanswered' }
  /** The server answered with a problem. */
  | { kind: 'refused'; problem: Problem }
  /** Not in this environment. */
  | { kind: 'impossible' };

export interface DialOptions {
  url: string;
  token: TokenSource | undefined;
  session?: false | undefined;
  http: Http;
  /** What would be asked for now. */
  request: SubscribeRequest;
  callbacks: LinkCallbacks;
}
export type Dial = (options: DialOptions) => Link;

/**
 * What was answered to a subscribe, or undefined where it is no such answer: hotels, proxies and service workers answer in the server's
 * place. Looked at is what a reader goes by before it looks at a post.
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
  // Of a later version it may be about a part of a post.
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

/** Without a sign of the server for this long an attempt has failed; each byte of its answer is one. Milliseconds. */
export const dialTimeoutMs = 10_000;
