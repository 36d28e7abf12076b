import { afterWrite, type Journal, JournalUnavailable, type Outcome } from '../journal/engine.ts';
import { tags } from '../journal/post-tags.ts';
import type { ReadGuard } from '../journal/read-guard.ts';
import type { Position } from '../protocol/cursor.ts';
import { type AuthorPost, type Erasure, isWithdrawn } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { limits } from '../protocol/wire-limits.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import type { PostState } from './post-rules.ts';
import type { Uploads } from './uploads.ts';
import { type PostWritten, positionOf, type RevisionWritten } from './write-command.ts';

/** Builds responses to writes of posts from the current state. They never contain text that was erased in the meantime. */
export interface WriteAnswers {
  /**
   * Repeats the response to an earlier request. It contains the revision that the request made, or the current post if that
   * revision was erased or the post was withdrawn since.
   */
  replayPost(channelId: string, outcome: Outcome): Promise<PostWritten>;
  /**
   * Adds the posts that restate this one and, if `erasing`, the state of the erasure. `isCached`: public caches
   * may have uploaded media of the post.
   */
  withDerived(answer: PostWritten, erasing: boolean, isCached?: boolean): Promise<RevisionWritten>;
}

export interface WriteAnswersParts {
  engine: Pick<Journal, 'erase' | 'posts' | 'revisions'>;
  guard: ReadGuard;
  /** Throws a `Refusal` if the post does not exist, or its channel was deleted. */
  postNow(channelId: string, postId: string): Promise<PostState & { position: Position }>;
  erasureWaitMs: number;
  uploads: Pick<Uploads, 'erase'>;
}

export function createWriteAnswers({ engine, guard, postNow, erasureWaitMs, uploads }: WriteAnswersParts): WriteAnswers {
  return { replayPost, withDerived };

  async function replayPost(channelId: string, outcome: Outcome): Promise<PostWritten> {
    return await afterWrite(async () => {
      const { postId, revision } = outcome;
      if (postId === null) throw new Refusal('not-found', missing.post);
      const position = positionOf(outcome);
      return { position, replayed: true, post: await guard.read(() => readRevision(channelId, postId, revision)) };
    });
  }

  async function readRevision(channelId: string, postId: string, revision: number): Promise<AuthorPost> {
    const { post } = await postNow(channelId, postId);
    if (isWithdrawn(post) || post.revision === revision) return post;
    const page = await engine.revisions(channelId, postId, { after: revision - 1, limit: 1, bytes: limits.answerBytes });
    // Read last, because a newer revision may have erased the one that was just read.
    const { post: current } = await postNow(channelId, postId);
    const made = page?.revisions.find((past) => past.revision === revision);
    return made && current.revision === post.revision ? made : current;
  }

  async function withDerived(answer: PostWritten, erasing: boolean, isCached = false): Promise<RevisionWritten> {
    const { channelId, id, revision } = answer.post;
    const isValid = guard.begin();
    return await afterWrite(async () => {
      const erasure = erasing ? await erasureOf(channelId, id) : undefined;
      // Read after the erasure, which can take long: these posts or the post itself may be erased in the meantime.
      const read = await guard.read(async () => ({
        post: isValid() ? answer.post : await readRevision(channelId, id, revision),
        derived: await derivedFrom(channelId, id),
      }));
      return {
        ...answer,
        ...read,
        ...(erasure ? { erasure: { ...erasure, ...(isCached && { cachedSeconds: limits.mediaCachedSeconds }) } } : {}),
      };
    });
  }

  async function derivedFrom(channelId: string, postId: string): Promise<RevisionWritten['derived']> {
    const derived: RevisionWritten['derived'] = [];
    let before: number | undefined;
    for (let pages = 0; pages < newsroomLimits.derivedPages; pages += 1) {
      const page = await engine.posts(channelId, {
        tags: [tags.derivedFrom(postId)],
        limit: limits.pageMost,
        bytes: limits.answerBytes,
        ...(before === undefined ? {} : { before }),
      });
      derived.push(...(page?.posts ?? []).map(({ id, kind, headline }) => ({ id, kind, headline })));
      before = page?.posts.at(-1)?.seq;
      if (!page?.more || before === undefined) break;
    }
    return derived;
  }

  /** The state of the erasure once it is complete, or after `erasureWaitMs`. A pending erasure continues on its own. */
  async function erasureOf(channelId: string, postId: string): Promise<Erasure> {
    const pending = (why: string): Erasure => ({ complete: false, pending: [{ where: 'journal', why }] });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Erasure>((resolve) => {
      timer = setTimeout(() => resolve(pending('The erasure takes longer than usual, and continues.')), erasureWaitMs);
    });
    try {
      const erased = async () => withErasure(await engine.erase(channelId, postId), await uploads.erase(channelId, postId));
      return await Promise.race([erased(), late]);
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
      return pending('The journal is unreachable. It erases the text once it is reachable again.');
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The state of two erasures as that of one. */
export function withErasure(a: Erasure, b: Erasure): Erasure {
  return { complete: a.complete && b.complete, pending: [...a.pending, ...b.pending] };
}

/**
 * Returns the answer to a withdrawal. Throws `key-reused` if the post is published: a withdrawal is final, so the key must belong
 * to a revision that was erased since.
 */
export function withdrawnBy(answer: PostWritten): PostWritten {
  if (!isWithdrawn(answer.post)) throw new Refusal('key-reused');
  return answer;
}
