import { channelAddress, channelPath } from '../../../../src/protocol/addresses.ts';
import type { Channel } from '../../../../src/protocol/model.ts';
import { words as en, element as enElement } from '../../i18n/en.ts';
import { elementWordsIn, wordsIn } from '../../i18n/index.ts';
import type { ElementWords, News, Words } from '../../i18n/words.ts';
import type { Shown } from '../data.ts';
import { directionOf, turned } from '../direction.ts';
import { attribute, type Html, html, nothing } from '../html.ts';
import { people } from '../links.ts';
import { correctionNotes } from '../post/changes.ts';
import { renderLeadPicture } from '../post/media.ts';
import type { PostSetting } from '../post/post.ts';
import { datedText } from '../wording/time.ts';
import { around, pageWordsOf, partNames } from '../wording/wording.ts';
import { newsCount, renderNews } from './news.ts';
import { renderKeyEvents, renderPinned, renderSummary } from './overview.ts';
import { settingOf } from './page.ts';

/**
 * Everything in the embedded element except its posts and the summary of missed posts. The element renders it, and the server for
 * the fragment that a page shows until the element has loaded.
 */

/** Why nothing can be shown. */
export type UnavailableReason = 'noChannel' | 'notFound' | 'forMembers' | 'notAdmitted' | 'refused' | 'deleted';

export type ConnectionTone = 'live' | 'waiting' | 'still';

/** The state that the parts around the posts show. */
export interface ElementChrome {
  words: Words & ElementWords;
  /** The language of the words. Undefined until they are loaded. */
  language: string | undefined;
  setting: PostSetting;
  server: string;
  /** `light`, `dark` or `auto`. Null to follow the surrounding page. */
  theme: string | null;
  shown: Shown | undefined;
  /** There are posts below those shown. */
  hasOlder: boolean;
  /** The channel of the posts, or the public data of a channel for members. */
  channel: Channel | undefined;
  /** Whether the element is live, as a tone and a short sentence. */
  connection: readonly [ConnectionTone, string];
  unavailableReason: UnavailableReason | undefined;
  /** Counts of the unseen posts and changes. `isAbove`: the first of them is above the visible part of the list. */
  news: (News & { isAbove: boolean }) | undefined;
  /** The posts may change at once. */
  isBusy: boolean;
  /** Posts are being loaded. */
  asking: boolean;
  /** Loading posts failed. */
  failed: boolean;
}

/** English if the language is not supported. */
export function elementWordsOf(language: string): Words & ElementWords {
  return { ...(wordsIn(language) ?? en), ...(elementWordsIn(language) ?? enElement) };
}

/** Skeleton lines before the first answer; enough to fill the reserved height. */
const skeletonLines = 12;

/** The constant structure of an element. The skeleton is separate from the posts, so that replacing it moves nothing. */
export const elementMarkup = `<div class="frame" id="frame" part="frame">
<slot name="header"></slot>
<header class="head" id="head" part="header"><div class="head-line"><p class="status" id="status" part="status"></p><div class="times" id="times" part="times"></div></div><div id="title"></div><div id="notes"></div></header>
<div class="skeleton" id="skeleton" part="skeleton" aria-hidden="true">${'<i></i>'.repeat(skeletonLines)}</div>
<div class="over" id="over"><div class="notices" id="notices"><button class="new-posts" id="new-posts" part="button new" type="button"></button><aside class="since" id="since" part="since" hidden></aside></div></div>
<div class="scroller" id="scroller" part="scroller">
<section class="key-events" id="key-events" part="key-events"></section>
<section class="summary" id="summary" part="summary" tabindex="-1"></section>
<section class="pinned" id="pinned" part="pinned"></section>
<div id="trouble"></div>
<p class="ways" id="ways-up"><button class="way" id="newer" part="button newer" type="button"></button><button class="way" id="newest" part="button newest" type="button"></button></p>
<div class="posts" id="posts" part="posts"></div>
<button class="way" id="older" part="button older" type="button"></button>
<div id="failed"></div>
</div>
<slot name="footer"></slot>
<p class="visually-hidden" id="announcement" aria-live="polite"></p>
</div>`;

