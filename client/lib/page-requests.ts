import type { ReaderPost } from '../../src/protocol/model.ts';
import { backoffMs, requestBackoff } from './backoff.ts';
import type { CursorHistory } from './cursor-history.ts';
import type { Http } from './http.ts';
import { isObject, isRetryable, NoAnswer, NotPressbox, ProblemError, retryAfterMs, sleep } from './http.ts';
import { queryString } from './platform.ts';
import { isPage, isPost } from './read-post.ts';
import type { Timeline } from './timeline/timeline-model.ts';
import {
  applyKeyEventsPage,
  applyPage,
  applyPost,
  applySummaryPage,
  moveTo,
  type Need,
  needs,
  newerPage,
  olderPage,
  type Page,
  type PageAsk,
} from './timeline/timeline-pages.ts';

/**
 * Requests the posts that a timeline lacks: pages on demand, and automatically what `needs` lists. A page that arrives too late
 * to be applied is requested again after a pause.
 */
export interface TimelineAccess {
  read(): Timeline | undefined;
  write(timeline: Timeline): void;
  /** Where a cursor is relative to the reader. */
  locate: CursorHistory['locate'];
}

/** Attempts for one page. After that the caller gets an error, because the node lags too far behind. */
const maxAttempts = 5;
/**
 * How long to wait for a page that is ahead of the reader. The missing events arrive within 5 s;
 * otherwise the page is requested again. Milliseconds.
 */
const maxCatchUpWaitMs = 5_000;
/** A node that lags catches up within 5 s, or refuses. */
const needBackoff = { initialMs: 200, maxMs: 30_000 };

export class PageLoader {
  readonly #channel: string;
  readonly #posts: string;
  readonly #http: Http;
  readonly #random: () => number;
  readonly #timeline: TimelineAccess;
  readonly #stop = new AbortController();
  /** Number of resets. A page requested before a reset belongs to a lost history. */
  #resets = 0;
  /** Paging under way, so that a second call waits for it instead of repeating it. */
  readonly #paging = new Map<'older' | 'newer', Promise<void>>();
  /** The needs that are being requested. */
  readonly #fetching = new Set<Need['ask']>();
  /** Callbacks that wait for the timeline to change. */
  readonly #onMove = new Set<() => void>();

  constructor(channelId: string, http: Http, random: () => number, timelineAccess: TimelineAccess) {
    this.#channel = `/v1/channels/${encodeURIComponent(channelId)}`;
    this.#posts = `${this.#channel}/posts`;
    this.#http = http;
    this.#random = random;
    this.#timeline = timelineAccess;
  }

  close(): void {
    this.#stop.abort(new Error('The reader was closed.'));
    this.reset();
  }

  /** Discards the requests under way. */
  reset(): void {
    this.#resets += 1;
    for (const check of [...this.#onMove]) check();
  }

  /** The timeline changed. */
  moved(): void {
    for (const check of [...this.#onMove]) check();
    this.#fetchNeeds();
  }

  older(limit?: number): Promise<void> {
    return this.#once('older', () => this.#fetchPage((timeline) => pageQueryOf(olderPage(timeline)), limit));
  }

  newer(limit?: number): Promise<void> {
    return this.#once('newer', () => this.#fetchPage((timeline) => pageQueryOf(newerPage(timeline)), limit));
  }

  moveTo(before: number | null, limit?: number): Promise<void> {
    const query = before === null ? {} : { before };
    return this.#fetchPage(
      () => ({ query, anyWindow: true, applyTo: (timeline, page) => moveTo(timeline, page, before) }),
      limit,
    );
  }

  /** The `seq` of a post. Undefined if the channel has no post with this id. */
  async seqOf(postId: string): Promise<number | undefined> {
    const { posts = [], pinned = null, summary = null, keyEvents = [] } = this.#timeline.read() ?? {};
    const known = [...posts, pinned, summary, ...keyEvents].find((post) => post?.id === postId);
    if (known) return known.seq;
    try {
      return (await this.#fetchPost(postId)).seq;
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 404) return undefined;
      throw error;
    }
  }

  /** Requests what the timeline needs, unless a request is under way. */
  #fetchNeeds(): void {
    const timeline = this.#timeline.read();
    if (timeline === undefined || this.#stop.signal.aborted) return;
    for (const { ask } of needs(timeline)) {
      if (this.#fetching.has(ask)) continue;
      this.#fetching.add(ask);
      // Ends once the need is met or the reader is closed. A refusal is retried.
      void this.#fillNeed(ask).finally(() => {
        this.#fetching.delete(ask);
        this.#fetchNeeds();
      });
    }
  }

  async #fillNeed(ask: Need['ask']): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt += 1) {
      const before = this.#need(ask);
      if (before === undefined) return;
      let askedMs = 0;
      try {
        await this.#fetchNeed(before);
        const after = this.#need(ask);
        if (after === undefined) return;
        if (JSON.stringify(after) !== JSON.stringify(before)) attempt = -1;
      } catch (error) {
        // An unreachable or refusing server is treated like an answer that does not help.
        askedMs = isRetryable(error) ? retryAfterMs(error) : 0;
      }
      if (attempt >= 0) await sleep(backoffMs(attempt, this.#random(), needBackoff, askedMs), this.#stop.signal).catch(() => {});
    }
  }

  #need(ask: Need['ask']): Need | undefined {
    const timeline = this.#timeline.read();
    return timeline && needs(timeline).find((need) => need.ask === ask);
  }

  async #fetchNeed(need: Need): Promise<void> {
    switch (need.ask) {
      case 'post': {
        const post = await this.#fetchPost(need.id);
        this.#update((timeline) => (timeline.window === need.window ? applyPost(timeline, post) : timeline));
        return;
      }
      case 'summary': {
        const page = await this.#fetchUsablePage({ kind: 'summary', before: need.before });
        if (page !== undefined) this.#update((timeline) => applySummaryPage(timeline, page, need));
        return;
      }
      case 'key-events': {
        const page = await this.#fetchUsablePage({ keyEvent: 'true', before: need.before, limit: 100 });
        if (page !== undefined) this.#update((timeline) => applyKeyEventsPage(timeline, page, need));
        return;
      }
    }
  }

