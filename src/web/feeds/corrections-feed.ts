import { type Html, html } from '../../../client/browser/view/html.ts';
import { datedText, wordsOf } from '../../../client/browser/view/wording/time.ts';
import { correctionWordsOf, pageWordsOf } from '../../../client/browser/view/wording/wording.ts';
import type { BuildStep } from '../../http/build-steps.ts';
import type { Engine } from '../../journal/engine.ts';
import { changePath, correctionsPath, onServer } from '../../protocol/addresses.ts';
import { type Channel, type Correction, isCorrection, isWithdrawn, type ReaderPost, readerView } from '../../protocol/model.ts';
import { atomDocument, noticeEntry } from './atom.ts';
import { correctionsTitleOf, directed, lastTouched, titleOf } from './content.ts';
import {
  correctionId,
  correctionsFeed,
  correctionsFeedId,
  type FeedLinks,
  type FeedPlace,
  linksOf,
  type Publisher,
  plainUri,
} from './feed-page.ts';
import { noticePage } from './members-notice.ts';
import { type Xml, xml } from './xml.ts';

/**
 * The corrections of a channel as Atom 1.0: one entry for each clarification, correction, retraction and takedown, newest first. It has the
 * note and a link to the post. When the note is erased or the post withdrawn, the entry changes and keeps its id, so feed readers replace it.
 */

export interface CorrectionEntry extends Correction {
  /** Null for a correction of the channel itself. */
  post: PostInFeed | null;
  /** When the entry last changed. */
  changedAt: string;
}

/** The part of a post that its entry needs. */
export interface PostInFeed {
  id: string;
  /** The headline, or the beginning of the text. A withdrawn post is named by its time. */
  title: string;
  isWithdrawn: boolean;
  /** When the post last changed. */
  changedAt: string;
}

export interface FoundCorrections {
  channel: Channel;
  corrections: CorrectionEntry[];
  /** The next page. */
  next: FeedPlace | undefined;
}

/** Undefined if the channel does not exist. */
export async function readCorrectionsFeed(
  engine: Engine,
  channelId: string,
  { before, limit }: { before?: number | undefined; limit: number },
  step: BuildStep,
): Promise<FoundCorrections | undefined> {
  const first = await engine.channel(channelId);
  const page = await engine.corrections(channelId, before === undefined ? { limit } : { before, limit });
  if (first.status !== 'found' || page === undefined) return undefined;
  const corrections: CorrectionEntry[] = [];
  const posts = new Map<string, PostInFeed>();
  // One at a time, and only what the feed needs is kept, because posts may be large.
  for (const correction of page.corrections) {
    const { postId } = correction;
    await step();
    const read = postId === null || posts.has(postId) ? undefined : await engine.post(channelId, postId);
    if (read !== undefined) posts.set(read.post.id, inFeed(readerView(read.post), first.channel));
    const post = postId === null ? null : (posts.get(postId) ?? null);
    corrections.push({ ...correction, post, changedAt: changedAt(correction, post) });
  }
  // Read the channel last, as for the feeds of posts.
  const read = await engine.channel(channelId);
  if (read.status !== 'found') return undefined;
  const { latestPostAt: _, ...channel } = read.channel;
  const last = corrections.at(-1);
  return { channel, corrections, next: page.more && last !== undefined ? { limit, before: last.offset } : undefined };
}

function inFeed(post: ReaderPost, channel: Channel): PostInFeed {
  const gone = isWithdrawn(post);
  return {
    id: post.id,
    title: gone ? pageWordsOf(channel).postOf(datedText(post.publishedAt, channel)) : titleOf(post, channel),
    isWithdrawn: gone,
    changedAt: lastTouched(post),
  };
}

/** A withdrawal and an erasure of the note change the entry. */
function changedAt({ at, note }: Correction, post: PostInFeed | null): string {
  return post !== null && (note === null || post.isWithdrawn) && post.changedAt > at ? post.changedAt : at;
}

/** The feed leads to the page of corrections. */
export function correctionsLinksOf(
  publicUrl: string,
  channel: Channel,
  place: FeedPlace,
  next: FeedPlace | undefined,
): FeedLinks {
  return {
    ...linksOf(publicUrl, channel, correctionsFeed.file, {}, place, next),
    home: plainUri(onServer(correctionsPath(channel.id), publicUrl)),
  };
}

export function correctionsAtom(
  channel: Channel,
  corrections: readonly CorrectionEntry[],
  { links, publisher, entries = [] }: { links: FeedLinks; publisher: Publisher | undefined; entries?: readonly Xml[] },
): string {
  return atomDocument({
    id: correctionsFeedId(channel),
    title: correctionsTitleOf(channel),
    about: correctionWordsOf(channel).about,
    channel,
    links,
    publisher,
    changed: corrections.map((one) => one.changedAt),
    entries,
  });
}

/** The feed for anonymous readers of a members channel: one entry that says how to read it. */
export function correctionsNotice(
  channel: Channel,
  { publicUrl, publisher }: { publicUrl: string; publisher: Publisher | undefined },
): string {
  const { notice } = noticePage(channel, correctionsFeed.file, {}, publicUrl);
  return correctionsAtom(channel, [], {
    links: correctionsLinksOf(publicUrl, channel, {}, undefined),
    publisher,
    entries: notice === undefined ? [] : [noticeEntry(notice)],
  });
}

export function correctionEntry(correction: CorrectionEntry, channel: Channel, links: FeedLinks): Xml {
  const { kind, post, postId, revision, at } = correction;
  const { changes, changed, colon } = wordsOf(channel);
  const label = kind === 'refile' ? changed : (changes[kind] ?? changed);
  const subject = post === null ? correctionWordsOf(channel).coverageItself : post.title;
  const comparison =
    postId !== null && isCorrection(correction) && post?.isWithdrawn === false
      ? xml`<link rel="related" type="text/html" href="${links.server + changePath(channel.id, postId, revision)}"/>\n`
      : null;
  return xml`<entry>
<id>${correctionId(channel, correction)}</id>
<title>${label}${colon}${subject}</title>
<published>${at}</published>
<updated>${correction.changedAt}</updated>
<link rel="alternate" type="text/html" href="${post === null ? links.home : links.post(post.id)}"/>
${comparison}<category term="${kind}" label="${label}"/>
<content type="html">${directed(contentOf(correction, channel), channel)}</content>
</entry>
`;
}

function contentOf(correction: CorrectionEntry, channel: Channel): Html {
  const { note, post } = correction;
  const { noteErased, laterWithdrawn } = correctionWordsOf(channel);
  const wasCorrected = isCorrection(correction);
  const noted = note !== null ? note : wasCorrected ? noteErased : wordsOf(channel).unavailable;
  return html`<p>${noted}</p>${wasCorrected && post?.isWithdrawn === true && html`<p>${laterWithdrawn}</p>`}`;
}
