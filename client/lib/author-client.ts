import { idempotencyHours } from '../../src/protocol/client-limits.ts';
import type {
  AuthorPost,
  Channel,
  ChannelList,
  ChannelOrder,
  ChannelState,
  Erasure,
  PostFields,
  PostKind,
  ReaderPost,
  UploadedMedia,
} from '../../src/protocol/model.ts';
import {
  type AuthorRequest,
  apiPath,
  type ChannelPatch,
  channelCreation,
  channelUpdate,
  type Decided,
  isLookedUp,
  mayHaveBeenApplied,
  type NewChannel,
  type NewPost,
  postRevision,
  publication,
  type Revision,
  retraction,
  takedown,
  withKey,
} from './author-requests.ts';
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
} from './http.ts';
import { newKey, newPostId } from './ids.ts';
import { queryString, throwIfAborted } from './platform.ts';

/**
 * The client for authors. Each call is one command with one idempotency key. The client repeats the same bytes until it has an
 * answer, so a lost answer never creates a second post. If the server refuses, the call throws a `ProblemError` that holds the
 * problem document.
 */

export type { ChannelFields, ChannelPatch, Decided, NewChannel, NewPost, Revision } from './author-requests.ts';

/** The result of a write. */
export interface Written {
  /** The state after the write. A reader who catches up from here misses nothing and sees nothing twice. */
  cursor: string;
  offset: number;
  /** The server had already executed this command and repeats its answer. */
  replayed: boolean;
}
export interface WrittenChannel extends Written {
  channel: Channel;
}
export interface WrittenPost extends Written {
  post: AuthorPost;
}
export interface RevisedPost extends WrittenPost {
  /** Published posts that restate this one and may need a change too. */
  derived: { id: string; kind: PostKind; headline: string | null }[];
  erasure?: Erasure;
}

/** A post as readers see it. It also has `body` and `publishedBy` if the token may write to the channel. */
export type SeenPost = ReaderPost & Partial<Pick<AuthorPost, 'body' | 'publishedBy'>>;

export interface AuthorClientOptions {
  /** The server's address, such as `https://live.example.org`. */
  url: string;
  token?: TokenSource | undefined;
  fetch?: Fetch | undefined;
  random?: (() => number) | undefined;
  /**
   * A command without an answer fails after this long, and its outcome is unknown. An answer that is still arriving is read.
   * Default: never.
   */
  deadlineMs?: number | undefined;
  /**
   * A command fails after this long if no connection can be made and nothing was sent. Default: `deadlineMs`. Works in Node only.
   */
  unreachedMs?: number | undefined;
  /** Called before each pause between two attempts. */
  onRetry?: ((error: Error, pauseMs: number) => void) | undefined;
}

export interface CommandOptions {
  /** The idempotency key. Pass the key of an earlier command to continue it. Default: a new key. */
  key?: string | undefined;
  /** Aborts the command. Its outcome is then unknown. */
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
}

interface Command extends AuthorRequest, CommandOptions {}

export class AuthorClient {
  readonly #http: Http;
  readonly #options: AuthorClientOptions;

  constructor(options: AuthorClientOptions) {
    this.#http = new Http(options);
    this.#options = options;
  }

  async createChannel(channel: NewChannel, options: CommandOptions = {}): Promise<WrittenChannel> {
    return this.#write('channel', { ...channelCreation(channel), ...options });
  }

  async updateChannel(
    channelId: string,
    revision: Decided,
    patch: ChannelPatch,
    options: CommandOptions = {},
  ): Promise<WrittenChannel> {
    return this.#write('channel', { ...channelUpdate(channelId, revision, patch), ...options });
  }

  /**
   * Erases the channel. `pending` in the answer lists what the server has not erased yet. The server erases it later. `at`: only
   * if the channel has not changed since this cursor. Otherwise the problem is `revision-moved`, or `channel-deleted` if somebody
   * else deleted it.
   */
  async deleteChannel(
    channelId: string,
    { at, ...options }: CommandOptions & { at?: string | undefined } = {},
  ): Promise<Erasure> {
    const path = `${apiPath(channelId)}${queryString({ at })}`;
    const answered = await this.#send('erasure', { method: 'DELETE', path, ...options });
    if (answered.status === 204) return { complete: true, pending: [] };
    return (answered.body as { erasure: Erasure }).erasure;
  }

