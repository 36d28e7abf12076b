import { turned } from '../../../client/browser/view/direction.ts';
import { type Html, html, type Part } from '../../../client/browser/view/html.ts';
import { settingOf } from '../../../client/browser/view/page/page.ts';
import { renderLeadPicture } from '../../../client/browser/view/post/media.ts';
import type { PostSetting } from '../../../client/browser/view/post/post.ts';
import { siteWordsOf } from '../../../client/browser/view/wording/site-wording.ts';
import { clockBeside, momentOf, wordsOf } from '../../../client/browser/view/wording/time.ts';
import { agoText } from '../../../client/browser/view/wording/time-choice.ts';
import { around, otherLanguage, serverWordsOf, spoken } from '../../../client/browser/view/wording/wording.ts';
import { channelPath, onServer, postPath } from '../../protocol/addresses.ts';
import type { ChannelState, ListedChannel } from '../../protocol/model.ts';
import type { FrontPage, LiveListing, Section } from '../page-data/front-page.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface IndexPage extends FrontPage {
  visitor?: Visitor | undefined;
  /** The session cannot be verified at the moment, so channels may be missing. */
  isUnverified?: boolean;
  /** A language with translations. Each channel is described in its own language. */
  language: string;
  publicUrl: string;
  assets: Assets;
  /** The time to the minute, RFC 3339: what "4 min ago" counts from. */
  at: string;
}

/** The ids of the lists. The script of the first page keeps their entries. */
const listIds = { live: 'channels', scheduled: 'scheduled', ended: 'ended' } as const satisfies Record<ChannelState, string>;
/** The ids of the links to further channels. */
const moreIds = { live: 'more-live', scheduled: 'more-scheduled', ended: 'earlier' } as const;

/** `/`: the channels that the reader may see. Complete without a script; the script reloads it and replaces changed parts by their ids. */
export function indexPage(page: IndexPage): string {
  const { live, scheduled, ended, complete, isFirst, visitor, isUnverified = false, language, publicUrl, assets, at } = page;
  const { basePath } = assets;
  const words = siteWordsOf({ language });
  const { coverage, coverageDescribed, noCoverage, notRecognised, someMissing, forDevelopers } = words;
  const notice = (part: Html | string) => html`<p class="notice">${part}</p>`;
  const none = notice(around(noCoverage, html`<code dir="ltr">pressbox channel create</code>`));
  const isEmpty = [live, scheduled, ended].every((section) => !section?.channels.length);
  return htmlDocument({
    title: assets.brand === undefined ? coverage : `${coverage} · ${assets.brand.name}`,
    description: coverageDescribed,
    language,
    ...(isFirst && { canonical: onServer('/', publicUrl), script: assets.front }),
    assets,
    measured: true,
    body: html`${siteBar(assets, visitor, language, isFirst && connection)}
<main class="page">
<header class="head"><div class="head-line"><h1>${coverage}</h1>${isFirst && html`<div class="times" id="times"></div>`}</div></header>
<div id="missing" role="status">${isUnverified && notice(notRecognised)}${!complete && notice(someMissing)}</div>
<div id="none">${isEmpty && !isUnverified && complete && none}</div>
${live && renderSection('live', live, (channel, nth) => renderLive(channel, basePath, at, nth === 0), { language, basePath })}
${scheduled && renderSection('scheduled', scheduled, (channel) => renderScheduled(channel, basePath), { language, basePath })}
${ended && renderSection('ended', ended, (channel) => renderEnded(channel, basePath), { language, basePath })}
<p class="developers"><a href="${basePath}/docs" hreflang="en">${forDevelopers}</a></p>
<p class="visually-hidden" id="announcement" aria-live="polite"></p>
</main>`,
  });
}

/** The script shows here whether the list is up to date. */
const connection = html`<p class="connection" id="connection" data-state="still"><span id="connection-text"></span></p>`;

