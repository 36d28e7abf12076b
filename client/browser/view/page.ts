import { postAnchor, postPath } from '../../../src/protocol/addresses.ts';
import { type Channel, isWithdrawn, type KeyEvent, type ReaderPost, type Snapshot } from '../../../src/protocol/model.ts';
import { correctionNotes } from './changes.ts';
import { digitsOf, numberText } from './counts.ts';
import { directionOf, turned } from './direction.ts';
import { type Html, html, isolated, nothing } from './html.ts';
import { people } from './links.ts';
import { type PostSetting, renderPost } from './post.ts';
import { clock, clockBeside, type Setting, sameDay, wordsOf } from './time.ts';
import { around, pageWordsOf, spoken } from './wording.ts';

/**
 * The regions of a channel's page. The server renders them into the page, and the script renders them again when they change.
 * `regions` lists them by the id of their element.
 */

/** What a page shows: a snapshot, or a client's timeline. */
export type Shown = Pick<Snapshot, 'channel' | 'pinned' | 'summary'> & {
  readonly posts: readonly ReaderPost[];
  readonly keyEvents: readonly KeyEvent[];
};

/** Regions that are replaced as a whole. The list of posts is updated post by post. */
export const regions = {
  masthead: ({ channel }: Shown) => turned(renderMasthead(channel), settingOf(channel)),
  state: (shown: Shown) => renderState(shown.channel),
  pinned: (shown: Shown) => renderPinned(shown),
  summary: (shown: Shown) => renderSummary(shown),
  'key-events': (shown: Shown) => turned(renderKeyEvents(shown), settingOf(shown.channel)),
} as const satisfies Record<string, (shown: Shown) => Html>;
export type Region = keyof typeof regions;

export function settingOf({ timezone, language, url }: Channel): PostSetting {
  return { timezone, language, url, runs: directionOf(language), digits: digitsOf(language) };
}

/** Section, headline, standfirst, byline, and corrections of these. */
function renderMasthead(channel: Channel): Html {
  const setting = settingOf(channel);
  const words = wordsOf(setting);
  return html`${channel.section && html`<p class="section"><bdi>${channel.section}</bdi></p>`}<h1 dir="auto">${channel.headline}</h1>${
    channel.standfirst && html`<p class="standfirst" dir="auto">${channel.standfirst}</p>`
  }${correctionNotes(channel.history, null, setting)}${
    channel.byline.length > 0 && html`<p class="byline">${around(words.by, people(channel.byline, words.comma))}</p>`
  }`;
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

/** The settings for a list of posts, newest first. The newest post of each day shows the day, and one post may be marked. */
export function settingsOf(
  posts: readonly ReaderPost[],
  channel: Channel,
  marked: string | null,
  more: Partial<PostSetting>,
): PostSetting[] {
  const setting = { ...settingOf(channel), ...more };
  const days = firstOfDay(posts, setting);
  return posts.map(({ id }, at) => ({ ...setting, day: days[at] === true, marked: id === marked }));
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

function renderPinned({ channel, pinned }: Shown): Html {
  if (pinned === null) return nothing;
  return html`${heading(wordsOf(channel).pinned, channel)}${renderPost(pinned, { ...settingOf(channel), place: 'pinned' })}`;
}

/** The newest summary, unless it is pinned and therefore already shown. */
function renderSummary({ channel, summary, pinned }: Shown): Html {
  if (summary === null || summary.id === pinned?.id) return nothing;
  return html`${heading(pageWordsOf(channel).storySoFar, channel)}${renderPost(summary, { ...settingOf(channel), place: 'summary' })}`;
}

function heading(name: string, setting: Setting): Html {
  return html`<h2 class="label-line"${spoken(setting)}>${name}</h2>`;
}

const keyEventsAtOnce = 8;

/** Newest first. All but the first few are folded, so that a phone reaches the posts soon. */
function renderKeyEvents({ channel, keyEvents, posts }: Shown): Html {
  if (keyEvents.length === 0) return nothing;
  const held = new Set(posts.map((post) => post.id));
  const item = (event: KeyEvent) => renderKeyEvent(event, channel, held.has(event.id));
  const first = keyEvents.slice(0, keyEventsAtOnce);
  const earlier = keyEvents.slice(keyEventsAtOnce);
  return html`${heading(wordsOf(channel).keyEvents, channel)}<ol class="key-list">${first.map(item)}</ol>${
    earlier.length > 0 &&
    html`<details><summary${spoken(channel)}>${pageWordsOf(channel).earlier} (${numberText(earlier.length, channel)})</summary><ol class="key-list">${earlier.map(item)}</ol></details>`
  }`;
}

function renderKeyEvent(event: KeyEvent, channel: Channel, held: boolean): Html {
  const setting = settingOf(channel);
  const address = held ? `#${postAnchor(event.id)}` : postPath(channel.id, event.id);
  return html`<li><a href="${address}"><span class="key-time">${clock(event.publishedAt, setting)}</span> <span class="key-headline" dir="auto">${event.headline}</span></a></li>`;
}

/** Shown if there are no posts: none yet, or none below the start of the page. */
export function renderEmpty(channel: Channel, ceiling: number | null, words = wordsOf(channel)): Html {
  const { nothingOlder, nothingAtAll, nothingYet } = words;
  const sentence = ceiling !== null ? nothingOlder : channel.state === 'ended' ? nothingAtAll : nothingYet;
  return html`<p class="empty"${spoken({ language: channel.language, words })}>${sentence}</p>`;
}
