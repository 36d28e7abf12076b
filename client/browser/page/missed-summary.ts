import { channelPath, onServer } from '../../../src/protocol/addresses.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { morphInside } from '../morph.ts';
import { renderSince } from '../view/missed-summary.ts';
import type { Setting } from '../view/time.ts';
import { Absence, type LastVisit, minAbsenceMs } from './absence.ts';
import { deleteLastVisit, loadLastVisit, saveLastVisit } from './last-visit.ts';

/** Posts in view count as read only after the summary has been visible this long. Milliseconds. */
const readMs = 5_000;
/** The number of posts, the latest ones, of which the last seen revision is remembered. */
const maxSeenPosts = 500;
/** The most pages of missed events that are requested. Later events are not counted. */
const maxCatchUpPages = 3;

export interface MissedSummaryOptions {
  /** Where to render the summary. */
  element: HTMLElement;
  /** The timeline as shown. */
  timeline: () => Timeline;
  posts: HTMLElement;
  announce: (sentence: string) => void;
  /** Receives the rendered content before it is inserted. */
  decorate?: (content: ParentNode) => void;
  /** Settings beyond the channel's own. */
  setting?: () => Partial<Setting>;
}

/** `since`: while offline, the time as of which the page is current. RFC 3339. */
export interface ConnectionState {
  status: ReaderState['status'];
  since?: string;
}

/**
 * Tells a returning reader what they missed: the number of new posts, and which posts they had read were corrected or withdrawn.
 * Disappears once these were read. Takes no room on the page. The last visit is stored in the browser, without any text.
 */
export class MissedSummary {
  readonly #element: HTMLElement;
  readonly #options: MissedSummaryOptions;
  readonly #server: string;
  /** The address of the channel. */
  readonly #address: string;
  readonly #listeners = new AbortController();
  readonly #absence = new Absence();
  readonly #seen = new Map<string, number>();
  readonly #inView = new Map<string, HTMLElement>();
  /** Events that arrive while the missed ones are being loaded. */
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

  /** The reader leaves. Nothing more is shown. */
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

  /** Call before showing the timeline that includes the event. */
  onEvent(event: Event): void {
    this.#absence.onEvent(event);
    this.#eventsDuringLoad?.push(event);
  }

  onState(state: ConnectionState): void {
    this.#state = state;
    this.#onVisibility();
  }

  /** Discards the summary. */
  forget(): void {
    this.#absence.close();
    this.#seen.clear();
    this.render();
  }

  /** The channel may no longer be read. */
  forgetChannel(): void {
    this.#stop();
    deleteLastVisit(this.#address);
  }

  /** Renders for the current timeline. */
  render(): void {
    const { line } = this.#absence;
    if (line === undefined && this.#element.hidden) return;
    const now = new Date().toISOString();
    const { timeline, setting, posts, decorate } = this.#options;
    const markup = line === undefined ? '' : renderSince(line, timeline(), now, setting?.()).text;
    // After the summary is closed or read, the focus moves to the posts.
    const [reading = posts.querySelector<HTMLElement>('.post')] = this.#inView.values();
    const { activeElement } = this.#element.getRootNode() as Document | ShadowRoot;
    if (line === undefined && this.#element.contains(activeElement)) reading?.focus({ preventScroll: true });
    morphInside(this.#element, markup, decorate);
    this.#element.hidden = line === undefined;
  }

  // ---- Leaving and returning

  #onVisibility(): void {
    if (document.hidden) return this.#saveVisit();
    this.#wasVisible = true;
    const { status, since = '' } = this.#state;
    if (status === 'offline') this.#absence.leave('offline', { ...this.#currentVisit(), at: Date.parse(since) });
    else if (status === 'live' && this.#absence.onReturn(Date.now())) this.#showLine();
  }

  #saveVisit(): void {
    const left = this.#currentVisit();
    // A tab that was never visible cannot say what was read.
    if (this.#wasVisible) saveLastVisit(this.#address, this.#options.timeline(), left);
    this.#wasVisible = false;
    this.#absence.leave('left', left);
  }

  /** The current state of this visit. */
  #currentVisit(): LastVisit {
    for (const [id, post] of this.#inView) this.#markSeen(id, post);
    return { at: Date.now(), newest: this.#options.timeline().newestSeq, seen: new Map(this.#seen) };
  }

  /** Loads what changed since the stored visit. */
  async #loadChanges(): Promise<void> {
    const kept = loadLastVisit(this.#address);
    if (kept === undefined) return;
    for (const [id, revision] of kept.seen) if (!this.#seen.has(id)) this.#seen.set(id, revision);
    if (Date.now() - kept.at < minAbsenceMs) return;
    this.#eventsDuringLoad = [];
    const missed = await changesSince(this.#server, this.#options.timeline().channelId, kept.cursor);
    // The answer may be older than events received in the meantime, so apply both in order.
    const events = missed && [...missed, ...this.#eventsDuringLoad].sort((one, other) => one.offset - other.offset);
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

  // ---- Posts in view

  #observePosts(posts: HTMLElement, signal: AbortSignal): void {
    // The bar covers the top of the window, and a post of which only a line or two shows at the bottom was not read.
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

/** The events since the cursor. Undefined if they are unknown: another history, or no answer. */
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
