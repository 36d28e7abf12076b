import type { Channel, Event } from '../../src/protocol/model.ts';
import { settingOf } from './view/page.ts';
import { clockText } from './view/time.ts';

/** What the page tells about itself: whether it is live, its title, and what a screen reader is told. */

export type Connection = { state: 'live' } | { state: 'waiting' | 'offline'; since: number };

/** Quiet, in the bar: "Live", or as of when the page is true. Times are milliseconds since 1970. */
export function showConnection(connection: Connection, channel: Channel): void {
  const element = document.getElementById('connection');
  const text = document.getElementById('connection-text');
  if (!element || !text) return;
  const said = connectionText(connection, channel);
  if (text.textContent !== said) text.textContent = said;
  element.dataset.state = connection.state;
}

function connectionText(connection: Connection, channel: Channel): string {
  if (connection.state === 'live') return channel.state === 'live' ? 'Live' : 'Up to date';
  const since = clockText(new Date(connection.since).toISOString(), settingOf(channel));
  return `${connection.state === 'offline' ? 'Offline' : 'Reconnecting'}, as of ${since}`;
}

export function showTitle(channel: Channel, unseen: number): void {
  const title = unseen > 0 ? `(${unseen}) ${channel.headline}` : channel.headline;
  if (document.title !== title) document.title = title;
}

/** How long a sentence stays for screen readers, and how long several are gathered into one. Milliseconds. */
const staysMs = 8_000;
const gatherMs = 400;
const mostAtOnce = 3;

/** The polite live region. What a withdrawn post said is not left standing in it. */
export class Announcer {
  readonly #element = document.getElementById('announcement');
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  tell(event: Event): void {
    if (event.type === 'post.taken-down' || event.type === 'post.retracted') this.#silence();
    const sentence = sentenceOf(event);
    if (sentence === null) return;
    this.#waiting.push(sentence);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#speak(), gatherMs);
  }

  #speak(): void {
    const { length } = this.#waiting;
    this.#say(length > mostAtOnce ? `${length} changes on this page.` : this.#waiting.join(' '));
    this.#waiting = [];
    this.#timer = setTimeout(() => this.#say(''), staysMs);
  }

  #silence(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#say('');
  }

  #say(text: string): void {
    if (this.#element) this.#element.textContent = text;
  }
}

function sentenceOf(event: Event): string | null {
  if (event.type === 'channel.changed') return null;
  const { post } = event;
  const name = post.headline ?? 'a post';
  const last = post.history.at(-1);
  if (event.type === 'post.retracted') return `A post was retracted. ${last?.note ?? ''}`.trim();
  if (post.status !== 'published') return 'A post was removed.';
  if (event.type === 'post.published') return post.headline === null ? 'New post.' : `New post: ${post.headline}.`;
  if (last?.kind === 'correction') return `Correction to ${name}: ${last.note ?? ''}`;
  if (last?.kind === 'clarification') return `Clarification to ${name}: ${last.note ?? ''}`;
  return null;
}
