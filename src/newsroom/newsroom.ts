import type { Bus, Journal, Outcome, Renderer } from '../journal/engine.ts';
import { afterWrite, JournalUnavailable } from '../journal/engine.ts';
import type { MediaStore } from '../media/media-store.ts';
import type { Position } from '../protocol/cursor.ts';
import { type Erasure, isWithdrawn } from '../protocol/model.ts';
import { ownerKeyOf } from '../protocol/owner-key.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayAdminister, mayAuthor, mayEdit, mayErase, type Principal } from '../protocol/rights.ts';
import type { ChannelPatch, NewChannel, NewPost, Revision } from '../protocol/schemas.ts';
import { createChannelCache } from './channel-cache.ts';
import { openChannel } from './channel-creation.ts';
import * as channels from './channel-rules.ts';
import type { Attribution, Decision, Expected, Unchanged } from './decision.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import type { Ownership } from './ownership.ts';
import type { PostState } from './post-rules.ts';
import * as posts from './post-rules.ts';
import { createUploads, type WriteClaims } from './uploads.ts';
import { admitWriter, type CurrentChannel, currentChannel } from './write-access.ts';
import { createWriteAnswers, withdrawnBy, withErasure } from './write-answers.ts';
import {
  type ChannelWritten,
  type PostWritten,
  positionOf,
  type RevisionWritten,
  requireSameRequest,
  type Subject,
  type WriteCommand,
} from './write-command.ts';

/**
 * Executes the writes of authors: reads the state, decides, appends, and decides again if the state changed in between.
 *
 * Every method resolves only once the write is on disk in the journal. A `Refusal` means that the write changed nothing. A
 * `JournalUnavailable` states whether it may have. A repeated request takes effect once, and gets the first response again,
 * rebuilt from the current state.
 */
export interface Newsroom {
  openChannel(write: WriteCommand<NewChannel>): Promise<ChannelWritten>;
  changeChannel(write: WriteCommand<{ patch: ChannelPatch; expected: Expected }>, channelId: string): Promise<ChannelWritten>;
  /**
   * Erases the channel. A repeated call returns the state of the erasure. With `at`, only if the journal of the channel ends
   * there, and only for the request that erased it, so that its author knows that nothing came in between.
   */
  deleteChannel(
    write: WriteCommand<{ at?: Position | undefined }>,
    channelId: string,
  ): Promise<{ erasure: Erasure; replayed: boolean }>;
  publish(write: WriteCommand<NewPost>, channelId: string): Promise<PostWritten>;
  /** With `eraseEarlier`, the result has `erasure`. */
  revise(write: WriteCommand<Revision & { expected: Expected }>, channelId: string, postId: string): Promise<RevisionWritten>;
  retract(
    write: WriteCommand<{ note: string; expected?: Expected }>,
    channelId: string,
    postId: string,
  ): Promise<RevisionWritten>;
  /** The result has `erasure`. A repeated call returns the state of the erasure. */
  takeDown(
    write: WriteCommand<{ note: string | null; expected?: Expected }>,
    channelId: string,
    postId: string,
  ): Promise<RevisionWritten>;
}

export interface NewsroomOptions {
  engine: Journal & Pick<Bus, 'onErased'>;
  /** Replaces `engine.append`, to measure it. */
  append?: Journal['append'];
  renderer: Renderer;
  /** Milliseconds since 1970. */
  now(): number;
  /** A fresh UUIDv7. */
  newId(): string;
  /** Set if an issuer is configured. */
  ownership?: Ownership | undefined;
  erasureWaitMs?: number;
  /** The store of uploads. Left out: this server takes none. */
  media?: MediaStore | undefined;
}

interface DecidedWrite {
  write: WriteCommand<unknown>;
  channelId: string;
  subject: Subject;
  /** Only if the write may name uploads. */
  claims?: WriteClaims;
}

const { decisionTries: triesMost } = newsroomLimits;
const tooLate = {
  detail: 'The write took too long, and an upload that it names may have been erased meanwhile. Send it again.',
  retryAfter: newsroomLimits.mediaRetrySeconds,
};
const notTheirOwn = 'Authors may change only their own posts, and this post has another author.';
const notAnEditor = 'Only an editor of the channel may erase what was published (`eraseEarlier`).';

