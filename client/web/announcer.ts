import type { Event } from '../../src/protocol/model.ts';
import { counted, type Words } from './strings/words.ts';

/** How long a sentence stays for screen readers, and how long several are gathered into one. Milliseconds. */
const staysMs = 8_000;
const gatherMs = 400;
const mostAtOnce = 3;

/** The polite live region: new posts, corrections and withdrawals, in words. What a withdrawn post said is not left standing in it. */
export class Announcer {
  readonly #element: HTMLElement | null;
  readonly #words: () => Words;
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(words: () => Words, element = document.getElementById('announcement')) {
    this.#element = element;
    this.#words = words;
  }

  tell(event: Event): void {
    if (event.type === 'channel.changed') return;
    if (event.post.status !== 'published') this.#silence();
    const sentence = sentenceOf(event, this.#words());
    if (sentence !== null) this.say(sentence);
  }

  /** Says what was done for the reader: "Link copied". */
  say(sentence: string): void {
    this.#waiting.push(sentence);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#speak(), gatherMs);
  }

  #speak(): void {
    const { length } = this.#waiting;
    this.#show(length > mostAtOnce ? counted(this.#words().saidMany, length, this.#words()) : this.#waiting.join(' '));
    this.#waiting = [];
    this.#timer = setTimeout(() => this.#show(''), staysMs);
  }

  #silence(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#show('');
  }

  #show(text: string): void {
    if (this.#element) this.#element.textContent = text;
  }
}

/** By the state of the post, not by the type of the event: a post never seen may arrive as revised. */
function sentenceOf(event: Event, words: Words): string | null {
  if (event.type === 'channel.changed') return null;
  const { post } = event;
  const last = post.history.at(-1);
  if (post.status === 'retracted') return `${words.saidRetracted} ${last?.note ?? ''}`.trim();
  if (post.status !== 'published') return words.saidRemoved;
  const name = post.headline === null ? words.aPost : words.named(post.headline);
  if (post.revision === 1) return post.headline === null ? words.saidNew : words.saidNewNamed(post.headline);
  if (last?.kind === 'correction') return words.saidCorrected(name, last.note ?? '');
  if (last?.kind === 'clarification') return words.saidClarified(name, last.note ?? '');
  return null;
}
