import { idempotencyHours, idempotencyKeyForm, idempotencyKeyPattern } from '../../src/protocol/client-limits.ts';
import type {
  AuthorPost,
  Channel,
  ChannelList,
  ChannelState,
  Erasure,
  PostFields,
  PostKind,
  ReaderPost,
  RevisionKind,
} from '../../src/protocol/model.ts';
import { backoffMs, requestBackoff } from './backoff.ts';
import {
  bodyWithField,
  type Fetch,
  Http,
  type HttpRequest,
  type HttpResponse,
  isRetryable,
  NoAnswer,
  NotPressbox,
  ProblemError,
  responseTimeoutMs,
  retryAfterMs,
  sleep,
  type TokenSource,
  unreachableBudget,
  wasNeverSent,
} from './http.ts';
import { newKey, newPostId } from './ids.ts';
import { queryString, throwIfAborted } from './platform.ts';

/**
 * Writes to Pressbox. Each call is one command: it has one idempotency key, and is sent again, byte for byte, until there is an answer,
 * so that a lost answer never makes a second post. A refusal is thrown as a `ProblemError` with the server's problem document.
 */

export interface NewPost extends Partial<PostFields> {
  /** A UUIDv7. Without it one is made here, so that even a repetition after days cannot publish twice. */
  id?: string | undefined;
}
export interface Revision {
  kind: RevisionKind;
  /** For readers. Required with a clarification and a correction. */
  note?: string | null;
  changes: Partial<PostFields>;
  /** Erases the text of the earlier revisions, and the notes of refiles and updates. For editors. */
  eraseEarlier?: boolean;
  /** With `eraseEarlier`: revisions whose notes are erased too, though they told readers of a correction or clarification. */
  eraseNotes?: number[];
}
/** What an author may say of a channel. */
export type ChannelFields = Pick<
  Channel,
  'headline' | 'standfirst' | 'section' | 'byline' | 'language' | 'timezone' | 'access' | 'url' | 'startsAt'
>;
export interface NewChannel extends Partial<ChannelFields> {
  id?: string;
  headline: string;
  state?: 'scheduled' | 'live';
}
export interface ChannelPatch extends Partial<ChannelFields> {
  state?: ChannelState;
  pinnedPostId?: string | null;
  /** Required where headline or standfirst change. */
  change?: { kind: RevisionKind; note?: string | null };
}

/** What a write did. */
export interface Written {
  /** Stands for the state after the write: a reader who catches up from here misses nothing, and is shown nothing twice. */
  cursor: string;
  offset: number;
  /** This answer was given before, to the same command. */
  replayed: boolean;
}
export interface WrittenChannel extends Written {
  channel: Channel;
}
export interface WrittenPost extends Written {
  post: AuthorPost;
}
export interface RevisedPost extends WrittenPost {
  /** Published posts that restate this one and may now need a change too. */
  derived: { id: string; kind: PostKind; headline: string | null }[];
  erasure?: Erasure;
}

/** As readers see it, and with `body` and `publishedBy` where the token may write there. */
export type SeenPost = ReaderPost & Partial<Pick<AuthorPost, 'body' | 'publishedBy'>>;

/** Which revision a change was decided on. A number is compared, and a moved one refused with `revision-moved`; `*` takes any. */
export type Decided = number | '*';

export interface AuthorClientOptions {
  /** The server's address, such as `https://live.example.org`. */
  url: string;
  token?: TokenSource | undefined;
  fetch?: Fetch | undefined;
  random?: (() => number) | undefined;
  /** After this long without an answer a command is given up, and its outcome is unknown; one that is coming in is read. Default: never. */
  deadlineMs?: number | undefined;
  /** After this long without a connection, while nothing was sent, a command is given up. Default: `deadlineMs`. Heeded in Node alone. */
  unreachedMs?: number | undefined;
  /** Told before each pause between two attempts. */
  onRetry?: ((error: Error, pauseMs: number) => void) | undefined;
}

export interface CommandOptions {
  /** The command's idempotency key, to go on with one that was begun before. Default: a new one. */
  key?: string | undefined;
  /** Gives the command up; its outcome is then unknown. */
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
}

interface Command extends CommandOptions {
  method: 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  ifMatch?: Decided | undefined;
}

export class AuthorClient {
  readonly #http: Http;
  readonly #options: AuthorClientOptions;

  constructor(options: AuthorClientOptions) {
    this.#http = new Http(options);
    this.#options = options;
  }

  async createChannel(channel: NewChannel, options: CommandOptions = {}): Promise<WrittenChannel> {
    return this.#write('channel', { method: 'POST', path: '/v1/channels', body: channel, ...options });
  }