export function createNewsroom(options: NewsroomOptions): Newsroom {
  const {
    engine,
    append = engine.append.bind(engine),
    renderer,
    now: clock,
    newId,
    ownership,
    erasureWaitMs = newsroomLimits.erasureWaitMs,
  } = options;
  const cache = createChannelCache({ onErased: (listener) => engine.onErased(listener) }, clock);
  const { guard } = cache;
  const uploads = createUploads({ engine, renderer, store: options.media });
  const { replayPost, withDerived } = createWriteAnswers({ engine, guard, postNow, erasureWaitMs, uploads });

  return {
    openChannel: (write) => openChannel({ engine, append, channelNow, attribution: () => attributionOf(write.who) }, write),
    changeChannel,
    deleteChannel,
    publish,
    revise,
    retract,
    takeDown,
  };

  async function changeChannel(
    write: WriteCommand<{ patch: ChannelPatch; expected: Expected }>,
    channelId: string,
  ): Promise<ChannelWritten> {
    const read = await admitWriter(engine, write.who, channelId, mayEdit);
    const before = await recallOutcome(write, channelId, 'channel');
    if (before)
      return await afterWrite(async () => ({ ...(await channelNow(channelId)), position: positionOf(before), replayed: true }));
    let now = currentChannel(read);
    const { expected, ...parsed } = write.parse();
    const { picture } = parsed.patch;
    const claims = uploads.begin(channelId);
    const done = await claims.settle(async () => {
      const patch = picture ? { ...parsed.patch, picture: await claims.picture(picture) } : parsed.patch;
      const subject = 'channel';
      return await decideAndAppend({ write, channelId, subject, claims }, async (isRetry, attribution) => {
        if (isRetry) now = await channelNow(channelId);
        const { channel, position } = now;
        const id = patch.pinnedPostId;
        const pinned = id ? (await engine.post(channelId, id))?.post : undefined;
        return { decision: channels.change({ channel, pinned }, { patch, expected }, attribution), position };
      });
    });
    if (done.status === 'appended') {
      const entry = done.changes[0];
      if (entry?.type === 'channel.changed') {
        await uploads.releasePicture(now.channel, entry.channel);
        return { channel: entry.channel, position: done.position, replayed: false };
      }
    }
    if (done.status === 'unchanged') return { ...(await channelNow(channelId)), position: done.position, replayed: false };
    return await afterWrite(async () => ({ ...(await channelNow(channelId)), position: done.position, replayed: true }));
  }

  async function deleteChannel(write: WriteCommand<{ at?: Position | undefined }>, channelId: string) {
    const read = await admitWriter(engine, write.who, channelId, mayAdminister);
    let before = await recallOutcome(write, channelId, 'channel');
    const { at } = write.parse();
    const deleted = await engine.deleteChannel(channelId, write.request, write.who.sub, at);
    if (deleted.status === 'missing') throw new Refusal('not-found', missing.channel);
    if (deleted.status === 'moved') throw new Refusal('revision-moved', { current: (await channelNow(channelId)).channel });
    if (at !== undefined && (await engine.recall(channelId, write.request)) === undefined) throw new Refusal('channel-deleted');
    if (read.status === 'deleted')
      before ??= await noteOutcome(write, channelId, 'channel', { position: undefined, postId: null, revision: 0 });
    const erasure = withErasure(deleted.erasure, await uploads.deleteChannel(channelId));
    return { erasure, replayed: before !== undefined };
  }

  async function publish(write: WriteCommand<NewPost>, channelId: string): Promise<PostWritten> {
    // If the cached channel is stale, the append reports a conflict. A refusal is decided again on a fresh read.
    let now = (mayAuthor(write.who, channelId) && cache.cached(channelId)) || (await admitAuthor(write, channelId));
    const claims = uploads.begin(channelId);
    const done = await claims.settle(async () => {
      let draft: NewPost;
      let html: string;
      let id: string;
      try {
        draft = write.parse();
        id = draft.id ?? newId();
        html = renderer.render(draft.body ?? '', { channelId });
        if (draft.media?.length) draft.media = await claims.media(id, draft.media, 'media');
      } catch (refusal) {
        // For a valid body, the append finds an earlier execution of the request. An invalid body is never appended, so the
        // earlier execution is looked up here.
        const before = await recallOutcome(write, channelId, { newPost: undefined });
        if (before) return repeatedOutcome(before);
        throw refusal;
      }
      const command = { ...draft, id, html, byline: write.who.name };
      const subject = { newPost: draft.id };
      return await decideAndAppend({ write, channelId, subject, claims }, async (isRetry, attribution) => {
        if (isRetry) now = await channelNow(channelId);
        const { channel, position } = now;
        const existing = draft.id ? (await engine.post(channelId, draft.id))?.post : undefined;
        const sources = await publishedAmong(channelId, draft.derivedFrom);
        return { decision: posts.publish({ channel, existing, sources }, command, attribution), position };
      });
    });
    return await answerFor(channelId, done);
  }

  async function revise(
    write: WriteCommand<Revision & { expected: Expected }>,
    channelId: string,
    postId: string,
  ): Promise<RevisionWritten> {
    let { before, ...now } = await admitToPost(write, channelId, postId, mayAuthor);
    if (before) return await withDerived(await replayPost(channelId, before), wantsErasure(write));
    const revision = write.parse();
    if (revision.eraseEarlier === true && !mayErase(write.who, channelId))
      throw new Refusal('forbidden', { detail: notAnEditor });
    const { body, media } = revision.changes;
    const claims = uploads.begin(channelId);
    let isCached = false;
    const done = await claims.settle(async () => {
      if (media?.length) revision.changes.media = await claims.media(postId, media, 'changes.media');
      isCached = revision.eraseEarlier === true && (await uploads.expectErasure(channelId, postId));
      const command = { ...revision, html: body === undefined ? undefined : renderChange(body, channelId) };
      const subject = { post: postId };
      return await decideAndAppend({ write, channelId, subject, claims }, async (isRetry, attribution) => {
        if (isRetry) now = await postNow(channelId, postId);
        const sources = await publishedAmong(channelId, revision.changes.derivedFrom);
        return { decision: posts.revise({ ...now, sources }, command, attribution), position: now.position };
      });
    });
    return await withDerived(await answerFor(channelId, done), revision.eraseEarlier === true, isCached);
  }

  async function retract(write: WriteCommand<{ note: string; expected?: Expected }>, channelId: string, postId: string) {
    let { before, ...now } = await admitToPost(write, channelId, postId, mayAuthor);
    if (before) return await withDerived(withdrawnBy(await replayPost(channelId, before)), false);
    const command = write.parse();
    const subject = { post: postId };
    const done = await decideAndAppend({ write, channelId, subject }, async (isRetry, attribution) => {
      if (isRetry) now = await postNow(channelId, postId);
      return { decision: posts.retract(now, command, attribution), position: now.position };
    });
    return await withDerived(withdrawnBy(await answerFor(channelId, done)), false);
  }

  async function takeDown(write: WriteCommand<{ note: string | null; expected?: Expected }>, channelId: string, postId: string) {
    let { before, ...now } = await admitToPost(write, channelId, postId, mayErase);
    if (before) return await withDerived(withdrawnBy(await replayPost(channelId, before)), true);
    const command = write.parse();
    const isCached = await uploads.expectErasure(channelId, postId);
    const subject = { post: postId };
    const done = await decideAndAppend({ write, channelId, subject }, async (isRetry, attribution) => {
      if (isRetry) now = await postNow(channelId, postId);
      return { decision: posts.takeDown(now, command, attribution), position: now.position };
    });
    if (done.status === 'unchanged') {
      return await withDerived({ post: now.post, position: now.position, replayed: false }, true);
    }
    return await withDerived(withdrawnBy(await answerFor(channelId, done)), true, isCached);
  }

  type WriteOutcome =
    | Extract<Awaited<ReturnType<Journal['append']>>, { status: 'appended' }>
    | { status: 'repeated'; outcome: Outcome; position: Position }
    | { status: 'unchanged'; position: Position };

  /**
   * Decides and appends. If another write came first, decides again on a fresh read. Throws a refusal.
   *
   * A decision not to append is confirmed on a second read: the obstacle may come from the same request, sent twice at once, and
   * a refusal must not show text that was erased since the read.
   */
  async function decideAndAppend(
    { write, channelId, subject, claims }: DecidedWrite,
    decide: (isRetry: boolean, attribution: Attribution) => Promise<{ decision: Decision; position: Position }>,
  ): Promise<WriteOutcome> {
    let confirming = false;
    /** The date of the channel's last entry, if it is ahead of the clock. */
    let lastAt: string | undefined;
    for (let tries = 0; tries < triesMost; tries += 1) {
      const isValid = guard.begin();
      const { decision, position } = await decide(tries > 0, attributionOf(write.who, lastAt));
      if (decision.status !== 'append') {
        if (!isValid()) continue;
        if (confirming && decision.status === 'refused') throw new Refusal(decision.code, decision.details);
        if (confirming && decision.status === 'unchanged')
          return await noteUnchanged(write, channelId, subject, decision, position);
        const before = await recallOutcome(write, channelId, subject);
        if (before) return repeatedOutcome(before);
        confirming = true;
        continue;
      }
      confirming = false;
      const { decidedOn, entries } = decision;
      const lastDateBindsUntil = new Date(clock() + newsroomLimits.lastDateBindsMs).toISOString();
      const fence = claims?.fence;
      const request = { request: write.request, decidedOn, entries, lastDateBindsUntil, ...(fence !== undefined && { fence }) };
      const result = await append(channelId, request);
      if (result.status === 'appended') return result;
      if (result.status === 'forbidden') throw new Refusal('media-unavailable', tooLate);
      if (result.status === 'earlier') lastAt = result.lastAt;
      if (result.status === 'duplicate') return repeatedOutcome(requireSameRequest(result.outcome, subject));
    }
    throw new JournalUnavailable('other writes kept changing what this write depends on', 'unchanged');
  }

  /** Records the request like an entry, so that a retry changes nothing, even if the state has changed by then. */
  async function noteUnchanged(
    write: WriteCommand<unknown>,
    channelId: string,
    subject: Subject,
    { postId, revision }: Unchanged,
    position: Position,
  ): Promise<WriteOutcome> {
    const before = await noteOutcome(write, channelId, subject, { position, postId, revision });
    return before ? repeatedOutcome(before) : { status: 'unchanged', position };
  }

  function repeatedOutcome(outcome: Outcome): WriteOutcome {
    return { status: 'repeated', outcome, position: positionOf(outcome) };
  }

  async function answerFor(channelId: string, done: WriteOutcome): Promise<PostWritten> {
    if (done.status === 'repeated') return await replayPost(channelId, done.outcome);
    if (done.status === 'appended' && done.post) return { post: done.post, position: done.position, replayed: false };
    throw new Error('a write of a post answered without the post');
  }

  /** Checks the rights, then looks for an earlier execution of the request. */
  async function admitToPost(
    write: WriteCommand<unknown>,
    channelId: string,
    postId: string,
    may: (who: Principal, channelId: string) => boolean,
  ): Promise<PostState & { position: Position; before: Outcome | undefined }> {
    const read = await admitWriter(engine, write.who, channelId, may);
    const there = read.status === 'found' ? await engine.post(channelId, postId) : undefined;
    if (there && !posts.mayChange(write.who, there.post, ownership)) throw new Refusal('forbidden', { detail: notTheirOwn });
    const before = await recallOutcome(write, channelId, { post: postId });
    const { channel } = currentChannel(read);
    if (!there) return await refuseMissingPost(channelId);
    return { channel, post: there.post, position: there.position, before };
  }

  async function recallOutcome(
    { request, keyed }: WriteCommand<unknown>,
    channelId: string,
    subject: Subject,
  ): Promise<Outcome | undefined> {
    const outcome = keyed ? await engine.recall(channelId, request) : undefined;
    return outcome && requireSameRequest(outcome, subject);
  }

  /**
   * Records the outcome of a request, unless it has no key. Returns the earlier outcome if the same request was recorded first.
   */
  async function noteOutcome(
    { request, keyed }: WriteCommand<unknown>,
    channelId: string,
    subject: Subject,
    outcome: Omit<Outcome, 'same'>,
  ) {
    const before = keyed ? await engine.note(channelId, request, outcome) : undefined;
    return before && requireSameRequest(before, subject);
  }

  function admitAuthor(write: WriteCommand<unknown>, channelId: string): Promise<CurrentChannel> {
    return cache.read(channelId, async () => {
      const read = await admitWriter(engine, write.who, channelId, mayAuthor);
      if (read.status !== 'found') await recallOutcome(write, channelId, { newPost: undefined });
      return currentChannel(read);
    });
  }

  function channelNow(channelId: string): Promise<CurrentChannel> {
    return cache.read(channelId, async () => currentChannel(await engine.channel(channelId)));
  }

  async function postNow(channelId: string, postId: string) {
    const [{ channel }, read] = await Promise.all([channelNow(channelId), engine.post(channelId, postId)]);
    if (!read) return await refuseMissingPost(channelId);
    return { channel, post: read.post, position: read.position };
  }

  /** Throws that there is no such post, unless the channel itself is no longer there. */
  async function refuseMissingPost(channelId: string): Promise<never> {
    currentChannel(await engine.channel(channelId));
    throw new Refusal('not-found', missing.post);
  }

  /** The published posts among the ids, with their revisions. */
  async function publishedAmong(channelId: string, ids: readonly string[] = []): Promise<ReadonlyMap<string, number>> {
    const reads = await Promise.all(ids.map((id) => engine.post(channelId, id)));
    const published = reads.flatMap((read) => (read && !isWithdrawn(read.post) ? [read.post] : []));
    return new Map(published.map(({ id, revision }) => [id, revision]));
  }

  /** Renders the body. A refusal names `changes.body`, as in the request. */
  function renderChange(body: string, channelId: string): string {
    try {
      return renderer.render(body, { channelId });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const errors = (error.problem.errors ?? []).map(({ path, message }) => ({ path: `changes.${path}`, message }));
      throw new Refusal('invalid-body', { errors });
    }
  }

  /** Uses the time of the clock, or `lastAt` if that is later. */
  function attributionOf(who: Principal, lastAt = ''): Attribution {
    const now = new Date(clock()).toISOString();
    return { by: who.sub, ...(ownership && { ownerKey: ownerKeyOf(who) }), at: now < lastAt ? lastAt : now };
  }
}

/**
 * Whether a repeated request asks for an erasure. The body may be invalid, because any body counts as equal to one that was
 * erased.
 */
function wantsErasure(write: WriteCommand<Revision & { expected: Expected }>): boolean {
  try {
    return write.parse().eraseEarlier === true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
