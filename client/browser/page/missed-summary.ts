import { channelPath, onServer } from '../../../src/protocol/addresses.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { morphInside } from '../morph.ts';
import { renderSince } from '../view/missed-summary.ts';
import type { Setting } from '../view/time.ts';
import { Absence, type LastVisit, minAbsenceMs } from './absence.ts';
import { deleteLastVisit, loadLastVisit, saveLastVisit } from './last-visit.ts';

/** Before the line has stood so long, what is in view beside it is not taken for read. Milliseconds. */
const readMs = 5_000;
/** Posts whose last view is remembered, the latest ones. */
const maxSeenPosts = 500;
/** Answers of the server that are asked for to know what changed since: beyond that, the line counts no further. */
const maxCatchUpPages = 3;

export interface MissedSummaryOptions {
  /** Where the line stands. */
  element: HTMLElement;
  /** As it is shown. */
  timeline: () => Timeline;
  posts: HTMLElement;
  announce: (sentence: string) => void;
  /** Is given what is rendered. */
  decorate?: (content: ParentNode) => void;
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
export class MissedSummary {
  readonly #element: HTMLElement;
  readonly #options: MissedSummaryOptions;
  readonly #server: string;
  /** Of the coverage. */
  readonly #address: string;
  readonly #listeners = new AbortController();
  readonly #absence = new Absence();
  readonly #seen = new Map<string, number>();
  readonly #inView = new Map<string, HTMLElement>();
  /** Heard while the server is asked what changed since, and as late. */
  #eventsDuringLoad: Event[] | undefined;
  #state: ConnectionState = { status: 'catching-up' };
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #isRead = false;
  #wasVisible = !document.hidden;

  constructor(options: MissedSummaryOptions) {
    this.#options = options;
    this.#element = options.element;
    this.#server = options.setting?.().server ?? '';
    this.#address = onServer(channelPath(options.timeline().channelId), this.#server);
    const { signal } = this.#listeners;
    document.addEventListener('visibilitychange', () => this.#onVisibility(), { signal });
    window.addEventListener('pagehide', () => this.#saveVisit(), { signal });
    const onClick = ({ target }: MouseEvent) => {
      if ((target as Element).closest('.since-close') === null) return;
      this.#absence.close();
      this.render();
    };
    this.#element.addEventListener('click', onClick, { signal });
    this.#observePosts(options.posts, signal);
    void this.#loadChanges();
  }

  /** The reader leaves, and is told nothing more. */
  close(): void {
    this.#saveVisit();
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#readTimer);
    this.#listeners.abort();
    this.#absence.close();
    this.render();
  }

  /** Before the timeline is shown that holds the change. */
  onEvent(event: Event): void {
    this.#absence.onEvent(event);
    this.#eventsDuringLoad?.push(event);
  }

  onState(state: ConnectionState): void {
    this.#state = state;
    this.#onVisibility();
  }

  /** What is told is void. */
  forget(): void {
    this.#absence.close();
    this.#seen.clear();
    this.render();
  }

  /** The channel is gone. */
  forgetChannel(): void {
    this.#stop();
    deleteLastVisit(this.#address);
  }

  /** As the timeline is now. */
  render(): void {
    const { line } = this.#absence;
    if (line === undefined && this.#element.hidden) return;
    const now = new Date().toISOString();
    const { timeline, setting, posts, decorate } = this.#options;
    const markup = line === undefined ? '' : renderSince(line, timeline(), now, setting?.()).text;
    // Who closed it, or followed it to its end, goes on from the posts.
    const [reading = posts.querySelector<HTMLElement>('.post')] = this.#inView.values();
    const { activeElement } = this.#element.getRootNode() as Document | ShadowRoot;
    if (line === undefined && this.#element.contains(activeElement)) reading?.focus({ preventScroll: true });
    morphInside(this.#element, markup, decorate);
    this.#element.hidden = line === undefined;
  }

  // ---- Coming and going

  #onVisibility(): void {
    if (document.hidden) return this.#saveVisit();
    this.#wasVisible = true;
    const { status, since = '' } = this.#state;
    if (status === 'offline') this.#absence.leave('offline', { ...this.#currentVisit(), at: Date.parse(since) });
    else if (status === 'live' && this.#absence.onReturn(Date.now())) this.#showLine();
  }

  #saveVisit(): void {
    const left = this.#currentVisit();
    // A tab that was not looked at since has nothing to say of what was read.
    if (this.#wasVisible) saveLastVisit(this.#address, this.#options.timeline(), left);
    this.#wasVisible = false;
    this.#absence.leave('left', left);
  }

  /** Where the reader is. */
  #currentVisit(): LastVisit {
    for (const [id, post] of this.#inView) this.#markSeen(id, post);
    return { at: Date.now(), newest: this.#options.timeline().newestSeq, seen: new Map(this.#seen) };
  }

  /** The page is opened by someone who had left it before. */
  async #loadChanges(): Promise<void> {
    const kept = loadLastVisit(this.#address);
    if (kept === undefined) return;
    for (const [id, revision] of kept.seen) if (!this.#seen.has(id)) this.#seen.set(id, revision);
    if (Date.now() - kept.at < minAbsenceMs) return;
    this.#eventsDuringLoad = [];
    const asked = await changesSince(this.#server, this.#options.timeline().channelId, kept.cursor);
    // An answer that is late says nothing of a post that was changed again, or withdrawn, since then.
    const events = asked && [...asked, ...this.#eventsDuringLoad].sort((one, other) => one.offset - other.offset);
    this.#eventsDuringLoad = undefined;
    if (events && !this.#listeners.signal.aborted && this.#absence.onReopen(kept, events, Date.now())) this.#showLine();
  }

  #showLine(): void {
    this.render();
    const parts = this.#element.querySelectorAll<HTMLElement>('.since-when, li');
    this.#options.announce([...parts].map(({ textContent }) => textContent).join('. '));
    this.#isRead = false;
    clearTimeout(this.#readTimer);
    this.#readTimer = setTimeout(() => {
      this.#isRead = true;
      this.#markRead();
    }, readMs);
  }

  // ---- What is in view

  #observePosts(posts: HTMLElement, signal: AbortSignal): void {
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
        this.#markSeen(id, post);
      }
    }
    this.#markRead();
  }

  #markSeen(id: string, { dataset }: HTMLElement): void {
    this.#seen.delete(id);
    this.#seen.set(id, Number(dataset.revision));
    for (const [longestAgo] of this.#seen) if (this.#seen.size > maxSeenPosts) this.#seen.delete(longestAgo);
  }

  #markRead(): void {
    if (this.#isRead && !document.hidden && this.#absence.read(this.#inView.keys())) this.render();
  }
}

/** Each post that changed since, once. Undefined where that cannot be known: another history, or no answer. */
async function changesSince(server: string, channelId: string, cursor: string): Promise<Event[] | undefined> {
  const events: Event[] = [];
  let after = cursor;
  try {
    for (let answers = 0; answers < maxCatchUpPages; answers += 1) {
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
