import { turned } from '../../../client/browser/view/direction.ts';
import { type Html, html } from '../../../client/browser/view/html.ts';
import { renderState, settingOf } from '../../../client/browser/view/page.ts';
import { siteWordsOf } from '../../../client/browser/view/site-wording.ts';
import { clockBeside } from '../../../client/browser/view/time.ts';
import { around, serverWordsOf, spoken } from '../../../client/browser/view/wording.ts';
import { channelPath, onServer } from '../../protocol/addresses.ts';
import type { ListedChannel } from '../../protocol/model.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface IndexPage {
  channels: readonly ListedChannel[];
  /** The `page` parameter of the next page, or null at the end. */
  next: string | null;
  /** False if channels may be missing. */
  complete?: boolean;
  /** Whether this is the first page, which its script keeps current. */
  isFirst: boolean;
  visitor?: Visitor | undefined;
  /** The session cannot be verified at the moment, so channels may be missing. */
  isUnverified?: boolean;
  /**
   * The language of the page, which has translations. The headline and standfirst of each channel are in the channel's own
   * language.
   */
  language: string;
  publicUrl: string;
  assets: Assets;
}

/** `/`: the channels that the reader may see. Complete without a script; the script reloads it and replaces changed parts by their ids. */
export function indexPage({
  channels,
  next,
  complete = true,
  isFirst,
  visitor,
  isUnverified = false,
  language,
  publicUrl,
  assets,
}: IndexPage): string {
  const { coverage, coverageDescribed, earlierCoverage, noCoverage, notRecognised, someMissing } = siteWordsOf({ language });
  const notice = (words: Html | string) => html`<p class="notice">${words}</p>`;
  const none = notice(around(noCoverage, html`<code dir="ltr">pressbox channel create</code>`));
  const earlier = (page: string) =>
    html`<a class="step" href="/?page=${encodeURIComponent(page)}" rel="next">${earlierCoverage}</a>`;
  return htmlDocument({
    title: coverage,
    description: coverageDescribed,
    language,
    ...(isFirst && { canonical: onServer('/', publicUrl), script: assets.front }),
    assets,
    body: html`${siteBar(visitor, language, isFirst && connection)}
<main class="page">
<header class="head"><div class="head-line"><h1>${coverage}</h1>${isFirst && html`<div class="times" id="times"></div>`}</div></header>
<div id="missing" role="status">${isUnverified && notice(notRecognised)}${!complete && notice(someMissing)}</div>
<div id="none">${channels.length === 0 && !isUnverified && complete && none}</div>
<ol class="channels" id="channels">${channels.map(renderListed)}</ol>
<nav class="pages" id="earlier" aria-label="${earlierCoverage}">${next !== null && earlier(next)}</nav>
<p class="visually-hidden" id="announcement" aria-live="polite"></p>
</main>`,
  });
}

/** Where the script shows whether the list is up to date. */
const connection = html`<p class="connection" id="connection" data-state="still"><span id="connection-text"></span></p>`;

function renderListed(channel: ListedChannel): Html {
  const setting = settingOf(channel);
  const listed = html`<li class="listed" data-channel="${channel.id}" data-state="${channel.state}" lang="${channel.language}" dir="${setting.runs}"><div class="state">${renderState(channel)}</div>${
    channel.section && html`<p class="section"><bdi>${channel.section}</bdi></p>`
  }<h2 dir="auto"><a href="${channelPath(channel.id)}">${channel.headline}</a></h2>${
    channel.standfirst && html`<p class="standfirst" dir="auto">${channel.standfirst}</p>`
  }<p class="latest"${spoken(channel)}>${latest(channel)}${channel.access === 'members' && html` <span class="mark">${serverWordsOf(channel).members}</span>`}</p></li>`;
  return turned(listed, setting);
}

function latest(channel: ListedChannel): Html | string {
  const { latestPostAt: at } = channel;
  const { latestPost, noPosts } = serverWordsOf(channel);
  return at === null ? noPosts : around(latestPost, clockBeside(at, null, channel));
}
