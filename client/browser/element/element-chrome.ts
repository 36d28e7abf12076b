import { channelAddress, channelPath, onServer } from '../../../src/protocol/addresses.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { type ConnectionTone, connectionSentence } from '../connection-status.ts';
import type { ElementWords, Words } from '../i18n/words.ts';
import type { DirectedNews } from '../posts-view.ts';
import { correctionNotes } from '../view/changes.ts';
import { attribute, type Html, html, nothing } from '../view/html.ts';
import { people } from '../view/links.ts';
import { renderLeadPicture } from '../view/media.ts';
import { renderNews } from '../view/news.ts';
import { renderKeyEvents, renderPinned, renderSummary } from '../view/overview.ts';
import { settingOf } from '../view/page.ts';
import type { PostSetting } from '../view/post.ts';
import { datedText, textBeside } from '../view/time.ts';
import { around } from '../view/wording.ts';

/** Why nothing can be shown. */
export type UnavailableReason = 'noChannel' | 'notFound' | 'forMembers' | 'notAdmitted' | 'refused' | 'deleted';

/** What to show around the posts. */
export interface ElementChrome {
  words: Words & ElementWords;
  /** The language of the words. Undefined until they are loaded. */
  language: string | undefined;
  setting: PostSetting;
  server: string;
  timeline: Timeline | undefined;
  /** The channel of the timeline, or the public data of a channel for members. */
  channel: Channel | undefined;
  state: ReaderState | undefined;
  /** The timeline is known to be current as of this time. RFC 3339. */
  trueAt: string | undefined;
  unavailableReason: UnavailableReason | undefined;
  /** Counts of the unseen posts and changes. */
  news: DirectedNews | undefined;
  /** Posts are being loaded. */
  asking: boolean;
  /** Loading posts failed. */
  failed: boolean;
}

/** The sections around the posts, by the id of their element. */
export const chromeSections = {
  status: (chrome) => status(chrome),
  title: (chrome) => title(chrome),
  notes: (chrome) => notes(chrome),
  'key-events': (chrome) => overview(chrome, renderKeyEvents),
  summary: (chrome) => overview(chrome, renderSummary),
  pinned: (chrome) => overview(chrome, renderPinned),
  trouble: (chrome) => unavailableLine(chrome),
  'new-posts': ({ news, setting }) => (news ? renderNews(news, setting) : nothing),
  failed: ({ words, failed }) => (failed ? html`<p class="trouble" role="alert">${words.olderFailed}</p>` : nothing),
} as const satisfies Record<string, (chrome: ElementChrome) => Html>;

/** Whether the timeline is live, as a tone and a short sentence. */
export function connectionTone({
  words,
  language,
  setting,
  timeline,
  state,
  trueAt,
  unavailableReason,
}: ElementChrome): [ConnectionTone, string] {
  if (unavailableReason !== undefined || language === undefined) return ['still', ''];
  if (timeline === undefined || state === undefined || trueAt === undefined) {
    const isOff = state?.status === 'offline' && !navigator.onLine;
    return ['waiting', isOff ? words.offline('–') : words.connectingFirst];
  }
  return connectionSentence(state, timeline.channel.state, textBeside(trueAt, new Date().toISOString(), setting), words);
}

function status(chrome: ElementChrome): Html {
  const { words, setting } = chrome;
  const { channel } = chrome.timeline ?? {};
  const [tone, sentence] = connectionTone(chrome);
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
  const page = channel && html` <a href="${onServer(channelPath(channel.id), server)}">${words.openPage}</a>`;
  return html`<p class="trouble" part="trouble">${words[unavailableReason]}${page}</p>`;
}

/** Drawn as on a page. */
function overview({ setting, timeline }: ElementChrome, render: (shown: Timeline, setting: PostSetting) => Html): Html {
  return timeline ? render(timeline, { ...settingOf(timeline.channel), ...setting }) : nothing;
}
