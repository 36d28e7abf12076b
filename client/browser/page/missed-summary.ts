import { channelPath, onServer } from '../../../src/protocol/addresses.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline.ts';
import { morphInside } from '../morph.ts';
import { renderSince } from '../view/missed-summary.ts';
import type { Setting } from '../view/time.ts';
import { Absence, absentMs, type Left } from './absence.ts';
import { forgetLeft, keepLeft, recallLeft } from './last-visit.ts';

/** Before the line has stood so long, what is in view beside it is not taken for read. Milliseconds. */
const readMs = 5_000;
/** Posts whose last view is remembered, the latest ones. */
const mostSeen = 500;
/** Answers of the server that are asked for to know what changed since: beyond that, the line counts no further. */
const mostAnswers = 3;

export interface SinceOptions {
  /** Where the line stands. */
  element: HTMLElement;
  /** As it is shown. */
  timeline: () => Timeline;
  posts: HTMLElement;
  say: (sentence: string) => void;
  /** Is given what is rendered. */
  dress?: (content: ParentNode) => void;
  /** What there is beyond the channel's own setting. */
  setting?: () => Partial<Setting>;
}

/** `since`: while it is offline, as of when what is shown is true. RFC 3339. */
export interface ConnectionState {
  status: ReaderState['status'];
  since?: string;
}

/**
 * The line that tells who comes back what they missed: how many posts are new, and which of those that they had read were corrected or
 * withdrawn. It goes when that was read, and takes no room on the page. Where a reader was when they left is kept in the browser, without
 * a word of any post.
 */
export class SinceYouLeft {
  readonly #element: HTMLElement;
  readonly #options: SinceOptions;
  readonly #server: string;
  /** Of the coverage. */
  readonly #address: string;
  readonly #listening = new AbortController();
  readonly #absence = new Absence();
  readonly #seen = new Map<string, number>();
  readonly #inView = new Map<string, HTMLElement>();
  /** Heard while the server is asked what changed since, and as late. */
  #meanwhile: Event[] | undefined;
  #state: ConnectionState = { status: 'catching-up' };
  #reading: ReturnType<typeof setTimeout> | undefined;
  #isRead = false;
  #isLookedAt = !document.hidden;