  async updateChannel(
    channelId: string,
    revision: Decided,
    patch: ChannelPatch,
    options: CommandOptions = {},
  ): Promise<WrittenChannel> {
    return this.#write('channel', { method: 'PATCH', path: apiPath(channelId), body: patch, ifMatch: revision, ...options });
  }

  /** Erases the channel. What is still pending is finished by the server. */
  async deleteChannel(channelId: string, options: CommandOptions = {}): Promise<Erasure> {
    const answered = await this.#send('erasure', { method: 'DELETE', path: apiPath(channelId), ...options });
    if (answered.status === 204) return { complete: true, pending: [] };
    return (answered.body as { erasure: Erasure }).erasure;
  }

  async publish(channelId: string, post: NewPost, options: CommandOptions = {}): Promise<WrittenPost> {
    return this.#write('post', {
      method: 'POST',
      path: `${apiPath(channelId)}/posts`,
      body: { ...post, id: post.id ?? newPostId() },
      ...options,
    });
  }

  async revise(channelId: string, postId: string, revision: Decided, change: Revision, options: CommandOptions = {}) {
    const path = `${apiPath(channelId, postId)}/revisions`;
    return this.#write<RevisedPost>('post', { method: 'POST', path, body: change, ifMatch: revision, ...options });
  }

  /** Revises, saying to readers what was wrong. */
  async correct(
    channelId: string,
    postId: string,
    revision: Decided,
    correction: { note: string; changes: Partial<PostFields>; eraseEarlier?: boolean; eraseNotes?: number[] },
    options: CommandOptions = {},
  ): Promise<RevisedPost> {
    return this.revise(channelId, postId, revision, { kind: 'correction', ...correction }, options);
  }

  /** Withdraws the post from readers, with a note for them; authors still see it. */
  async retract(
    channelId: string,
    postId: string,
    { note, revision }: { note: string; revision?: Decided },
    options: CommandOptions = {},
  ): Promise<RevisedPost> {
    const path = `${apiPath(channelId, postId)}/retraction`;
    return this.#write('post', { method: 'POST', path, body: { note }, ifMatch: revision, ...options });
  }

  /** Withdraws the post and erases its text everywhere; the answer's `erasure` says what is pending. */
  async takedown(
    channelId: string,
    postId: string,
    { note, revision }: { note?: string; revision?: Decided } = {},
    options: CommandOptions = {},
  ): Promise<RevisedPost> {
    const path = `${apiPath(channelId, postId)}/takedown`;
    return this.#write('post', { method: 'POST', path, body: note === undefined ? {} : { note }, ifMatch: revision, ...options });
  }

  /** Pins the post in place of the one that is pinned, whatever else changed in the channel meanwhile. */
  async pin(channelId: string, postId: string, options: CommandOptions = {}): Promise<WrittenChannel> {
    return this.updateChannel(channelId, '*', { pinnedPostId: postId }, options);
  }

  async unpin(channelId: string, options: CommandOptions = {}): Promise<WrittenChannel> {
    return this.updateChannel(channelId, '*', { pinnedPostId: null }, options);
  }

  async getChannel(channelId: string, options: CommandOptions = {}): Promise<Channel> {
    return this.#read('revision', apiPath(channelId), options);
  }

  /** A page of channels, newest first; `next` is the `page` to ask for next. */
  async listChannels(
    query: { state?: ChannelState; limit?: number; page?: string } = {},
    options: CommandOptions = {},
  ): Promise<ChannelList> {
    return this.#read('channels', `/v1/channels${queryString(query)}`, options);
  }

  async getPost(channelId: string, postId: string, options: CommandOptions = {}): Promise<SeenPost> {
    return this.#read('revision', apiPath(channelId, postId), options);
  }

  /** A page of posts, newest first, tombstones among them. */
  async listPosts(
    channelId: string,
    query: { before?: number; after?: number; kind?: PostKind; keyEvent?: boolean; source?: string; limit?: number } = {},
    options: CommandOptions = {},
  ): Promise<{ posts: SeenPost[]; cursor: string; more: boolean }> {
    return this.#read('posts', `${apiPath(channelId)}/posts${queryString(query)}`, options);
  }

  /** The post as it was at each revision, oldest first. */
  async listRevisions(
    channelId: string,
    postId: string,
    query: { after?: number; limit?: number } = {},
    options: CommandOptions = {},
  ): Promise<{ revisions: SeenPost[]; more: boolean }> {
    return this.#read('revisions', `${apiPath(channelId, postId)}/revisions${queryString(query)}`, options);
  }

  /**
   * Has a token refused on every server, by its `jti`, and ends what it opened. Takes an admin's token. `expiresAt`: when it would
   * have expired; without it the server has to remember it for ever. Returns until when it does.
   */
  async revokeToken(
    revoked: { jti: string; expiresAt?: string },
    options: CommandOptions = {},
  ): Promise<{ jti: string; until: string | null }> {
    const answered = await this.#send('jti', { method: 'POST', path: '/v1/tokens/revoked', body: revoked, ...options });
    return answered.body as { jti: string; until: string | null };
  }

  async #read<T>(field: string, path: string, options: CommandOptions): Promise<T> {
    return (await this.#untilAnswered(field, { method: 'GET', path }, options)).body as T;
  }

  /** `field`: what only the answer to such a write has; whoever is led elsewhere on the way there asks for a list that has a cursor too. */
  async #write<T extends Written>(field: 'post' | 'channel', command: Command): Promise<T> {
    const answered = await this.#send(field, command);
    const replayed = answered.headers.get('idempotency-replayed') === 'true';
    return { ...(answered.body as Omit<T, 'replayed'>), replayed } as T;
  }

  async #send(field: string, { method, path, body, ifMatch, key = newKey(), ...options }: Command): Promise<HttpResponse> {
    // No request could be made of it, which would look as if the server were out of reach, for ever.
    if (!idempotencyKeyPattern.test(key)) throw new TypeError(`An idempotency key is ${idempotencyKeyForm}.`);
    const headers = {
      'idempotency-key': key,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` }),
    };
    // Made once: the server compares the bytes of a repetition with those of the first.
    const asked = { method, path, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    return this.#untilAnswered(field, asked, options);
  }

  /** `field`: what an answer of Pressbox has at least. */
  async #untilAnswered(field: string, asked: HttpRequest, options: CommandOptions): Promise<HttpResponse> {
    const { random = Math.random, onRetry, unreachedMs = Number.POSITIVE_INFINITY } = this.#options;
    let endsAt = Date.now() + (options.deadlineMs ?? this.#options.deadlineMs ?? Number.POSITIVE_INFINITY);
    /** When the first attempt began that may have been done. */
    let openSince: number | undefined;
    const leftFor = unreachableBudget(unreachedMs);
    for (let attempt = 0; ; attempt += 1) {
      const sentAt = Date.now();
      let told: unknown;
      try {
        const timeoutMs = Math.min(responseTimeoutMs, Math.max(0, endsAt - sentAt));
        const answered = await this.#http.request({ ...asked, timeoutMs }, options.signal);
        if (!(asked.method === 'DELETE' && answered.status === 204)) bodyWithField(field, answered);
        return answered;
      } catch (thrown) {
        throwIfAborted(options.signal);
        const error: unknown = openSince === undefined ? thrown : toNoAnswer(thrown);
        if (asked.method !== 'GET' && mayHaveBeenApplied(error)) openSince ??= sentAt;
        told = openSince === undefined ? error : asUnknownOutcome(error);
        if (!isRetryable(error)) throw told;
        if (openSince !== undefined) endsAt = Math.min(endsAt, openSince + keyLifetimeMs);
        const leftMs = leftFor(error, sentAt);
        if (leftMs === 0) throw told;
        const waitMs = Math.min(leftMs, backoffMs(attempt, random(), requestBackoff, retryAfterMs(error)));
        if (Date.now() + waitMs > endsAt) throw told;
        onRetry?.(error, waitMs);
        await sleep(waitMs, options.signal);
      }
      // The device may have slept meanwhile.
      if (Date.now() > endsAt) throw told;
    }
  }
}

/** How long a server knows a key, less what a request may take on its way: later it would do once more what it has done. */
const keyLifetimeMs = idempotencyHours * 60 * 60 * 1_000 - responseTimeoutMs;

/** What ends an attempt at a write that may have been done by an earlier one: where something else answers, or no token is to be had, the question stays. */
function toNoAnswer(thrown: unknown): unknown {
  if (thrown instanceof ProblemError || thrown instanceof NoAnswer) return thrown;
  return new NoAnswer(thrown instanceof NotPressbox ? thrown.message : 'There was no token to ask with.', { cause: thrown });
}

/** Whether a write may have been done that ended so. */
function mayHaveBeenApplied(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return error instanceof NoAnswer && !wasNeverSent(error);
  const { outcome, code } = error.problem;
  return outcome === 'unknown' || code === 'internal-error';
}

/** The end of a write that may have been done by an earlier attempt. Only where the server came to look up its key it is known that it was not. */
function asUnknownOutcome(error: unknown): unknown {
  if (!(error instanceof ProblemError)) return error;
  const { status } = error.problem;
  const isLookedUp = status < 500 && ![401, 403, 429].includes(status);
  return isLookedUp ? error : new ProblemError({ ...error.problem, outcome: 'unknown' });
}

function apiPath(channelId: string, postId?: string): string {
  const channel = `/v1/channels/${encodeURIComponent(channelId)}`;
  return postId === undefined ? channel : `${channel}/posts/${encodeURIComponent(postId)}`;
}
