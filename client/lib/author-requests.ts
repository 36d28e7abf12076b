import { idempotencyKeyForm, idempotencyKeyPattern } from '../../src/protocol/client-limits.ts';
import type { Channel, ChannelState, PostFields, RevisionKind } from '../../src/protocol/model.ts';
import { type HttpRequest, NoAnswer, ProblemError, wasNeverSent } from './http.ts';

/** The requests of authors, and what their failures say about whether they were executed. */

export interface NewPost extends Partial<PostFields> {
  /** A UUIDv7. Generated here by default, so that a repetition days later still cannot publish twice. */
  id?: string | undefined;
}
export interface Revision {
  kind: RevisionKind;
  /** Shown to readers. Required for a clarification and a correction. */
  note?: string | null;
  changes: Partial<PostFields>;
  /** Erases the text of earlier revisions and the notes of refiles and updates. Only for editors. */
  eraseEarlier?: boolean;
  /** With `eraseEarlier`: also erases the notes of these revisions, even if they are corrections or clarifications. */
  eraseNotes?: number[];
}
/** The fields of a channel that an author may set. */
export type ChannelFields = Pick<
  Channel,
  'headline' | 'standfirst' | 'section' | 'byline' | 'picture' | 'language' | 'timezone' | 'access' | 'url' | 'startsAt'
>;
export interface NewChannel extends Partial<ChannelFields> {
  id?: string;
  headline: string;
  state?: 'scheduled' | 'live';
}
export interface ChannelPatch extends Partial<ChannelFields> {
  state?: ChannelState;
  pinnedPostId?: string | null;
  /** Required if the headline or the standfirst changes. Allowed if the picture changes. */
  change?: { kind: RevisionKind; note?: string | null };
}

/**
 * The revision that a change is based on. If the post has another revision, the server refuses with `revision-moved`; `*` accepts
 * any revision.
 */
export type Decided = number | '*';

export interface AuthorRequest {
  method: 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  ifMatch?: Decided | undefined;
}

/** A request with its exact bytes. The server compares those of a repeated request with those of the first. */
export type WriteRequest = HttpRequest & { headers: Record<string, string>; body?: string };

export function apiPath(channelId: string, postId?: string): string {
  const channel = `/v1/channels/${encodeURIComponent(channelId)}`;
  return postId === undefined ? channel : `${channel}/posts/${encodeURIComponent(postId)}`;
}

export function channelCreation(channel: NewChannel): AuthorRequest {
  return { method: 'POST', path: '/v1/channels', body: channel };
}

export function channelUpdate(channelId: string, revision: Decided, patch: ChannelPatch): AuthorRequest {
  return { method: 'PATCH', path: apiPath(channelId), body: patch, ifMatch: revision };
}

export function publication(channelId: string, post: NewPost & { id: string }): AuthorRequest {
  return { method: 'POST', path: `${apiPath(channelId)}/posts`, body: post };
}

export function postRevision(channelId: string, postId: string, revision: Decided, change: Revision): AuthorRequest {
  return { method: 'POST', path: `${apiPath(channelId, postId)}/revisions`, body: change, ifMatch: revision };
}

export function retraction(channelId: string, postId: string, revision: Decided | undefined, note: string): AuthorRequest {
  return { method: 'POST', path: `${apiPath(channelId, postId)}/retraction`, body: { note }, ifMatch: revision };
}

export function takedown(
  channelId: string,
  postId: string,
  revision: Decided | undefined,
  note: string | null | undefined,
): AuthorRequest {
  const body = note === undefined ? {} : { note };
  return { method: 'POST', path: `${apiPath(channelId, postId)}/takedown`, body, ifMatch: revision };
}

/** Builds the bytes of a request. Repeat them unchanged. */
export function withKey({ method, path, body, ifMatch }: AuthorRequest, key: string): WriteRequest {
  // A header with an invalid key cannot be sent. Without this check, the failure would look like an unreachable server forever.
  if (!idempotencyKeyPattern.test(key)) throw new TypeError(`An idempotency key is ${idempotencyKeyForm}.`);
  const headers = {
    'idempotency-key': key,
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(ifMatch !== undefined && { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` }),
  };
  return { method, path, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
}

/** Whether a write that failed with this error may have been executed. */
export function mayHaveBeenApplied(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return error instanceof NoAnswer && !wasNeverSent(error);
  const { outcome, code } = error.problem;
  return outcome === 'unknown' || code === 'internal-error';
}

/** Whether the server looked up the key before it answered, so that the answer settles earlier attempts too. */
export function isLookedUp({ status }: { status: number }): boolean {
  return status < 500 && ![401, 403, 429].includes(status);
}