  constructor(options: SinceOptions) {
    this.#options = options;
    this.#element = options.element;
    this.#server = options.setting?.().server ?? '';
    this.#address = onServer(channelPath(options.timeline().channelId), this.#server);
    const { signal } = this.#listening;
    document.addEventListener('visibilitychange', () => this.#look(), { signal });
    window.addEventListener('pagehide', () => this.#leave(), { signal });
    const onClick = ({ target }: MouseEvent) => {
      if ((target as Element).closest('.since-close') === null) return;
      this.#absence.close();
      this.render();
    };
    this.#element.addEventListener('click', onClick, { signal });
    this.#watch(options.posts, signal);
    void this.#recall();
  }

  /** The reader leaves, and is told nothing more. */
  close(): void {
    this.#leave();
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#reading);
    this.#listening.abort();
    this.#absence.close();
    this.render();
  }

  /** Before the timeline is shown that holds the change. */
  hear(event: Event): void {
    this.#absence.hear(event);
    this.#meanwhile?.push(event);
  }

  onState(state: ConnectionState): void {
    this.#state = state;
    this.#look();
  }

  /** What is told is void. */
  forget(): void {
    this.#absence.close();
    this.#seen.clear();
    this.render();
  }

  /** The channel is gone. */
  forgetForGood(): void {
    this.#stop();
    forgetLeft(this.#address);
  }

  /** As the timeline is now. */
  render(): void {
    const { line } = this.#absence;
    if (line === undefined && this.#element.hidden) return;
    const now = new Date().toISOString();
    const { timeline, setting, posts, dress } = this.#options;
    const markup = line === undefined ? '' : renderSince(line, timeline(), now, setting?.()).text;
    // Who closed it, or followed it to its end, goes on from the posts.
    const [reading = posts.querySelector<HTMLElement>('.post')] = this.#inView.values();
    const { activeElement } = this.#element.getRootNode() as Document | ShadowRoot;
    if (line === undefined && this.#element.contains(activeElement)) reading?.focus({ preventScroll: true });
    morphInside(this.#element, markup, dress);
    this.#element.hidden = line === undefined;
  }

  // ---- Coming and going

  #look(): void {
    if (document.hidden) return this.#leave();
    this.#isLookedAt = true;
    const { status, since = '' } = this.#state;
    if (status === 'offline') this.#absence.leave('offline', { ...this.#whereabouts(), at: Date.parse(since) });
    else if (status === 'live' && this.#absence.comeBack(Date.now())) this.#tell();
  }

  #leave(): void {
    const left = this.#whereabouts();
    // A tab that was not looked at since has nothing to say of what was read.
    if (this.#isLookedAt) keepLeft(this.#address, this.#options.timeline(), left);
    this.#isLookedAt = false;
    this.#absence.leave('left', left);
  }

  /** Where the reader is. */
  #whereabouts(): Left {
    for (const [id, post] of this.#inView) this.#see(id, post);
    return { at: Date.now(), newest: this.#options.timeline().newestSeq, seen: new Map(this.#seen) };
  }

  /** The page is opened by someone who had left it before. */
  async #recall(): Promise<void> {
    const kept = recallLeft(this.#address);
    if (kept === undefined) return;
    for (const [id, revision] of kept.seen) if (!this.#seen.has(id)) this.#seen.set(id, revision);
    if (Date.now() - kept.at < absentMs) return;
    this.#meanwhile = [];
    const asked = await changesSince(this.#server, this.#options.timeline().channelId, kept.cursor);
    // An answer that is late says nothing of a post that was changed again, or withdrawn, since then.
    const events = asked && [...asked, ...this.#meanwhile].sort((one, other) => one.offset - other.offset);
    this.#meanwhile = undefined;
    if (events && !this.#listening.signal.aborted && this.#absence.returnFrom(kept, events, Date.now())) this.#tell();
  }

  #tell(): void {
    this.render();
    const parts = this.#element.querySelectorAll<HTMLElement>('.since-when, li');
    this.#options.say([...parts].map(({ textContent }) => textContent).join('. '));
    this.#isRead = false;
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => {
      this.#isRead = true;
      this.#read();
    }, readMs);
  }

  // ---- What is in view

  #watch(posts: HTMLElement, signal: AbortSignal): void {
    // The bar covers the top, and at the bottom a line or two are no post that was read.
    const views = new IntersectionObserver((seen) => this.#onView(seen), { rootMargin: '-36px 0px -64px 0px' });
    const observe = (nodes: Iterable<Node>, watched: boolean) => {
      for (const node of nodes) {
        if (!(node instanceof HTMLElement) || node.dataset.post === undefined) continue;
        if (watched) views.observe(node);
        else views.unobserve(node);
        if (!watched) this.#inView.delete(node.dataset.post);
      }
    };
    observe(posts.children, true);
    const changes = new MutationObserver((seen) => {
      for (const { removedNodes } of seen) observe(removedNodes, false);
      for (const { addedNodes } of seen) observe(addedNodes, true);
    });
    changes.observe(posts, { childList: true });
    signal.addEventListener('abort', () => {
      views.disconnect();
      changes.disconnect();
    });
  }

  #onView(seen: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of seen) {
      const post = target as HTMLElement;
      const id = post.dataset.post as string;
      if (!isIntersecting) this.#inView.delete(id);
      else if (!document.hidden) {
        this.#inView.set(id, post);
        this.#see(id, post);
      }
    }
    this.#read();
  }

  #see(id: string, { dataset }: HTMLElement): void {
    this.#seen.delete(id);
    this.#seen.set(id, Number(dataset.revision));
    for (const [longestAgo] of this.#seen) if (this.#seen.size > mostSeen) this.#seen.delete(longestAgo);
  }

  #read(): void {
    if (this.#isRead && !document.hidden && this.#absence.read(this.#inView.keys())) this.render();
  }
}

/** Each post that changed since, once. Undefined where that cannot be known: another history, or no answer. */
async function changesSince(server: string, channelId: string, cursor: string): Promise<Event[] | undefined> {
  const events: Event[] = [];
  let after = cursor;
  try {
    for (let answers = 0; answers < mostAnswers; answers += 1) {
      const path = `/v1/channels/${encodeURIComponent(channelId)}/events?limit=1000&after=${encodeURIComponent(after)}`;
      const answer = await fetch(onServer(path, server));
      const catchUp = (await answer.json()) as CatchUp;
      if (!answer.ok || catchUp.mode !== 'replay') return;
      events.push(...catchUp.events);
      if (!catchUp.more) break;
      after = catchUp.cursor;
    }
    return events;
  } catch {
    return;
  }
}
