import { directionOf, turned } from '../../../client/browser/view/direction.ts';
import { type Html, html, nothing } from '../../../client/browser/view/html.ts';
import { addressOn } from '../../../client/browser/view/links.ts';
import { renderComparison, type VersionContext, versionContextFor } from '../../../client/browser/view/post/versions.ts';
import { clockBeside } from '../../../client/browser/view/wording/time.ts';
import { around, correctionWordsOf, pageWordsOf, serverWordsOf } from '../../../client/browser/view/wording/wording.ts';
import { changePath, channelPath, correctionsPath, onServer, postPath } from '../../protocol/addresses.ts';
import { type Channel, isCorrection, isWithdrawn } from '../../protocol/model.ts';
import { changedParagraphs } from '../corrections/changed-paragraphs.ts';
import type { ListedCorrection, ListedCorrections } from '../corrections/channel-corrections.ts';
import { correctionsTitleOf, titleOf } from '../feeds/content.ts';
import { correctionsFeed, feedAddress } from '../feeds/feed-page.ts';
import { type Assets, type FollowedChannel, followed, htmlDocument, siteBar, type Visitor } from './document.ts';
import { correctionsPreview } from './preview.ts';

export interface CorrectionsPage extends ListedCorrections, Pick<FollowedChannel, 'cursor'> {
  channel: Channel;
  /** Each correction as rendered by `renderCorrection`. Default: rendered here. */
  sections?: readonly Html[] | undefined;
  /** The page has only corrections below this offset. Undefined: it begins with the newest. */
  before: number | undefined;
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
}

/** `/live/{c}/corrections`. Complete without a script, which keeps it current. Pages of older corrections are not indexed. */
export function correctionsPage({
  channel,
  corrections,
  sections,
  older,
  before,
  cursor,
  visitor,
  publicUrl,
  assets,
}: CorrectionsPage): string {
  const context = versionContextFor(channel);
  const { words, own, setting } = context;
  const ours = correctionWordsOf(channel);
  const { basePath } = assets;
  const path = correctionsPath(channel.id);
  const isFirst = before === undefined;
  const title = correctionsTitleOf(channel);
  const isPublic = channel.access === 'public';
  const hasComparison = corrections.some(({ change }) => change?.status === 'compared');
  const empty = isFirst ? ours.none : words.nothingOlder;
  return htmlDocument({
    title,
    language: channel.language,
    description: ours.about,
    ...(isFirst && { canonical: onServer(path, publicUrl) }),
    assets,
    script: assets.followPost,
    measured: true,
    head: isPublic && [
      correctionsFeedLink(channel, publicUrl),
      isFirst &&
        correctionsPreview(
          channel,
          { title, about: ours.about, latestAt: corrections[0]?.at },
          { publicUrl, brand: assets.brand },
        ),
    ],
    body: html`${siteBar(assets, visitor, channel.language)}
<main class="page"${followed({ channelId: channel.id, cursor })}>
<div lang="${words.language}" dir="${directionOf(words.language)}">
<header class="head"><p class="section"><a href="${basePath + channelPath(channel.id)}" lang="${channel.language}">${turned(html`<bdi>${channel.headline}</bdi>`, setting)}</a></p><h1>${ours.corrections}</h1>
<p class="standfirst">${ours.about}${hasComparison && ` ${own.legend}`}</p></header>
<div class="alone">${corrections.length === 0 && html`<p class="empty">${empty}</p>`}${sections ?? corrections.map((one) => renderCorrection(one, channel, basePath))}</div>
<nav class="pages" aria-label="${ours.corrections}"><a class="step" href="${basePath + channelPath(channel.id)}">${serverWordsOf(channel).theCoverage}</a>${
      !isFirst && html`<a class="step" href="${basePath + path}">${ours.newestCorrections}</a>`
    }${older !== null && html`<a class="step" rel="next" href="${basePath + path}?before=${older}">${ours.olderCorrections}</a>`}${
      isPublic && html`<a class="step" href="${feedAddress(publicUrl, channel.id, correctionsFeed.file)}">${ours.asFeed}</a>`
    }</nav>
</div>
</main>`,
  });
}

/** The link by which feed readers find the feed. */
export function correctionsFeedLink(channel: Channel, publicUrl: string): Html {
  const title = correctionsTitleOf(channel);
  return html`<link rel="alternate" type="${correctionsFeed.type}" title="${title}" href="${feedAddress(publicUrl, channel.id, correctionsFeed.file)}">\n`;
}

/** One correction: its kind and time, the post that it concerns, the note, and what changed. */
export function renderCorrection(correction: ListedCorrection, channel: Channel, basePath: string): Html {
  const { offset, post, postId, kind, at, note } = correction;
  const context = versionContextFor(channel, basePath);
  const { words, setting } = context;
  const ours = correctionWordsOf(channel);
  const label = kind === 'refile' ? words.changed : (words.changes[kind] ?? words.changed);
  const noted =
    note !== null
      ? turned(html`<p class="note change change-${kind}" lang="${setting.language}" dir="auto">${note}</p>`, setting)
      : isCorrection(correction) && html`<p class="hint">${ours.noteErased}</p>`;
  const isGone = isCorrection(correction) && post !== null && isWithdrawn(post);
  return html`<section class="version" id="correction-${offset}"${postId !== null && html` data-post="${postId}"`}><h2>${label}${words.comma}${clockBeside(at, null, setting)}</h2>${subjectOf(
    correction,
    context,
    channel,
  )}${noted}${isGone && html`<p class="hint">${ours.laterWithdrawn}</p>`}${changeOf(correction, context, channel)}</section>`;
}

/** The post, by its headline or the beginning of its text. */
function subjectOf({ postId, post }: ListedCorrection, { words, setting }: VersionContext, channel: Channel): Html {
  if (postId === null) return html`<p class="of">${correctionWordsOf(channel).coverageItself}</p>`;
  if (post === null) return nothing;
  const address = addressOn(setting, postPath(channel.id, postId));
  if (!isWithdrawn(post)) {
    const title = html`<a href="${address}" lang="${setting.language}" dir="auto">${titleOf(post, channel)}</a>`;
    return html`<p class="of">${turned(title, setting)}</p>`;
  }
  const named = around(pageWordsOf(words).postOf, clockBeside(post.publishedAt, null, setting));
  return html`<p class="of gone"><a href="${address}" rel="nofollow">${named}</a></p>`;
}

/** The text before and after the correction. Paragraphs without a change are left out. */
function changeOf({ change, postId, revision }: ListedCorrection, context: VersionContext, channel: Channel): Html {
  if (change === null || postId === null) return nothing;
  const { words, own, setting } = context;
  const versions = html`<p class="versions"><a href="${addressOn(setting, changePath(channel.id, postId, revision))}" rel="nofollow">${words.earlierVersions}</a></p>`;
  switch (change.status) {
    case 'linked':
      return html`<p class="hint">${correctionWordsOf(channel).tooLong}</p>${versions}`;
    case 'erased':
      return html`<p class="hint">${own.erased}</p>${versions}`;
    case 'compared': {
      const headline = change.headline.every(({ kind }) => kind === 'same') ? [] : change.headline;
      return html`${renderComparison({ ...change, headline, text: changedParagraphs(change.text) }, context)}${versions}`;
    }
    default:
      return html`${renderComparison(change, context)}${versions}`;
  }
}
