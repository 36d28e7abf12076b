import type { Event } from '../../src/protocol/model.ts';

/** How long a sentence stays for screen readers, and how long several are gathered into one. Milliseconds. */
const staysMs = 8_000;
const gatherMs = 400;
const mostAtOnce = 3;

/** The polite live region: new posts, corrections and withdrawals, in words. What a withdrawn post said is not left standing in it. */
export class Announcer {
  readonly #element = document.getElementById('announcement');
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  tell(event: Event): void {
    if (event.type === 'channel.changed') return;
    if (event.post.status !== 'published') this.#silence();
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

/** By the state of the post, not by the type of the event: a post never seen may arrive as revised. */
function sentenceOf(event: Event): string | null {
  if (event.type === 'channel.changed') return null;
  const { post } = event;
  const last = post.history.at(-1);
  if (post.status === 'retracted') return `A post was retracted. ${last?.note ?? ''}`.trim();
  if (post.status !== 'published') return 'A post was removed.';
  const name = post.headline === null ? 'a post' : `“${post.headline}”`;
  if (post.revision === 1) return post.headline === null ? 'New post.' : `New post: ${post.headline}.`;
  if (last?.kind === 'correction') return `Correction to ${name}: ${last.note ?? ''}`;
  if (last?.kind === 'clarification') return `Clarification of ${name}: ${last.note ?? ''}`;
  return null;
}