/** Attributes of elements of the markup, by id. `true`: the attribute without a value. Null or `false`: none. */
export function elementAttributes(chrome: ElementChrome): [id: string, Record<string, string | boolean | null>][] {
  const { words, language, setting, theme, shown, channel, unavailableReason, news, asking } = chrome;
  const isWaiting = shown === undefined && unavailableReason === undefined;
  // An element with the role `feed` must contain articles, so an empty list does not get the role.
  const isFeed = (shown?.posts.length ?? 0) > 0;
  const { language: written = null } = shown?.channel ?? {};
  const text = { lang: written, dir: written && directionOf(written) };
  const section = (id: 'key-events' | 'summary' | 'pinned') => ({ 'aria-label': partNames[id](setting), ...text });
  const way = { 'aria-disabled': String(asking) };
  return [
    ['frame', { lang: words.language, dir: directionOf(language ?? words.language), 'data-theme': theme }],
    ['head', { hidden: unavailableReason !== undefined && channel === undefined }],
    ['status', { 'data-state': chrome.connection[0] }],
    ['skeleton', { hidden: !isWaiting }],
    ['since', { 'aria-label': pageWordsOf(setting).missed }],
    ['scroller', { hidden: isWaiting }],
    ['key-events', section('key-events')],
    ['summary', section('summary')],
    ['pinned', section('pinned')],
    ['ways-up', { hidden: (shown?.ceiling ?? null) === null }],
    [
      'posts',
      {
        role: isFeed ? 'feed' : null,
        'aria-label': isFeed ? words.posts : null,
        'aria-busy': String(chrome.isBusy),
        ...text,
      },
    ],
    ['newer', way],
    ['newest', way],
    ['older', { ...way, hidden: !chrome.hasOlder }],
    ['new-posts', { hidden: !news || newsCount(news) === 0 }],
  ];
}

/** The markup of the sections around the posts, by the id of their element. */
export function renderSections(chrome: ElementChrome): [id: string, markup: string][] {
  return Object.entries(sections).map(([id, section]) => [id, turned(section(chrome), chrome.setting).text]);
}

const sections = {
  status: (chrome) => status(chrome),
  title: (chrome) => title(chrome),
  notes: (chrome) => notes(chrome),
  'key-events': (chrome) => overview(chrome, renderKeyEvents),
  summary: (chrome) => overview(chrome, renderSummary),
  pinned: (chrome) => overview(chrome, renderPinned),
  trouble: (chrome) => unavailableLine(chrome),
  'new-posts': ({ news, setting }) => (news ? renderNews(news, setting) : nothing),
  newer: ({ words }) => html`${words.newerPosts}`,
  newest: ({ words }) => html`${words.newestPosts}`,
  older: ({ words }) => html`${words.olderPosts}`,
  failed: ({ words, failed }) => (failed ? html`<p class="trouble" role="alert">${words.olderFailed}</p>` : nothing),
} satisfies Record<string, (chrome: ElementChrome) => Html>;

function status({ words, setting, shown, connection: [tone, sentence] }: ElementChrome): Html {
  const { channel } = shown ?? {};
  const badge = channel && { live: words.live, scheduled: words.scheduled, ended: words.ended }[channel.state];
  // Only a live page of a running channel gets the colour.
  const isLive = tone === 'live' && channel?.state === 'live';
  const at = (sentence: (at: string) => string, time: string) => html` <span>${sentence(datedText(time, setting))}</span>`;
  // The badge "Live" already says that the connection works, and in coverage that has ended nothing more happens.
  const isSilent = sentence === '' || (tone === 'live' && channel?.state !== 'scheduled');
  return html`${badge && html`<span class="badge${isLive && ' live'}" part="badge">${badge}</span> `}<span class="connection" part="connection" data-state="${tone}"${attribute('hidden', isSilent ? '' : null)}>${sentence}</span>${
    channel?.state === 'scheduled' && channel.startsAt && at(words.begins, channel.startsAt)
  }${channel?.state === 'ended' && channel.endedAt && at(words.endedAt, channel.endedAt)}`;
}

function title({ channel, server }: ElementChrome): Html {
  if (channel === undefined) return nothing;
  const { language, headline, standfirst } = channel;
  return html`<h2 class="title" part="title" lang="${language}" dir="auto"><a href="${channelAddress(channel, server)}">${headline}</a></h2>${
    standfirst && html`<p class="standfirst" part="standfirst" lang="${language}" dir="auto">${standfirst}</p>`
  }`;
}

/** The corrections of the headline, the standfirst and the picture, then the byline and the picture. */
function notes({ words, setting, channel }: ElementChrome): Html {
  if (channel === undefined) return nothing;
  return html`${correctionNotes(channel.history, null, setting)}${
    channel.byline.length > 0 && html`<p class="credits">${around(words.by, people(channel.byline, words.comma))}</p>`
  }${renderLeadPicture(channel, setting)}`;
}

/** Shown in place of the posts. Members sign in on the server's own page. */
function unavailableLine({ words, server, unavailableReason, channel }: ElementChrome): Html {
  if (unavailableReason === undefined) return nothing;
  const page = channel && html` <a href="${server + channelPath(channel.id)}">${words.openPage}</a>`;
  return html`<p class="trouble" part="trouble">${words[unavailableReason]}${page}</p>`;
}

/** Drawn as on a page. */
function overview({ setting, shown }: ElementChrome, render: (shown: Shown, setting: PostSetting) => Html): Html {
  return shown ? render(shown, { ...settingOf(shown.channel), ...setting }) : nothing;
}
