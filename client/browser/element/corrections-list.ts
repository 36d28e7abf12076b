import { changePath, correctionsPath, permanentLink } from '../../../src/protocol/addresses.ts';
import { type Change, type Correction, isListed, type ReaderPost } from '../../../src/protocol/model.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { correctionWordsIn } from '../i18n/corrections.ts';
import type { morphInside } from '../morph.ts';
import type { html } from '../view/html.ts';
import type { PostSetting } from '../view/post/post.ts';
import type { clockBeside } from '../view/wording/time.ts';

/**
 * The corrections of a channel in an element with `view="corrections"`: notes and times, with links to the posts and to the words that
 * changed. The list is requested once for each connection. After that, the events of the channel contain everything that it needs:
 * a post's event has the whole history of the post, so a note that was erased disappears with the event.
 *
 * Only such an element loads this file. It gets what the element's script already contains as arguments.
 */

/** Functions of the element's script. */
export interface Tools {
  html: typeof html;
  clockBeside: typeof clockBeside;
  morphInside: typeof morphInside;
  decorate: (content: ParentNode) => void;
  setting: () => PostSetting;
}

/** An entry of the list. Entries that came with an event have no offset. */
type Entry = Omit<Correction, 'offset'> & { offset?: number };

/** Spreads the requests of all readers after a reconnect. Milliseconds. */
const spreadMs = 2_000;
const retryMs = 1_000;
const retryMostMs = 60_000;

export class CorrectionsList {
  readonly #tools: Tools;
  readonly #container = document.createElement('section');
  #timeline: Timeline | undefined;
  #server = '';
  #entries: Entry[] = [];
  /** Offset below which there are older corrections. Undefined: none, or not loaded yet. */
  #older: number | undefined;
  #isLoaded = false;
  /** The element was not live since the last request. */
  #wasAway = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The request under way. */
  #request: AbortController | undefined;

