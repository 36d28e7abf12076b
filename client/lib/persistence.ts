import { cursorCharacters } from '../../src/protocol/client-limits.ts';
import { parseCursor } from '../../src/protocol/cursor.ts';
import { parseJson, sleep } from './http.ts';
import { parseServerUrl } from './platform.ts';
import type { ReaderStorage, SavedReader } from './reader-types.ts';
import { isSavedTimeline, truncated } from './timeline/saved-timeline.ts';

/**
 * Saves the reader's cursor and timeline in the storage that the app provides, so that the reader resumes after a restart.
 * Nothing depends on the saved copy: one that is broken, from another channel or from another version is ignored and replaced. If
 * writing fails, the copy is removed, so that no withdrawn text remains in it.
 */
export class Persistence {
  readonly #storage: ReaderStorage;
  readonly #key: string;
  readonly #channelId: string;
  readonly #current: () => SavedReader | undefined;
  /** The timer of the pause that follows each write. The next write waits for its end, unless the write is urgent. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Something changed since the last write began. */
  #hasChanges = false;
  /** The pending change must be written at once. */
  #isUrgent = false;
  #isClosed = false;
  #isWriting = false;
  #isForgotten = false;
  #loadTimeout: AbortController | undefined;
  /** The cursor that this instance last wrote or loaded. */
  #lastCursor: string | undefined;

  /** `current` returns what to save now. */
  constructor(storage: ReaderStorage, url: string, channelId: string, current: () => SavedReader | undefined) {
    const { origin, path } = parseServerUrl(url);
    this.#storage = storage;
    this.#key = `pressbox:${origin}${path}:${channelId}`;
    this.#channelId = channelId;
    this.#current = current;
  }

  /** Returns the saved reader if it is valid and arrives in time. Never throws. */
  async load(): Promise<SavedReader | undefined> {
    const timeout = new AbortController();
    this.#loadTimeout = timeout;
    try {
      const text = await Promise.race([this.#storage.getItem(this.#key), sleep(loadTimeoutMs, timeout.signal)]);
      const saved = typeof text === 'string' ? decode(text, this.#channelId) : undefined;
      this.#lastCursor = saved?.cursor;
      return saved;
    } catch {
      return undefined;
    } finally {
      timeout.abort();
    }
  }

  /**
   * Schedules a write: after the pause that follows the last write, or at once with `now`, which is for withdrawn texts that may
   * be in the saved copy.
   */
  changed(now: boolean): void {
    this.#hasChanges = true;
    this.#isUrgent ||= now;
    if (now || this.#pause === undefined) this.flush();
  }

  /** Writes pending changes. */
  flush(): void {
    if (!this.#hasChanges || this.#isWriting) return;
    this.#startPause();
    this.#hasChanges = false;
    this.#isUrgent = false;
    const saved = this.#isForgotten ? undefined : this.#current();
    const text = saved && encode(saved, this.#channelId);
    this.#write(() => (saved && text ? this.#store(saved.cursor, text) : this.#storage.removeItem(this.#key)), true);
  }

  /** Writes for the last time. */
  close(): void {
    this.#isUrgent = true;
    this.#isClosed = true;
    this.#loadTimeout?.abort();
    this.flush();
    clearTimeout(this.#pause);
  }

  /** Removes the saved copy and saves nothing from now on. */
  forget(): void {
    this.#isForgotten = true;
    this.#hasChanges = true;
    this.close();
  }

  /** Skips the write if another tab or window has saved a newer state, which may lack withdrawn texts. */
  #store(cursor: string, text: string): unknown {
    const store = (stored: unknown) => {
      const other = typeof stored === 'string' ? cursorIn(stored) : undefined;
      if (other !== undefined && other !== this.#lastCursor && isBefore(cursor, other)) return undefined;
      this.#lastCursor = cursor;
      return this.#storage.setItem(this.#key, text);
    };
    let stored: unknown;
    try {
      stored = this.#storage.getItem(this.#key);
    } catch {}
    if (!(stored instanceof Object && 'then' in stored)) return store(stored);
    const timeout = new AbortController();
    return Promise.race([stored as Promise<unknown>, sleep(loadTimeoutMs, timeout.signal)])
      .catch(() => undefined)
      .then((found) => {
        timeout.abort();
        return store(found);
      });
  }

  #startPause(): void {
    clearTimeout(this.#pause);
    if (this.#isClosed) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.flush();
    }, writeIntervalMs);
  }

  /**
   * Calls `action` synchronously, because a closing page has no later tick. If the storage is asynchronous, other writes wait
   * until this one ends.
   */
  #write(action: () => unknown, removeIfNot: boolean): void {
    this.#isWriting = true;
    const done = () => {
      this.#isWriting = false;
      if (this.#isUrgent || this.#pause === undefined) this.flush();
    };
    const failed = () => (removeIfNot ? this.#write(() => this.#storage.removeItem(this.#key), false) : done());
    try {
      const result = action();
      if (result instanceof Object && 'then' in result) (result as Promise<unknown>).then(done, failed);
      else done();
    } catch {
      failed();
    }
  }
}

/** Pause between writes that are not urgent, milliseconds. */
const writeIntervalMs = 2_000;
/** How long to wait for a slow storage, milliseconds. */
const loadTimeoutMs = 2_000;
/** Only the newest posts are saved, up to this number. */
const maxPosts = 100;
/**
 * Characters saved at most. Larger states are saved with fewer posts, in the end with the cursor alone. Browsers allow a site
 * about five million.
 */
const maxCharacters = 512 * 1024;

interface StoredReader extends SavedReader {
  version: 1;
  channelId: string;
}

function encode({ cursor, asOf, timeline }: SavedReader, channelId: string): string {
  const kept: StoredReader = { version: 1, channelId, cursor };
  for (let posts = maxPosts; timeline !== undefined && posts >= 1; posts = Math.floor(posts / 2)) {
    const text = JSON.stringify({ ...kept, asOf, timeline: truncated(timeline, posts) });
    if (text.length <= maxCharacters) return text;
  }
  return JSON.stringify(kept);
}

/** The cursor of a saved state, without parsing all of it. */
function cursorIn(text: string): string | undefined {
  return /^\{"version":1,"channelId":"[^"]*","cursor":"([^"]*)"/.exec(text)?.[1];
}

/** Within one history. Only Pressbox cursors can be compared. */
function isBefore(cursor: string, other: string): boolean {
  const [mine, theirs] = [parseCursor(cursor), parseCursor(other)];
  return mine !== undefined && mine.epoch === theirs?.epoch && mine.offset < theirs.offset;
}

function decode(text: string, channelId: string): SavedReader | undefined {
  const kept: Partial<StoredReader> | undefined | null = text.length <= maxCharacters ? parseJson(text) : undefined;
  if (kept?.version !== 1 || kept.channelId !== channelId) return undefined;
  const { cursor, asOf, timeline } = kept as Record<keyof StoredReader, unknown>;
  if (typeof cursor !== 'string' || cursor.length > cursorCharacters) return undefined;
  if (timeline === undefined) return { cursor };
  const isSound = isSavedTimeline(timeline, channelId) && timeline.cursor === cursor && Date.parse(asOf as string) > 0;
  return isSound ? { cursor, asOf: asOf as string, timeline } : undefined;
}
