import { type Event, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import { noticeFor } from '../lib/read-post.ts';
import { announcementOf, type Change, changeOf } from './announcements.ts';
import { type Setting, wordsOf } from './view/wording/time.ts';

/** How long a sentence stays for screen readers, and how long changes are collected into one sentence. Milliseconds. */
const clearAfterMs = 8_000;
const gatherMs = 400;
/** Shortest pause between two sentences about posts, milliseconds. */
const minGapMs = 3_000;

/** How long the connection must be lost before that is announced, milliseconds. */
const offlineMs = 5_000;

/**
 * The polite live region. Changes of posts are announced together: one change in its own words, several as counts ("3 new posts,
 * 1 correction"). The text of a withdrawn post is removed from the region.
 */
export class Announcer {
  readonly #element: HTMLElement | null;
  readonly #setting: () => Pick<Setting, 'words' | 'language'>;
  /** Pending announcements: changes by post id, and sentences about the reader's own actions. */
  readonly #changes = new Map<string, Change>();
  #sentences: string[] = [];
  #speakTimer: ReturnType<typeof setTimeout> | undefined;
  #clearTimer: ReturnType<typeof setTimeout> | undefined;
  /** 0: the loss was announced. */
  #offlineTimer: ReturnType<typeof setTimeout> | 0 | undefined;
  #spokenAt = Number.NEGATIVE_INFINITY;

  constructor(setting: () => Pick<Setting, 'words' | 'language'>, element = document.getElementById('announcement')) {
    this.#element = element;
    this.#setting = setting;
  }

  /** `before`: the post as the page had it before this event. */
  onEvent(event: Event, before?: ReaderPost): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    if (isWithdrawn(post)) {
      this.#show('');
      this.#sentences = [];
    }
    const was = this.#changes.get(post.id)?.counts;
    // Use the state of the post and not the event type: the first event that the page receives for a post may be a revision.
    const now = noticeFor(post, before?.revision) ?? (post.revision === 1 ? 'posts' : was);
    if (!now) return;
    // If a post is still waiting to be announced as new, keep announcing it as new, but in its current state.
    const as = was === 'posts' && now !== 'withdrawals' ? was : now;
    this.#changes.set(post.id, changeOf(post, as, wordsOf(this.#setting())));
    this.#scheduleSpeech(Math.max(gatherMs, this.#spokenAt + minGapMs - performance.now()));
  }

  /** Announces a lost connection once it has lasted a while, and then the return. `sentence`: the state of the connection. */
  onConnection(status: string, sentence: () => string): void {
    const announce = () => {
      this.announce(sentence());
      this.#offlineTimer = 0;
    };
    if (status === 'offline') this.#offlineTimer ??= setTimeout(announce, offlineMs);
    if (status !== 'live') return;
    clearTimeout(this.#offlineTimer);
    if (this.#offlineTimer === 0) announce();
    this.#offlineTimer = undefined;
  }

  /** Announces the result of the reader's action, such as "Link copied". */
  announce(sentence: string): void {
    this.#sentences.push(sentence);
    clearTimeout(this.#speakTimer);
    this.#speakTimer = undefined;
    this.#scheduleSpeech(gatherMs);
  }

  /** Announces this sentence and drops pending changes, which the sentence covers. */
  announceInstead(sentence: string): void {
    this.#changes.clear();
    this.announce(sentence);
  }

  #scheduleSpeech(ms: number): void {
    this.#speakTimer ??= setTimeout(() => {
      this.#speakTimer = undefined;
      this.#speak();
    }, ms);
  }

  #speak(): void {
    const changes = [...this.#changes.values()];
    if (changes.length > 0) this.#spokenAt = performance.now();
    this.#show([...this.#sentences, announcementOf(changes, this.#setting())].join(' ').trim());
    this.#sentences = [];
    this.#changes.clear();
    clearTimeout(this.#clearTimer);
    this.#clearTimer = setTimeout(() => this.#show(''), clearAfterMs);
  }

  #show(text: string): void {
    if (this.#element) this.#element.textContent = text;
  }
}
