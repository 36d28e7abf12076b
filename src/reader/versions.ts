import { type Beside, type Step, stepsOf, type Version } from '../../client/web/view/versions.ts';
import type { Engine } from '../engine/engine.ts';
import { limits } from '../protocol/limits.ts';
import { type Media, type ReaderPost, readerView } from '../protocol/model.ts';
import { readerLimits } from './limits.ts';
import { textOf } from './post-text.ts';

/** What a post said before, as far as one page tells it. To be read under a guard: a takedown counts for every part. */
export interface Versions {
  /** As it is, read last: a withdrawal while the rest was read is in it. */
  post: ReaderPost;
  /** Newest first. */
  steps: Step[];
  /** The page of older changes is that before this revision; null where there is none. */
  older: number | null;
}

/** Room for two posts in the author's view, however large. */
const twoPosts = 2 * limits.answerBytes;

/** Undefined: there is no such post. `before`: only changes below that revision. */
export async function readVersions(
  engine: Engine,
  channelId: string,
  postId: string,
  before: number,
): Promise<Versions | undefined> {
  const [now, oldest] = await Promise.all([engine.post(channelId, postId), readRevisions(1, 1, twoPosts)]);
  if (now === undefined || oldest === undefined) return undefined;
  const top = Math.min(now.post.revision, before - 1);
  const page = await readUpTo(top);
  const read = await engine.post(channelId, postId);
  if (page === undefined || read === undefined) return undefined;
  const first = oldest.revisions[0]?.revision ?? 1;
  // What was erased below all that there is is told at once, not page by page.
  const floor = first >= page.floor ? 1 : page.floor;
  return {
    post: readerView(read.post),
    steps: stepsOf(page.revisions.map(versionOf), floor, top, readerLimits.versionEdits),
    older: floor > 1 ? floor : null,
  };

  /** The newest revisions up to `top`, and the one below them: as many as one page tells, fewer where they are large. */
  async function readUpTo(top: number) {
    for (let count: number = readerLimits.versionChanges; ; count = Math.floor(count / 2)) {
      const floor = Math.max(1, top - count + 1);
      const page = await readRevisions(floor - 1, count + 1, count === 1 ? twoPosts : readerLimits.versionBytes);
      if (page === undefined) return undefined;
      const isCut = page.more && (page.revisions.at(-1)?.revision ?? 0) < top;
      if (!isCut || count === 1) return { revisions: page.revisions, floor };
    }
  }

  async function readRevisions(from: number, limit: number, bytes: number) {
    return await engine.revisions(channelId, postId, { after: Math.max(0, from - 1), limit, bytes });
  }
}

function versionOf(post: ReaderPost): Version {
  const { revision, history, publishedAt, headline, html } = post;
  const change = revision === 1 ? null : (history.findLast((one) => one.revision === revision) ?? null);
  return { revision, change, publishedAt, headline, text: textOf(html), beside: besideOf(post) };
}

function besideOf({ kind, keyEvent, verification, developing, media, sources, authors }: ReaderPost): Beside[] {
  const marks = [kind !== 'update' && kind, keyEvent && 'key', verification, developing && 'developing'].filter(
    (mark) => typeof mark === 'string',
  );
  return [
    ...marks.map((id): Beside => ({ what: 'mark', id, text: id })),
    ...media.map((one): Beside => ({ what: one.type, id: one.url, text: toldOf(one) })),
    ...sources.map(({ name, via, url }): Beside => ({ what: 'source', id: name, text: told(name, via, url) })),
    ...authors.map(({ name, role }): Beside => ({ what: 'author', id: name, text: told(name, role) })),
  ];
}

/** A picture or a film by what is said of it, else by its address. */
function toldOf(media: Media): string {
  switch (media.type) {
    case 'image':
      return told(media.caption, media.alt, media.credit) || media.url;
    case 'video':
      return media.caption || media.url;
    case 'link':
      return told(media.title, media.source);
  }
}

function told(...parts: (string | undefined)[]): string {
  return [...new Set(parts.filter(Boolean))].join(', ');
}
