import { cursorCharacters } from '../../src/protocol/client-limits.ts';
import { parseCursor } from '../../src/protocol/cursor.ts';
import { parseJson, sleep } from './http.ts';
import { parseServerUrl } from './platform.ts';
import type { ReaderStorage, SavedReader } from './reader-types.ts';
import { isSavedTimeline, truncated } from './timeline/saved-timeline.ts';

/**
 * Keeps where a reader is, and what it holds, in what the app gives for that, so that it goes on from there after the app was closed.
 * What is kept is a copy that nothing depends on: broken, foreign or of another version it is taken for none and replaced, and where it
 * cannot be written it is removed, so that no text stays there that was withdrawn meanwhile.
 */
export class Persistence {
  readonly #storage: ReaderStorage;
  readonly #key: string;
  readonly #channelId: string;
  readonly #current: () => SavedReader | undefined;
  /** Runs for a while after each write. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Something changed since the last write began. */
  #hasChanges = false;
  /** And must not wait. */
  #isUrgent = false;
  #isClosed = false;
  #isWriting = false;
  #isForgotten = false;
  #loadTimeout: AbortController | undefined;
  /** The cursor of what this one wrote or found. */
  #lastCursor: string | undefined;

  /** `current`: what there is to keep now. */
  constructor(storage: ReaderStorage, url: string, channelId: string, current: () => SavedReader | undefined) {
    const { origin, path } = parseServerUrl(url);
    this.#storage = storage;
    this.#key = `pressbox:${origin}${path}:${channelId}`;
    this.#channelId = channelId;
    this.#current = current;
  }

  /** What was kept, if it is sound and comes in time. Never throws. */
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

  /** Writes soon: at once, or when the pause after the last write is over. `now`: a text was withdrawn that may be in what is kept. */
  changed(now: boolean): void {
    this.#hasChanges = true;
    this.#isUrgent ||= now;
    if (now || this.#pause === undefined) this.flush();
  }

  /** Writes what was not written yet. */
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

  /** Removes what was kept, and keeps nothing more. */
  forget(): void {
    this.#isForgotten = true;
    this.#hasChanges = true;
    this.close();
  }

  /** Unless another tab or window has kept what is newer: it may lack texts on purpose. */
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

  /** Within this tick where the storage can: a page that is closed has no other. One after the other where it takes its time. */
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

/** Between two writes of what is not urgent, milliseconds. */
const writeIntervalMs = 2_000;
/** A storage that takes longer to say what it holds is not waited for, milliseconds. */
const loadTimeoutMs = 2_000;
/** Posts that are kept at most, the newest of those held. */
const maxPosts = 100;
/** Characters of what is kept. Past it there are fewer posts, and at last the cursor alone. A browser gives a site about five million. */
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

/** Of what was kept, without reading all of it. */
function cursorIn(text: string): string | undefined {
  return /^\{"version":1,"channelId":"[^"]*","cursor":"([^"]*)"/.exec(text)?.[1];
}

/** In one history. Only our own cursors tell. */
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