  /** `host`: the element, which dispatches the events of the channel. `parent`: the element that will contain the list. */
  constructor(host: HTMLElement, parent: HTMLElement, tools: Tools) {
    this.#tools = tools;
    this.#container.className = 'corrections';
    this.#container.part.add('corrections');
    this.#container.style.paddingBlock = 'var(--unit)';
    // The element would look for the linked posts in its own list, which is not shown.
    this.#container.addEventListener('click', (click) => click.stopPropagation());
    parent.append(this.#container);
    host.addEventListener('pressbox-post', (event) => this.#onPost((event as CustomEvent<{ post: ReaderPost }>).detail.post));
    host.addEventListener('pressbox-state', (event) => this.#onState((event as CustomEvent<{ status: string }>).detail.status));
  }

  /** Shows the corrections of this channel. Call with each new timeline. */
  show(timeline: Timeline, server: string): void {
    const isSame = server === this.#server && timeline.channelId === this.#timeline?.channelId;
    if (!isSame) this.clear();
    this.#server = server;
    this.#timeline = timeline;
    this.#merge(null, timeline.channel.history, null);
    this.#render();
    if (!isSame) this.#load(0);
  }

  /** Removes everything of the channel. */
  clear(): void {
    this.#request?.abort();
    this.#request = undefined;
    clearTimeout(this.#timer);
    this.#timeline = undefined;
    this.#entries = [];
    this.#older = undefined;
    this.#isLoaded = false;
    this.#failures = 0;
    this.#container.replaceChildren();
  }

  #onPost(post: ReaderPost): void {
    if (post.channelId !== this.#timeline?.channelId || !post.history.some(({ kind }) => isListed(kind))) return;
    // The answer may have been read before this event, and contain a note that was erased.
    if (this.#request !== undefined) this.#load(0);
    this.#merge(post.id, post.history, post.headline);
    this.#render();
  }

  #onState(status: string): void {
    if (status !== 'live') this.#wasAway = true;
    else if (this.#wasAway && this.#isLoaded) {
      this.#wasAway = false;
      this.#load(Math.random() * spreadMs);
    }
  }

  /** Takes over the listed changes of a post, or of the channel. Notes that are no longer there were erased. */
  #merge(postId: string | null, history: readonly Change[], headline: string | null): void {
    if (!this.#isLoaded) return;
    const notes = new Map(history.map((change) => [change.revision, change.note]));
    for (const entry of this.#entries) {
      if (entry.postId !== postId) continue;
      if (postId !== null) entry.note = notes.get(entry.revision) ?? null;
      entry.headline = headline;
    }
    const oldest = this.#older === undefined ? '' : (this.#entries.at(-1)?.at ?? '');
    const isKnown = (revision: number) => this.#entries.some((one) => one.postId === postId && one.revision === revision);
    const added = history.filter(({ kind, revision, at }) => isListed(kind) && at > oldest && !isKnown(revision));
    this.#entries.push(...added.map((change) => ({ ...change, postId, headline })));
    this.#entries.sort((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0));
  }

  /** Requests the list after a pause. Repeats a failed request until it succeeds or the list is cleared. */
  #load(afterMs: number): void {
    this.#request?.abort();
    this.#request = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fetchList(), afterMs);
  }

  async #fetchList(): Promise<void> {
    const timeline = this.#timeline;
    if (timeline === undefined) return;
    const mine = new AbortController();
    this.#request = mine;
    try {
      const address = `${this.#server}/v1/channels/${encodeURIComponent(timeline.channelId)}/corrections`;
      // In a frame, without the reader's session, as the element reads the posts.
      const credentials = self === top ? 'same-origin' : 'omit';
      const answer = await fetch(address, { signal: mine.signal, credentials, headers: { accept: 'application/json' } });
      if (!answer.ok) throw new Error(`Status ${answer.status}.`);
      const { corrections, more }: { corrections: Correction[]; more: boolean } = await answer.json();
      if (mine.signal.aborted) return;
      this.#request = undefined;
      this.#failures = 0;
      this.#isLoaded = true;
      this.#entries = corrections;
      this.#older = more ? corrections.at(-1)?.offset : undefined;
      this.#merge(null, (this.#timeline ?? timeline).channel.history, null);
      this.#render();
    } catch {
      if (mine.signal.aborted) return;
      this.#request = undefined;
      this.#failures += 1;
      const pause = Math.min(retryMs * 2 ** this.#failures, retryMostMs);
      this.#timer = setTimeout(() => void this.#fetchList(), pause * (0.75 + Math.random() / 2));
    }
  }

  #render(): void {
    const { html, morphInside, decorate, setting } = this.#tools;
    const timeline = this.#timeline;
    if (timeline === undefined || !this.#isLoaded) return;
    const words = setting().words;
    if (words === undefined) return;
    const ours = correctionWordsIn(words.language);
    const page = this.#server + correctionsPath(timeline.channelId);
    const list = this.#entries.map((entry) => this.#renderEntry(entry, timeline));
    const markup = html`<h3 class="label-line">${ours.corrections}</h3>${
      list.length > 0 ? html`<ul class="changes">${list}</ul>` : html`<p class="empty">${ours.none}</p>`
    }${this.#older !== undefined && html`<p><a href="${page}?before=${this.#older}" rel="next">${ours.olderCorrections}</a></p>`}`;
    morphInside(this.#container, markup.text, decorate);
  }

  #renderEntry(entry: Entry, { channel }: Timeline) {
    const { html, clockBeside, setting } = this.#tools;
    const { postId, headline, revision, kind, note, at } = entry;
    const shown = setting();
    const words = shown.words;
    const name = kind === 'refile' ? words?.changed : words?.changes[kind];
    const label = html`<strong class="label">${name}${words?.comma}${clockBeside(at, null, shown)}</strong>`;
    const isGone = this.#entries.some((one) => one.postId === postId && (one.kind === 'retraction' || one.kind === 'takedown'));
    const comparison = postId !== null && !isGone && this.#server + changePath(channel.id, postId, revision);
    return html`<li class="change change-${kind}" part="change${kind === 'correction' && ' correction'}">${
      postId === null ? label : html`<a href="${permanentLink(channel, postId, this.#server)}">${label}</a>`
    }${headline !== null && html`<br><strong lang="${channel.language}" dir="auto">${headline}</strong>`}${
      note !== null && html`<br><span class="note" lang="${channel.language}" dir="auto">${note}</span>`
    }${comparison && html` <a href="${comparison}" rel="nofollow">${words?.seeChange}</a>`}</li>`;
  }
}
