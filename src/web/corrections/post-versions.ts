import { type Beside, type Comparison, type Step, stepsOf, type Version } from '../../../client/browser/view/post/versions.ts';
import { paragraphsOf } from '../../../client/browser/view/wording/plain-text.ts';
import type { BuildStep } from '../../http/build-steps.ts';
import type { Engine } from '../../journal/engine.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { type Media, type PostFields, type ReaderPost, readerView } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { VersionPair, WordDiffs } from './word-diffs.ts';

/** One page of the earlier versions of a post. Read under a guard, so that a takedown during the read repeats all of it. */
export interface Versions {
  /** The current post, read last, so that it includes a withdrawal during the read. */
  post: ReaderPost;
  /** Newest first. */
  steps: Step[];
  /** The page of older changes starts below this revision; null if there are none. */
  older: number | null;
  /** Whether there are newer changes than these. */
  newer: boolean;
}

/** Room for two posts of any size in the author's view. */
const twoPosts = 2 * limits.answerBytes;

export interface ComparisonContext {
  diffs: WordDiffs;
  step: BuildStep;
}

export interface VersionsContext extends ComparisonContext {
  engine: Engine;
}

/** Undefined if the post does not exist. `before`: only changes below that revision. */
export async function readVersions(
  context: VersionsContext,
  channelId: string,
  postId: string,
  before: number,
): Promise<Versions | undefined> {
  const { engine } = context;
  const { generation } = context.diffs;
  const [now, oldest] = await Promise.all([engine.post(channelId, postId), readRevisions(1, 1, twoPosts)]);
  if (now === undefined || oldest === undefined) return undefined;
  const top = Math.min(now.post.revision, before - 1);
  const page = await readUpTo(top, JSON.stringify(now.post).length);
  const read = await engine.post(channelId, postId);
  if (page === undefined || read === undefined) return undefined;
  const first = oldest.revisions[0]?.revision ?? 1;
  // Erased revisions below the oldest kept one are listed at once, not page by page.
  const floor = first >= page.floor ? 1 : page.floor;
  const versions = page.revisions.map(versionOf);
  const compared = await compareAll(versions, read.position.epoch);
  const compare = (_: Version, { revision }: Version) => compared.get(revision) as Comparison;
  return {
    post: readerView(read.post),
    steps: stepsOf(versions, floor, top, compare),
    older: floor > 1 ? floor : null,
    newer: top < read.post.revision,
  };

  /** Compares each version with the one before it. */
  async function compareAll(versions: readonly Version[], epoch: string): Promise<ReadonlyMap<number, Comparison>> {
    const compared = new Map<number, Comparison>();
    for (const [at, version] of versions.entries()) {
      const before = versions[at - 1];
      if (before?.revision !== version.revision - 1) continue;
      compared.set(version.revision, await comparePair(context, { channelId, epoch, postId, before, version }, generation));
    }
    return compared;
  }

  /** The newest revisions up to `top` and the one below them: as many as a page shows, fewer if they are large. */
  async function readUpTo(top: number, characters: number) {
    // Read only as many revisions as are likely to fit: most are as long as the current post.
    const likely = Math.floor(liveLimits.versionBytes / characters) - 1;
    for (let count = clamp(likely, 1, liveLimits.versionChanges); ; count = Math.floor(count / 2)) {
      const floor = Math.max(1, top - count + 1);
      const page = await readRevisions(floor - 1, count + 1, count === 1 ? twoPosts : liveLimits.versionBytes);
      if (page === undefined) return undefined;
      const isCut = page.more && (page.revisions.at(-1)?.revision ?? 0) < top;
      if (!isCut || count === 1) return { revisions: page.revisions, floor };
    }
  }

  async function readRevisions(from: number, limit: number, bytes: number) {
    return await engine.revisions(channelId, postId, { after: Math.max(0, from - 1), limit, bytes });
  }
}

/**
 * The comparison from the cache, or a new one, which lets other work run before it. `generation`: that of the cache before the texts were
 * read.
 */
export async function comparePair(
  { diffs, step }: ComparisonContext,
  pair: VersionPair,
  generation: number,
): Promise<Comparison> {
  const known = diffs.find(pair);
  if (known !== undefined) return known;
  await step();
  return diffs.compare(pair, generation);
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

export function versionOf(post: ReaderPost): Version {
  const { revision, history, publishedAt, headline, html } = post;
  const change = revision === 1 ? null : (history.findLast((one) => one.revision === revision) ?? null);
  return { revision, change, publishedAt, headline, text: paragraphsOf(html), beside: besideOf(post) };
}

function besideOf(post: ReaderPost): Beside[] {
  return Object.values(beside).flatMap((of) => of(post));
}

/** How changes of each field other than headline and body are described, in this order. */
const beside: { readonly [F in Exclude<keyof PostFields, 'headline' | 'body'>]: (post: Pick<ReaderPost, F>) => Beside[] } = {
  kind: ({ kind }) => (kind === 'update' ? [] : [mark(kind)]),
  keyEvent: ({ keyEvent }) => (keyEvent ? [mark('key')] : []),
  verification: ({ verification }) => (verification === null ? [] : [mark(verification)]),
  developing: ({ developing }) => (developing ? [mark('developing')] : []),
  media: ({ media }) => media.map((one) => ({ what: one.type, id: one.url, text: mediaText(one) })),
  sources: ({ sources }) => sources.map(({ name, via, url }) => ({ what: 'source', id: name, text: joinTexts(name, via, url) })),
  authors: ({ authors }) => authors.map(({ name, role }) => ({ what: 'author', id: name, text: joinTexts(name, role) })),
  // Restated posts are not shown.
  derivedFrom: () => [],
};

function mark(id: string): Beside {
  return { what: 'mark', id, text: id };
}

/** A picture or video by its description, or by its URL. A link by its title, its source, and what it embeds. */
function mediaText(media: Media): string {
  switch (media.type) {
    case 'image':
      return joinTexts(media.caption, media.alt, media.credit) || media.url;
    case 'video':
      return media.caption || media.url;
    case 'link':
      return joinTexts(media.title, media.source, media.embed && `${media.embed.provider} ${media.embed.id}`, media.audio?.url);
  }
}

function joinTexts(...parts: (string | undefined)[]): string {
  return [...new Set(parts.filter(Boolean))].join(', ');
}
