import { turned } from '../../../client/browser/view/direction.ts';
import { type Html, html, joined, nothing, safe } from '../../../client/browser/view/html.ts';
import { link } from '../../../client/browser/view/links.ts';
import { settingOf } from '../../../client/browser/view/page/page.ts';
import { correctionNotes, updateNotes, withdrawalNote } from '../../../client/browser/view/post/changes.ts';
import { renderMedia } from '../../../client/browser/view/post/media.ts';
import { numberText } from '../../../client/browser/view/wording/counts.ts';
import { textOf } from '../../../client/browser/view/wording/plain-text.ts';
import { datedText, wordsOf } from '../../../client/browser/view/wording/time.ts';
import { correctionWordsOf, pageWordsOf } from '../../../client/browser/view/wording/wording.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { type Channel, isCorrection, type Person, type ReaderPost } from '../../protocol/model.ts';
import { excerpt } from '../excerpt.ts';
import type { FeedLinks, FeedPage } from './feed-page.ts';

/** A post as feeds show it: corrections before the text, and a sentence in place of a withdrawn post. */

/** Safe HTML with absolute URLs, since feeds are read elsewhere. */
export function contentOf(post: ReaderPost, channel: Channel, links: FeedLinks): string {
  return directed(post.status === 'published' ? published(post, channel, links) : withdrawn(post, channel), channel);
}

/** Gives the text its direction. */
export function directed(content: Html, channel: Channel): string {
  const setting = settingOf(channel);
  // Feeds have no other way to give the text direction.
  return setting.runs === 'rtl'
    ? html`<div dir="rtl" lang="${channel.language}">${turned(content, setting)}</div>`.text
    : content.text;
}

function published(post: ReaderPost, channel: Channel, links: FeedLinks): Html {
  const setting = settingOf(channel);
  const { source, drawnFrom } = wordsOf(setting);
  const marks = marksOf(post, channel);
  return html`${marks.length > 0 && html`<p><strong>${marks.join(' · ')}</strong></p>`}${correctionNotes(post.history, post.publishedAt, setting)}${safe(
    post.html,
  )}${renderMedia(post.media, { ...setting, server: links.server })}${updateNotes(post.history, post.publishedAt, setting)}${
    post.sources.length > 0 && html`<p>${source} ${sources(post, channel)}</p>`
  }${post.derivedFrom.length > 0 && html`<p>${drawnFrom} ${derived(post, channel, links)}</p>`}`;
}

/** The sentence in place of a withdrawn post, without its text. */
function withdrawn(post: ReaderPost, channel: Channel): Html {
  return html`<p>${withdrawalNote(post.history, post.publishedAt, settingOf(channel))}</p>`;
}

/** The labels above a post: its kind (if readers have a word for it), and its verification. */
export function marksOf({ kind, keyEvent, verification, developing }: ReaderPost, channel: Channel): string[] {
  const words = wordsOf(settingOf(channel));
  const marks = [
    kind !== 'update' && Object.hasOwn(words.kinds, kind) && words.kinds[kind],
    keyEvent && words.keyEvent,
    verification && words.verification[verification],
    developing && words.developing,
  ];
  return marks.filter((mark) => typeof mark === 'string');
}

function sources({ sources }: ReaderPost, channel: Channel): Html {
  const { via: by, comma } = wordsOf(settingOf(channel));
  return joined(
    sources.map(({ name, via, url }) => html`${link(url, name)}${via === undefined ? nothing : html` ${by} ${via}`}`),
    comma,
  );
}

function derived({ derivedFrom }: ReaderPost, channel: Channel, links: FeedLinks): Html {
  const { postNumber, comma } = wordsOf(settingOf(channel));
  return joined(
    derivedFrom.map((id, at) => html`<a href="${links.post(id)}">${postNumber(numberText(at + 1, channel))}</a>`),
    comma,
  );
}

/** The title of a post: its headline, the start of its text, or its media; for a withdrawn post, that it is withdrawn. */
export function titleOf(post: ReaderPost, channel: Channel): string {
  const at = datedText(post.publishedAt, channel);
  const name = pageWordsOf(channel).postOf(at);
  if (post.status !== 'published') return `${withdrawnWord(post, channel)}${wordsOf(channel).colon}${name}`;
  if (post.headline !== null) return post.headline;
  const shown = post.media.flatMap((media) => [
    media.type === 'link' ? media.title : media.caption,
    media.type === 'image' ? media.alt : '',
  ]);
  const text = [textOf(post.html), ...shown].find((one) => one !== undefined && one.trim() !== '');
  return text === undefined ? `${name.charAt(0).toUpperCase()}${name.slice(1)}` : excerpt(text, liveLimits.feedTitleCharacters);
}

export function withdrawnWord({ status }: ReaderPost, channel: Channel): string {
  const { changes } = wordsOf(settingOf(channel));
  return status === 'taken-down' ? changes.takedown : changes.retraction;
}

/** The start of the text, for lists; undefined without a text. */
export function summaryOf(post: ReaderPost): string | undefined {
  const text = textOf(post.html);
  return text === '' ? undefined : excerpt(text, liveLimits.feedSummaryCharacters);
}

/** The standfirst of the channel, and corrections of headline and standfirst; undefined without either. */
export function aboutOf(channel: Channel): string | undefined {
  const { changes, comma, colon } = wordsOf(channel);
  const corrections = channel.history.filter(isCorrection).map(({ kind, note, at }) => {
    const name = kind === 'clarification' ? changes.clarification : changes.correction;
    return `${name}${comma}${datedText(at, channel)}${note === null ? '' : `${colon}${note}`}`;
  });
  return [channel.standfirst ?? [], corrections].flat().join('\n') || undefined;
}

/** The title of the page and of the feed of corrections. */
export function correctionsTitleOf(channel: Channel): string {
  return `${correctionWordsOf(channel).corrections}${wordsOf(channel).colon}${channel.headline}`;
}

/** When the content of the post last changed. A refile does not count. */
export function changedAt({ publishedAt, updatedAt }: ReaderPost): string {
  return updatedAt ?? publishedAt;
}

/** When the post last changed. A refile counts too, because it is a version. */
export function lastTouched(post: ReaderPost): string {
  return [changedAt(post), ...post.history.map(({ at }) => at)].sort().at(-1) ?? post.publishedAt;
}

/** The publisher if no person is named: the paper of the brand, or the host of the channel's page. */
export function publishedBy({ publisher, links }: Pick<FeedPage, 'publisher' | 'links'>): Person {
  return publisher === undefined ? { name: new URL(links.home).host } : { name: publisher.name, url: publisher.url };
}
