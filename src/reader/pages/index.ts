import { type Html, html } from '../../../client/web/view/html.ts';
import { renderState } from '../../../client/web/view/page.ts';
import { clockBeside, directionOf } from '../../../client/web/view/time.ts';
import { around, pageWordsOf, spoken } from '../../../client/web/view/wording.ts';
import { channelPath, onServer } from '../../protocol/addresses.ts';
import type { ListedChannel } from '../../protocol/model.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface IndexPage {
  channels: readonly ListedChannel[];
  /** The `page` to ask for next, or null at the end. */
  next: string | null;
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
}

/** `/`: the channels that the reader may know of. It doesn't update by itself: it is a way in, and a reload costs less than a connection. */
export function indexPage({ channels, next, visitor, publicUrl, assets }: IndexPage): string {
  return htmlDocument({
    title: 'Live coverage',
    language: 'en',
    description: 'Live coverage, as it happens, with every correction in its place.',
    canonical: onServer('/', publicUrl),
    assets,
    body: html`${siteBar(visitor)}
<main class="page">
<header class="head"><h1>Live coverage</h1></header>
${
  channels.length > 0
    ? html`<ol class="channels">${channels.map(renderListed)}</ol>`
    : html`<p class="notice">There is no coverage yet. A channel made with <code>pressbox channel create</code> appears here.</p>`
}
${next !== null && html`<nav class="pages" aria-label="Earlier coverage"><a class="step" href="/?page=${encodeURIComponent(next)}" rel="next">Earlier coverage</a></nav>`}
</main>`,
  });
}

function renderListed(channel: ListedChannel): Html {
  return html`<li class="listed" lang="${channel.language}" dir="${directionOf(channel.language)}"><div class="state">${renderState(channel)}</div>${
    channel.section && html`<p class="section"><bdi>${channel.section}</bdi></p>`
  }<h2 dir="auto"><a href="${channelPath(channel.id)}">${channel.headline}</a></h2>${
    channel.standfirst && html`<p class="standfirst" dir="auto">${channel.standfirst}</p>`
  }<p class="latest"${spoken(channel)}>${latest(channel)}${channel.access === 'members' && html` <span class="mark">${pageWordsOf(channel).members}</span>`}</p></li>`;
}

function latest(channel: ListedChannel): Html | string {
  const { latestPostAt: at } = channel;
  const { latestPost, noPosts } = pageWordsOf(channel);
  if (at === null) return noPosts;
  return around(latestPost, clockBeside(at, null, channel));
}
