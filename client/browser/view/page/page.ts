import { type Channel, isWithdrawn, type ReaderPost } from '../../../../src/protocol/model.ts';
import type { Shown } from '../data.ts';
import { directionOf, turned } from '../direction.ts';
import { type Html, html, isolated } from '../html.ts';
import { people } from '../links.ts';
import { correctionNotes } from '../post/changes.ts';
import { renderLeadPicture } from '../post/media.ts';
import type { PostSetting } from '../post/post.ts';
import { digitsOf } from '../wording/counts.ts';
import { clockBeside, type Setting, sameDay, wordsOf } from '../wording/time.ts';
import { around, pageWordsOf, spoken } from '../wording/wording.ts';
import { renderKeyEvents, renderPinned, renderSummary } from './overview.ts';
import { renderPulse } from './pulse.ts';

/**
 * The regions of a channel's page. The server renders them into the page, and the script renders them again when they change.
 * `regions` lists them by the id of their element.
 */

/** Regions that are replaced as a whole. The list of posts is updated post by post. */
export const regions = {
  masthead: renderMasthead,
  state: ({ channel }: Shown) => renderState(channel),
  pulse: renderPulse,
  pinned: renderPinned,
  summary: renderSummary,
  'key-events': renderKeyEvents,
} as const satisfies Record<string, (shown: Shown, setting: PostSetting) => Html>;
export type Region = keyof typeof regions;

export function settingOf(
  { timezone, language, url }: Pick<Channel, 'timezone' | 'language' | 'url'>,
  basePath?: string,
): PostSetting {
  return { timezone, language, url, basePath, runs: directionOf(language), digits: digitsOf(language) };
}

/** The lines of `state` and `pulse` run like the words of the page, all others like the coverage. */
export function renderRegion(name: Region, shown: Shown, basePath: string): Html {
  const setting = settingOf(shown.channel, basePath);
  const markup = regions[name](shown, setting);
  return /state|pulse/.test(name) ? markup : turned(markup, setting);
}

/** Section, headline, standfirst, byline, corrections of these, and the picture. */
function renderMasthead({ channel }: Shown, setting: PostSetting): Html {
  const words = wordsOf(setting);
  return html`${channel.section && html`<p class="section"><bdi>${channel.section}</bdi></p>`}<h1 dir="auto">${channel.headline}</h1>${
    channel.standfirst && html`<p class="standfirst" dir="auto">${channel.standfirst}</p>`
  }${correctionNotes(channel.history, null, setting)}${
    channel.byline.length > 0 && html`<p class="byline">${around(words.by, people(channel.byline, words.comma))}</p>`
  }${renderLeadPicture(channel, setting, true)}`;
}

/** Scheduled, live or ended, in words. */
export function renderState(channel: Channel): Html {
  const setting = settingOf(channel);
  const words = wordsOf(setting);
  const mark = spoken(setting);
  const badge = html`<span class="badge ${channel.state}"${mark}>${words[channel.state] ?? words.live}</span>`;
  const dated = (sentence: (at: string) => string, at: string) =>
    html` <span class="dated"${mark}>${around(sentence, clockBeside(at, null, setting))}</span>`;
  switch (channel.state) {
    case 'scheduled':
      return html`${badge}${channel.startsAt && dated(words.begins, channel.startsAt)}`;
    case 'ended':
      return html`${badge} <strong${mark}>${pageWordsOf(setting).asItHappened}</strong>${channel.endedAt && dated(words.endedAt, channel.endedAt)}`;
    default:
      return badge;
  }
}

/** Settings of a list beyond those of its channel. `summaryId`: the post that stands above the list as its summary. */
export type ListSetting = Partial<PostSetting> & { summaryId?: string | undefined };

/** The posts of a list: all but the summary above it. */
export function listed(posts: readonly ReaderPost[], summaryId: string | undefined): readonly ReaderPost[] {
  return posts.filter(({ id }) => id !== summaryId);
}

/** The settings for a list of posts, newest first. The newest post of each day shows the day, and one post may be marked. */
export function settingsOf(
  posts: readonly ReaderPost[],
  channel: Channel,
  marked: string | null,
  { summaryId: _, ...more }: ListSetting,
): PostSetting[] {
  const setting = { ...settingOf(channel), ...more };
  const days = firstOfDay(posts, setting);
  return posts.map(({ id }, at) => ({
    ...setting,
    day: days[at] === true,
    marked: id === marked,
  }));
}

/** The page's title: the headline of the linked post, if it has one, and of the channel. */
export function titleOf(channel: Channel, marked: ReaderPost | undefined): string {
  if (marked === undefined || isWithdrawn(marked) || marked.headline === null) return channel.headline;
  return `${isolated(marked.headline)} · ${channel.headline}`;
}

/** For each post, whether its day differs from that of the newer post above it. */
export function firstOfDay(posts: readonly ReaderPost[], setting: Setting): boolean[] {
  return posts.map((post, at) => {
    const above = posts[at - 1];
    return above === undefined || !sameDay(above.publishedAt, post.publishedAt, setting);
  });
}

/** Shown if there are no posts: none yet, or none below the start of the page. */
export function renderEmpty(channel: Channel, ceiling: number | null, words = wordsOf(channel)): Html {
  const { nothingOlder, nothingAtAll, nothingYet } = words;
  const sentence = ceiling !== null ? nothingOlder : channel.state === 'ended' ? nothingAtAll : nothingYet;
  return html`<p class="empty"${spoken({ language: channel.language, words })}>${sentence}</p>`;
}
