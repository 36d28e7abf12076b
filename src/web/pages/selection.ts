import { turned } from '../../../client/browser/view/direction.ts';
import { type Html, html, joined } from '../../../client/browser/view/html.ts';
import { settingOf, settingsOf } from '../../../client/browser/view/page/page.ts';
import { type PostSetting, renderPost } from '../../../client/browser/view/post/post.ts';
import { clock, wordsOf } from '../../../client/browser/view/wording/time.ts';
import { around, correctionWordsOf, partNames, serverWordsOf, spoken } from '../../../client/browser/view/wording/wording.ts';
import { channelAddress, channelPath, correctionsPath, type Selection, selectionPath } from '../../protocol/addresses.ts';
import type { Channel, ReaderPost } from '../../protocol/model.ts';
import type { SelectedPosts } from '../page-data/post-selection.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface SelectionPage extends SelectedPosts {
  channel: Channel;
  selection: Selection;
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
  /** When the page was rendered. */
  at: string;
  /** Each post as rendered by `selectedPostRenderer`. Default: rendered here. */
  rendered?: readonly Html[];
}

/**
 * `/live/{c}?filter=…` and `/live/{c}?order=oldest`: selected posts, as of a time. The page has no script, so it does not change
 * while somebody reads it. Not indexed, because each post has its own page.
 */
export function selectionPage({
  channel,
  selection,
  posts,
  older,
  newer,
  visitor,
  publicUrl,
  assets,
  at,
  rendered = posts.map(selectedPostRenderer({ posts, channel, assets })),
}: SelectionPage): string {
  const { filter, order } = selection;
  const { id, headline, language } = channel;
  const words = serverWordsOf(channel);
  const setting = settingOf(channel, assets.basePath);
  const { basePath } = assets;
  const mark = spoken(channel);
  const isOldestFirst = order === 'oldest';
  const name = [filter && filterName(filter, channel), isOldestFirst && words.fromBeginning].filter(Boolean).join(' · ');
  const step = (address: string, label: string, rel: 'prev' | 'next') =>
    html`<a class="step" href="${basePath + address}" rel="${rel}"${mark}>${label}</a>`;
  const toOlder = (rel: 'prev' | 'next') => older && step(selectionPath(id, older), wordsOf(channel).olderPosts, rel);
  const toNewer = (rel: 'prev' | 'next') => newer && step(selectionPath(id, newer), wordsOf(channel).newerPosts, rel);
  const [above, below] = isOldestFirst ? [toOlder('prev'), toNewer('next')] : [toNewer('prev'), toOlder('next')];
  const otherOrder =
    isOldestFirst && filter === undefined
      ? null
      : html`<a class="step" href="${basePath + selectionPath(id, isOldestFirst ? { filter } : { filter, order: 'oldest' })}"${mark}>${
          isOldestFirst ? words.newestFirst : words.fromBeginning
        }</a>`;
  const everything = channel.state === 'ended' ? words.theCoverage : words.everythingLive;
  return htmlDocument({
    title: `${name} · ${headline}`,
    language,
    description: channel.standfirst ?? headline,
    canonical: channelAddress(channel, publicUrl),
    isIndexed: false,
    assets,
    measured: true,
    body: html`${siteBar(assets, visitor, language)}
<main class="page">
<header class="head"><p class="section"><a href="${basePath + channelPath(id)}">${turned(html`<bdi>${headline}</bdi>`, setting)}</a></p><h1${mark}>${name}</h1>
<p class="standfirst"${mark}>${around(words.asOf, clock(at, setting))}</p>
${selectionLinks(channel, { basePath, current: isOldestFirst ? undefined : (filter ?? 'all') })}</header>
<div class="alone">
${above && html`<nav class="pages" aria-label="${isOldestFirst ? partNames.older(channel) : partNames.newer(channel)}">${above}</nav>`}
<h2 class="visually-hidden" id="posts-name"${mark}>${wordsOf(channel).posts}</h2>
<section aria-labelledby="posts-name"${mark}>${
      posts.length === 0 ? html`<p class="empty">${words.noneSelected}</p>` : rendered
    }</section>
<nav class="pages" aria-label="${words.theCoverage}">${below}${otherOrder}<a class="step" href="${basePath + channelPath(id)}"${mark}>${everything}</a></nav>
</div>
</main>`,
  });
}

export function selectedPostRenderer({
  posts,
  channel,
  assets: { basePath },
}: Pick<SelectionPage, 'posts' | 'channel' | 'assets'>): (post: ReaderPost, at: number) => Html {
  const settings = settingsOf(posts, channel, null, { basePath });
  return (post, at) => renderPost(post, settings[at] as PostSetting);
}

type Filter = 'all' | NonNullable<Selection['filter']>;

/** One line of links to all posts, to the filters and to the corrections. `without`: links that would lead to nothing. */
export function selectionLinks(
  channel: Channel,
  {
    basePath,
    current,
    without = [],
  }: { basePath: string; current?: Filter | undefined; without?: readonly (Filter | 'corrections')[] },
): Html {
  const words = serverWordsOf(channel);
  const filters = (['all', 'key-events', 'summaries'] as const).filter((filter) => !without.includes(filter));
  const links = filters.map((filter) => {
    if (filter === current) return html`<span aria-current="page">${filterName(filter, channel)}</span>`;
    const address = filter === 'all' ? channelPath(channel.id) : selectionPath(channel.id, { filter });
    return html`<a href="${basePath + address}">${filterName(filter, channel)}</a>`;
  });
  if (!without.includes('corrections')) {
    links.push(html`<a href="${basePath + correctionsPath(channel.id)}">${correctionWordsOf(channel).corrections}</a>`);
  }
  return html`<nav class="byline" aria-label="${words.whichPosts}"${spoken(channel)}>${joined(links, ' · ')}</nav>`;
}

function filterName(filter: Filter, channel: Channel): string {
  switch (filter) {
    case 'all':
      return serverWordsOf(channel).allPosts;
    case 'key-events':
      return wordsOf(channel).keyEvents;
    case 'summaries':
      return serverWordsOf(channel).summaries;
  }
}
