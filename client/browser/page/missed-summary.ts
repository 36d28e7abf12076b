import { channelPath } from '../../../src/protocol/addresses.ts';
import type { Event } from '../../../src/protocol/model.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { morphInside } from '../morph.ts';
import { turned } from '../view/direction.ts';
import { html, joined } from '../view/html.ts';
import { addressOn } from '../view/links.ts';
import type { Line, Tools } from '../view/page/missed-summary.ts';
import { settingOf } from '../view/page/page.ts';
import { counted } from '../view/wording/counts.ts';
import { clockBeside, datedText, type Setting, wordsOf } from '../view/wording/time.ts';
import { around, pageWordsOf } from '../view/wording/wording.ts';
import { Absence, type LastVisit, minAbsenceMs } from './absence.ts';
import { deleteLastVisit, loadLastVisit, saveLastVisit } from './last-visit.ts';

/** Posts in view count as read only after the summary has been visible this long. Milliseconds. */
const readMs = 5_000;
/** The number of posts, the latest ones, of which the last revision on the page is remembered. */
const maxSeenPosts = 500;

/** For the part that only the script of a reader who returns loads. */
const tools: Tools = { html, joined, around, counted, turned, clockBeside, datedText };
type Part = typeof import('./missed-changes.ts');

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
  setting: () => Partial<Setting>;
}

/** `since`: while offline, the time as of which the page is current. RFC 3339. */
export interface ConnectionState {
  status: ReaderState['status'];
  since?: string;
}

/**
 * Tells a returning reader what they missed: the number of new posts, and which posts that were on the page when they left were
 * corrected or withdrawn, in view or not, because they may have read them.
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
  /** Loaded once there is something to show. */
  #part: Part | undefined;
  #isRead = false;
  #wasVisible = !document.hidden;

  constructor(options: MissedSummaryOptions) {
    this.#options = options;
    this.#element = options.element;
    this.#server = addressOn(options.setting(), '');
    this.#address = this.#server + channelPath(options.timeline().channelId);
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
    if (this.#part === undefined || (line === undefined && this.#element.hidden)) return;
    const { timeline, posts, decorate } = this.#options;
    const markup = line === undefined ? '' : this.#markupOf(line, this.#part, timeline());
    this.#part.adoptStyle(this.#element);
    // After the summary is closed or read, the focus moves to the posts.
    const [reading = posts.querySelector<HTMLElement>('.post')] = this.#inView.values();
    const { activeElement } = this.#element.getRootNode() as Document | ShadowRoot;
    if (line === undefined && this.#element.contains(activeElement)) reading?.focus({ preventScroll: true });
    morphInside(this.#element, markup, decorate);
    this.#element.hidden = line === undefined;
  }

  #markupOf(line: Line, part: Part, shown: Timeline): string {
    const setting = { ...settingOf(shown.channel), ...this.#options.setting() };
    const words = { ...pageWordsOf(setting), ...wordsOf(setting) };
    return part.renderSince(line, shown, new Date().toISOString(), setting, words, tools).text;
  }

  // ---- Leaving and returning

  #onVisibility(): void {
    if (document.hidden) return this.#saveVisit();
    this.#wasVisible = true;
    const { status, since = '' } = this.#state;
    if (status === 'offline') this.#absence.leave('offline', { ...this.#currentVisit(), at: Date.parse(since) });
    else if (status === 'live' && this.#absence.onReturn(Date.now())) void this.#showLine();
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
    const { posts } = this.#options;
    const shown = (posts.getRootNode() as Document | ShadowRoot).querySelectorAll<HTMLElement>('.post[data-post]');
    // Posts that were in view are remembered for longer, and the newest ones of the others.
    for (const post of [...shown].reverse()) this.#markSeen(post.dataset.post as string, post);
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
    const missed = await (await this.#loadPart())?.changesSince(this.#server, this.#options.timeline().channelId, kept.cursor);
    // The answer may be older than events received in the meantime, so apply both in order.
    const events = missed && [...missed, ...this.#eventsDuringLoad].sort((one, other) => one.offset - other.offset);
    this.#eventsDuringLoad = undefined;
    if (events && !this.#listeners.signal.aborted && this.#absence.onReopen(kept, events, Date.now())) void this.#showLine();
  }

  /** If the part cannot be loaded, the next return tries again. */
  async #loadPart(): Promise<Part | undefined> {
    this.#part ??= await import('./missed-changes.ts').catch(() => undefined);
    return this.#part;
  }

  async #showLine(): Promise<void> {
    await this.#loadPart();
    this.render();
    if (this.#element.hidden) return;
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