  async publish(channelId: string, post: NewPost, options: CommandOptions = {}): Promise<WrittenPost> {
    return this.#write('post', { ...publication(channelId, { ...post, id: post.id ?? newPostId() }), ...options });
  }

  async revise(channelId: string, postId: string, revision: Decided, change: Revision, options: CommandOptions = {}) {
    return this.#write<RevisedPost>('post', { ...postRevision(channelId, postId, revision, change), ...options });
  }

  /** Revises a post and tells readers what was wrong. */
  async correct(
    channelId: string,
    postId: string,
    revision: Decided,
    correction: { note: string; changes: Partial<PostFields>; eraseEarlier?: boolean; eraseNotes?: number[] },
    options: CommandOptions = {},
  ): Promise<RevisedPost> {
    return this.revise(channelId, postId, revision, { kind: 'correction', ...correction }, options);
  }

  /** Withdraws the post from readers with a note. Authors still see it. */
  async retract(
    channelId: string,
    postId: string,
    { note, revision }: { note: string; revision?: Decided },
    options: CommandOptions = {},
  ): Promise<RevisedPost> {
    return this.#write('post', { ...retraction(channelId, postId, revision, note), ...options });
  }

  /** Withdraws the post and erases its text everywhere. `erasure` in the answer lists what is still pending. */
  async takedown(
    channelId: string,
    postId: string,
    { note, revision }: { note?: string; revision?: Decided } = {},
    options: CommandOptions = {},
  ): Promise<RevisedPost> {
    return this.#write('post', { ...takedown(channelId, postId, revision, note), ...options });
  }

  /** Pins the post in place of the current one, regardless of other changes to the channel. */
  async pin(channelId: string, postId: string, options: CommandOptions = {}): Promise<WrittenChannel> {
    return this.updateChannel(channelId, '*', { pinnedPostId: postId }, options);
  }

  async unpin(channelId: string, options: CommandOptions = {}): Promise<WrittenChannel> {
    return this.updateChannel(channelId, '*', { pinnedPostId: null }, options);
  }

  /**
   * Uploads a picture, a video or a sound for posts of the channel. `url` of the result goes into their media. The same file again is
   * the same upload. `type`: its media type, such as `image/jpeg`.
   */
  async uploadMedia(
    channelId: string,
    file: Blob | Uint8Array<ArrayBuffer>,
    type: string,
    options: Omit<CommandOptions, 'key'> = {},
  ): Promise<UploadedMedia> {
    const path = `${apiPath(channelId)}/media`;
    const upload = { method: 'POST' as const, path, headers: { 'content-type': type }, body: file, timeoutMs: uploadTimeoutMs };
    return ((await this.#untilAnswered('media', upload, options)).body as { media: UploadedMedia }).media;
  }

  async getChannel(channelId: string, options: CommandOptions = {}): Promise<Channel> {
    return this.#read('revision', apiPath(channelId), options);
  }

  /**
   * Returns a page of channels, newest first. Pass `next` as `page` to get the next page. With `order` `activity`, which needs
   * `state`: live channels by their latest post, scheduled ones by their planned start, ended ones by their end.
   */
  async listChannels(
    query: { state?: ChannelState; order?: ChannelOrder; limit?: number; page?: string } = {},
    options: CommandOptions = {},
  ): Promise<ChannelList> {
    return this.#read('channels', `/v1/channels${queryString(query)}`, options);
  }

  async getPost(channelId: string, postId: string, options: CommandOptions = {}): Promise<SeenPost> {
    return this.#read('revision', apiPath(channelId, postId), options);
  }

  /** Returns a page of posts, newest first, including tombstones. */
  async listPosts(
    channelId: string,
    query: { before?: number; after?: number; kind?: PostKind; keyEvent?: boolean; source?: string; limit?: number } = {},
    options: CommandOptions = {},
  ): Promise<{ posts: SeenPost[]; cursor: string; more: boolean }> {
    return this.#read('posts', `${apiPath(channelId)}/posts${queryString(query)}`, options);
  }

  /** Returns every revision of the post, oldest first. */
  async listRevisions(
    channelId: string,
    postId: string,
    query: { after?: number; limit?: number } = {},
    options: CommandOptions = {},
  ): Promise<{ revisions: SeenPost[]; more: boolean }> {
    return this.#read('revisions', `${apiPath(channelId, postId)}/revisions${queryString(query)}`, options);
  }

  /**
   * Revokes the token with this `jti` on every server and ends its sessions. Requires an admin token. `expiresAt` is when the
   * token would have expired; without it the servers remember the revocation forever. Returns how long they remember it.
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

  /**
   * `field` is a field that only the answer to this write has, so that another answer is not mistaken for it. For example, a
   * redirected request might be answered with a list, which also has a cursor.
   */
  async #write<T extends Written>(field: 'post' | 'channel', command: Command): Promise<T> {
    const answered = await this.#send(field, command);
    const replayed = answered.headers.get('idempotency-replayed') === 'true';
    return { ...(answered.body as Omit<T, 'replayed'>), replayed } as T;
  }

  async #send(field: string, { key = newKey(), ...command }: Command): Promise<HttpResponse> {
    return this.#untilAnswered(field, withKey(command, key), command);
  }

