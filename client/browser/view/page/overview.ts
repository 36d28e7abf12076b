import { postAnchor, postPath } from '../../../../src/protocol/addresses.ts';
import { type Channel, isCorrection, type ReaderPost } from '../../../../src/protocol/model.ts';
import type { Shown } from '../data.ts';
import { type Html, html, nothing, safe } from '../html.ts';
import { addressOn } from '../links.ts';
import { unbroken } from '../post/body.ts';
import { thumbnail } from '../post/media.ts';
import { type PostSetting, renderBody, renderPost } from '../post/post.ts';
import { numberText } from '../wording/counts.ts';
import { clock, dayOf, wordsOf } from '../wording/time.ts';
import { pageWordsOf, spoken } from '../wording/wording.ts';
import { markRest } from './first-words.ts';

/**
 * The overview above the posts, on the page and in the element: key events, the newest summary and the pinned post, each in short.
 * The rest of each is folded away, so that a phone reaches the posts soon.
 */

const keyEventsAtOnce = 3;
/** On a phone with a picture and a summary above the posts, headlines and items of the summary end here: about two lines. */
const mostOfHeadline = 60;
const mostOfItem = 70;

/** Newest first. If they are from more than one day, the first of each day shows it. */
export function renderKeyEvents({ channel, keyEvents, posts }: Shown, setting: PostSetting): Html {
  if (keyEvents.length === 0) return nothing;
  const held = new Set(posts.map((post) => post.id));
  const days = keyEvents.map(({ publishedAt }) => dayOf(publishedAt, setting));
  const items = keyEvents.map(({ id, headline, publishedAt }, at) => {
    const isHere = setting.server === undefined && held.has(id);
    const address = isHere ? `#${postAnchor(id)}` : addressOn(setting, postPath(channel.id, id));
    const day = days[0] !== days.at(-1) && days[at] !== days[at - 1] && html`<p class="day">${days[at]}</p>`;
    return html`<li>${day}<a href="${address}"><span class="key-time">${clock(publishedAt, setting)}</span> <span class="key-headline" dir="auto">${unbroken(safe(markRest(html`${headline}`.text, mostOfHeadline)))}</span></a></li>`;
  });
  const list = (shown: readonly Html[]) => html`<ol class="key-list">${shown}</ol>`;
  const all = pageWordsOf(setting).all(numberText(keyEvents.length, setting));
  return html`${heading(wordsOf(setting).keyEvents, channel, setting)}${list(items.slice(0, keyEventsAtOnce))}${
    keyEvents.length > keyEventsAtOnce && folded(all, list(items.slice(keyEventsAtOnce)), channel, setting)
  }`;
}

/**
 * The summary above the posts: the newest, unless it is pinned or a permanent link led to it, and it is therefore already shown. The
 * list of posts leaves it out.
 */
export function summaryAbove({ summary, pinned, marked }: Pick<Shown, 'summary' | 'pinned' | 'marked'>): ReaderPost | null {
  return summary !== null && [pinned?.id, marked].includes(summary.id) ? null : summary;
}

export function renderSummary(shown: Shown, setting: PostSetting): Html {
  const { channel } = shown;
  const summary = summaryAbove(shown);
  if (summary === null) return nothing;
  const { storySoFar, showAll } = pageWordsOf(setting);
  // Its note is in the whole post, but nobody may overlook that the short text was wrong or unclear.
  const kind = summary.history.findLast(isCorrection)?.kind;
  const label = kind && kind !== 'refile' && html` · <strong class="label">${wordsOf(setting).changes[kind]}</strong>`;
  const name = html`${storySoFar} ${clock(summary.publishedAt, setting)}`;
  // It has its permanent address here, and the buttons of a post in the list.
  const whole = renderPost(summary, { ...setting, actions: true });
  return html`${heading(name, channel, setting)}${renderBody(firstItems(summary.html) ?? `<p>${opening(summary.html)}</p>`, setting, 'body brief')}${folded(html`${showAll}${label}`, whole, channel, setting)}`;
}

/** A headline, two lines and a picture, which open to the whole post. `held`: the list has the post too, so print shows it once. */
export function renderPinned({ channel, pinned, posts }: Shown, setting: PostSetting): Html {
  if (pinned === null) return nothing;
  const { headline, media, html: text } = pinned;
  return html`<details${posts.some(({ id }) => id === pinned.id) && safe(' class="held"')}><summary>${heading(wordsOf(setting).pinned, channel, setting)}${thumbnail(media, setting)}${
    headline !== null && html`<strong class="headline" dir="auto">${headline}</strong>`
  }<span class="opening" dir="auto">${safe(opening(text))}</span></summary>${renderPost(pinned, { ...setting, place: 'pinned' })}</details>`;
}

function heading(name: string | Html, { language }: Channel, setting: PostSetting): Html {
  return html`<h2 class="label-line"${spoken({ ...setting, language })}>${name}</h2>`;
}

function folded(name: string | Html, content: Html, { language }: Channel, setting: PostSetting): Html {
  return html`<details><summary${spoken({ ...setting, language })}>${name}</summary>${content}</details>`;
}

/** The first three items of the first list of a post. Undefined without a list, or if its first item contains another. */
function firstItems(markup: string): string | undefined {
  const [, start, name, items] = /(<([uo]l)[^>]*>)\s*((?:<li>(?:(?!<\/?(?:[uo]l|li)\b).)*<\/li>\s*){1,3})/s.exec(markup) ?? [];
  const short = items
    ?.split('<li>')
    .map((item) => {
      const end = item.lastIndexOf('</li>');
      return end < 0 ? item : markRest(item.slice(0, end), mostOfItem) + item.slice(end);
    })
    .join('<li>');
  return short && `${start}${short}</${name}>`;
}

/** The first 300 characters of a post without its tags, up to the end of a word. */
function opening(markup: string): string {
  const text = markup.replace(/<[^<>]*>/g, '').trim();
  const [start = ''] = /^(?:&#?\w+;|[^&]){0,300}(?!\S)/u.exec(text) ?? /^(?:&#?\w+;|[^&]){0,300}/u.exec(text) ?? [];
  return start === text ? text : `${start}…`;
}