/** An empty section stays on the page without being shown, so that the script can fill it. */
function renderSection<C extends ListedChannel>(
  state: ChannelState,
  { channels, next }: Section<C>,
  render: (channel: C, nth: number) => Part,
  { language, basePath }: { language: string; basePath: string },
): Html {
  const { sections, more } = siteWordsOf({ language });
  const query = state === 'ended' ? '' : `state=${state}&`;
  const link = (page: string) =>
    html`<a class="step" href="${`${basePath}/?${query}page=${encodeURIComponent(page)}`}" rel="next">${more[state]}</a>`;
  return html`<section class="coverages" aria-labelledby="${listIds[state]}-name"><h2 class="${state}" id="${listIds[state]}-name">${sections[state]}</h2>
<ol class="channels" id="${listIds[state]}">${channels.map(render)}</ol>
<nav class="pages" id="${moreIds[state]}" aria-label="${more[state]}">${next !== null && link(next)}</nav></section>`;
}

/** `isFirst`: its picture is on the first screen. */
function renderLive(channel: LiveListing, basePath: string, at: string, isFirst: boolean): Html {
  const { headlines, standfirst, latestPostAt } = channel;
  const { latestPost, noPosts } = serverWordsOf(channel);
  const age =
    latestPostAt === null ? noPosts : (renderAge(latestPostAt, at, channel) ?? dated(latestPost, latestPostAt, channel));
  return renderEntry(
    channel,
    basePath,
    age,
    html`${standfirst && html`<p class="standfirst" dir="auto">${standfirst}</p>`}${
      headlines.length > 0 &&
      html`<ul class="headlines">${headlines.map(
        ({ postId, text }) => html`<li dir="auto"><a href="${basePath + postPath(channel.id, postId)}">${text}</a></li>`,
      )}</ul>`
    }${renderLeadPicture(channel, settingFor(channel), isFirst)}`,
  );
}

function renderScheduled(channel: ListedChannel, basePath: string): Html {
  const { startsAt, standfirst } = channel;
  const begins = startsAt === null ? '' : dated(wordsOf(channel).begins, startsAt, channel);
  return renderEntry(channel, basePath, begins, standfirst && html`<p class="standfirst" dir="auto">${standfirst}</p>`);
}

function renderEnded(channel: ListedChannel, basePath: string): Html {
  const { endedAt } = channel;
  return renderEntry(channel, basePath, endedAt === null ? '' : dated(serverWordsOf(channel).ended, endedAt, channel));
}

function renderEntry(channel: ListedChannel, basePath: string, when: Part, more: Part = ''): Html {
  const setting = settingFor(channel);
  const { id, state, language, section, headline, access } = channel;
  const entry = html`<li class="listed" data-channel="${id}" data-state="${state}" lang="${language}" dir="${setting.runs}">${
    section && html`<p class="section"><bdi>${section}</bdi></p>`
  }<p class="latest"${spoken(channel)}>${when}${access === 'members' && html` <span class="mark">${serverWordsOf(channel).members}</span>`}</p><h3 dir="auto"><a href="${basePath + channelPath(id)}">${headline}</a></h3>${more}</li>`;
  return turned(entry, setting);
}

/** Settings by language, emptied at this size. */
const settings = new Map<string, PostSetting>();
const mostSettings = 200;

/** Like `settingOf`, which asks Intl for direction and digits of the language. That takes longer than to render the entry. */
function settingFor(channel: ListedChannel): PostSetting {
  const { language, timezone, url } = channel;
  const known = settings.get(language) ?? settingOf(channel);
  if (settings.size >= mostSettings) settings.clear();
  settings.set(language, known);
  return { ...known, timezone, url };
}

/** Every date on the page has this form. */
function dated(sentence: (at: string) => string, at: string, channel: ListedChannel): Html {
  return around(sentence, clockBeside(at, null, channel));
}

/** "4 min. ago", which the script keeps current. Null for a time that is shown as a date. */
function renderAge(at: string, now: string, channel: ListedChannel): Html | null {
  const text = agoText(at, Date.parse(now), { language: otherLanguage(channel) ?? channel.language });
  if (text === null) return null;
  const named = html`<span class="visually-hidden">${serverWordsOf(channel).latestPost('')}</span>`;
  return html`${named}<time class="ago" datetime="${at}" title="${momentOf(at, channel)}">${text}</time>`;
}