  /** `field` is a field that every valid answer has. */
  async #untilAnswered(field: string, request: HttpRequest, options: CommandOptions): Promise<HttpResponse> {
    const { random = Math.random, onRetry, unreachedMs = Number.POSITIVE_INFINITY } = this.#options;
    let endsAt = Date.now() + (options.deadlineMs ?? this.#options.deadlineMs ?? Number.POSITIVE_INFINITY);
    /** Start of the first attempt that the server may have executed. */
    let openSince: number | undefined;
    const leftFor = unreachableBudget(unreachedMs);
    for (let attempt = 0; ; attempt += 1) {
      const sentAt = Date.now();
      let failure: unknown;
      try {
        const timeoutMs = Math.min(request.timeoutMs ?? responseTimeoutMs, Math.max(0, endsAt - sentAt));
        const answered = await this.#http.request({ ...request, timeoutMs }, options.signal);
        if (!(request.method === 'DELETE' && answered.status === 204)) bodyWithField(field, answered);
        return answered;
      } catch (thrown) {
        throwIfAborted(options.signal);
        const error: unknown = openSince === undefined ? thrown : toNoAnswer(thrown);
        if (request.method !== 'GET' && mayHaveBeenApplied(error)) openSince ??= sentAt;
        failure = openSince === undefined ? error : asUnknownOutcome(error);
        if (!isRetryable(error)) throw failure;
        if (openSince !== undefined) endsAt = Math.min(endsAt, openSince + keyLifetimeMs);
        const leftMs = leftFor(error, sentAt);
        if (leftMs === 0) throw failure;
        const waitMs = Math.min(leftMs, backoffMs(attempt, random(), requestBackoff, retryAfterMs(error)));
        if (Date.now() + waitMs > endsAt) throw failure;
        onRetry?.(error, waitMs);
        await sleep(waitMs, options.signal);
      }
      // The device may have slept in the meantime.
      if (Date.now() > endsAt) throw failure;
    }
  }
}

/** An attempt to upload fails after this long. Nothing is answered before the whole file has arrived. */
const uploadTimeoutMs = 30 * 60 * 1_000;

/**
 * How long the server remembers a key, minus the time a request may be under way. A later repetition would execute the command
 * again.
 */
const keyLifetimeMs = idempotencyHours * 60 * 60 * 1_000 - responseTimeoutMs;

/**
 * Converts an error of a later attempt to `NoAnswer` if an earlier attempt may have been executed: a wrong address or a missing
 * token does not settle the outcome.
 */
function toNoAnswer(thrown: unknown): unknown {
  if (thrown instanceof ProblemError || thrown instanceof NoAnswer) return thrown;
  return new NoAnswer(thrown instanceof NotPressbox ? thrown.message : 'No token was available.', { cause: thrown });
}

/**
 * Marks the outcome as unknown if an earlier attempt may have been executed. Only an answer for which the server looked up the
 * key settles it.
 */
function asUnknownOutcome(error: unknown): unknown {
  if (!(error instanceof ProblemError)) return error;
  return isLookedUp(error.problem) ? error : new ProblemError({ ...error.problem, outcome: 'unknown' });
}
