import { type Step, stepsOf } from '../../../client/browser/view/post/versions.ts';
import type { Engine } from '../../journal/engine.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { type Correction, isWithdrawn, type ReaderPost, readerView } from '../../protocol/model.ts';
import { comparePair, type VersionsContext, versionOf } from './post-versions.ts';

/** One page of the corrections of a channel. Read under a guard, so that a takedown during the read repeats all of it. */
export interface ListedCorrections {
  /** Newest first. */
  corrections: ListedCorrection[];
  /** The page of older corrections starts below this offset; null if there are none. */
  older: number | null;
}

export interface ListedCorrection extends Correction {
  /** The current post. Null for a correction of the channel itself. */
  post: ReaderPost | null;
  /**
   * The change of the text. `linked`: too long to be read for this page. Null if there is nothing to show: for a withdrawal, for a
   * post that was withdrawn later, and for the channel itself.
   */
  change: Step | { status: 'linked' } | null;
}

/** Undefined if the channel does not exist. `before`: only corrections below that offset. */
export async function readCorrections(
  context: VersionsContext,
  channelId: string,
  before: number | undefined,
): Promise<ListedCorrections | undefined> {
  const { engine } = context;
  const { generation } = context.diffs;
  const query = { limit: liveLimits.correctionsShown, ...(before === undefined ? {} : { before }) };
  const listed = await engine.corrections(channelId, query);
  if (listed === undefined) return undefined;
  const { corrections, more, position } = listed;
  const first = await readPosts(engine, channelId, corrections);
  let bytes: number = liveLimits.correctionsBytes;
  const changes: ListedCorrection['change'][] = [];
  for (const correction of corrections) {
    const post = correction.postId === null ? undefined : first.get(correction.postId);
    changes.push(post === undefined || isWithdrawn(post) ? null : await readChange(post.id, correction.revision));
  }
  // Read last, so that they include a withdrawal during the read.
  const posts = await readPosts(engine, channelId, corrections);
  return {
    corrections: corrections.map((correction, at) => {
      const post = correction.postId === null ? null : (posts.get(correction.postId) ?? null);
      return { ...correction, post, change: post === null || isWithdrawn(post) ? null : (changes[at] ?? null) };
    }),
    older: more ? (corrections.at(-1)?.offset ?? null) : null,
  };

  /** The revision, compared with the one before it. */
  async function readChange(postId: string, revision: number): Promise<ListedCorrection['change']> {
    if (bytes <= 0) return { status: 'linked' };
    const page = await engine.revisions(channelId, postId, { after: revision - 2, limit: 2, bytes });
    if (page === undefined) return null;
    bytes -= page.revisions.reduce((sum, post) => sum + Buffer.byteLength(JSON.stringify(post)), 0);
    const isCut = page.more && (page.revisions.at(-1)?.revision ?? 0) < revision;
    if (isCut || bytes < 0) return { status: 'linked' };
    const versions = page.revisions.filter((post) => post.revision <= revision).map(versionOf);
    const [old, fresh] = versions;
    const compared =
      old !== undefined && fresh !== undefined
        ? await comparePair(context, { channelId, epoch: position.epoch, postId, before: old, version: fresh }, generation)
        : undefined;
    return stepsOf(versions, revision, revision, () => compared ?? { status: 'both', lines: [] })[0] ?? null;
  }
}

async function readPosts(
  engine: Engine,
  channelId: string,
  corrections: readonly Correction[],
): Promise<ReadonlyMap<string, ReaderPost>> {
  const ids = [...new Set(corrections.flatMap(({ postId }) => postId ?? []))];
  const read = await Promise.all(ids.map((id) => engine.post(channelId, id)));
  return new Map(read.flatMap((found) => (found === undefined ? [] : [[found.post.id, readerView(found.post)]])));
}