  /** Requests a page until it is applied. Does nothing if there is nothing to request. */
  async #fetchPage(queryFor: (timeline: Timeline) => PageQuery | undefined, limit: number | undefined): Promise<void> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const timeline = this.#timeline.read();
      const ask = timeline && queryFor(timeline);
      if (timeline === undefined || ask === undefined) return;
      const page = await this.#fetchUsablePage({ ...ask.query, ...(limit !== undefined && { limit }) });
      if (page !== undefined && this.#update((timeline) => ask.applyTo(timeline, page))) return;
      if (!ask.anyWindow && this.#timeline.read()?.window !== timeline.window) return;
      await sleep(backoffMs(attempt, this.#random(), requestBackoff), this.#stop.signal);
    }
    throw new NoAnswer('The page and the live updates do not match yet. Try again in a moment.');
  }

  /**
   * Returns a page once the reader has reached the page's position. Undefined if the page cannot be used. See `CursorHistory`.
   */
  async #fetchUsablePage(query: Record<string, string | number>): Promise<Page | undefined> {
    const resets = this.#resets;
    const page = await this.#fetchPosts(query);
    const found = await this.#waitForCursor(page.cursor, resets);
    const fits = found === 'here' || (found === 'unknown' && (await this.#isInHistory(page.cursor)));
    return fits && resets === this.#resets ? page : undefined;
  }

  #waitForCursor(cursor: string, resets: number): Promise<ReturnType<CursorHistory['locate']>> {
    const { locate } = this.#timeline;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#onMove.delete(check);
        resolve(locate(cursor));
      };
      const check = () => {
        if (locate(cursor) !== 'ahead' || resets !== this.#resets) end();
      };
      const timer = setTimeout(end, maxCatchUpWaitMs);
      this.#onMove.add(check);
      check();
    });
  }

  async #isInHistory(cursor: string): Promise<boolean> {
    const { body } = await this.#http.get(
      `${this.#channel}/events${queryString({ after: cursor, limit: 1 })}`,
      this.#stop.signal,
    );
    return isObject(body) && body.mode === 'replay';
  }

  /** Whether the timeline changed. */
  #update(change: (timeline: Timeline) => Timeline): boolean {
    const timeline = this.#timeline.read();
    const next = timeline && change(timeline);
    if (next === undefined || next === timeline || this.#stop.signal.aborted) return false;
    this.#timeline.write(next);
    return true;
  }

  async #fetchPosts(query: Record<string, string | number>): Promise<Page> {
    const { body, headers } = await this.#get(this.#posts + queryString(query), isPage);
    return { ...body, next: nextBoundIn(headers.get('link')) };
  }

  async #fetchPost(id: string): Promise<ReaderPost> {
    return (await this.#get(`${this.#posts}/${encodeURIComponent(id)}`, isPost)).body;
  }

  /** Throws `NotPressbox` if the body is invalid. */
  async #get<T>(path: string, isValid: (body: unknown) => body is T): Promise<{ body: T; headers: Headers }> {
    const { status, body, headers } = await this.#http.get(path, this.#stop.signal);
    if (!isValid(body)) throw new NotPressbox(`status ${status}`);
    return { body, headers };
  }

  #once(direction: 'older' | 'newer', ask: () => Promise<void>): Promise<void> {
    const under = this.#paging.get(direction);
    if (under !== undefined) return under;
    const paging = ask().finally(() => this.#paging.delete(direction));
    this.#paging.set(direction, paging);
    return paging;
  }
}

interface PageQuery {
  query: { before?: number; after?: number };
  /** Apply the page even if the window has changed. */
  anyWindow?: boolean;
  applyTo(timeline: Timeline, page: Page): Timeline;
}

function pageQueryOf(ask: PageAsk | undefined): PageQuery | undefined {
  if (ask === undefined) return undefined;
  const query = 'before' in ask ? { before: ask.before } : { after: ask.after };
  return { query, applyTo: (timeline, page) => applyPage(timeline, page, ask) };
}

/** The bound of the next page, from `Link: <…?before=12>; rel="next"` (RFC 8288). */
function nextBoundIn(link: string | null): number | undefined {
  const target = link?.match(/<([^<>]*)>\s*;[^,<]*rel="?next"?/)?.[1];
  const bound = Number(target?.match(/[?&](?:before|after)=(\d+)/)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(bound) ? bound : undefined;
}
