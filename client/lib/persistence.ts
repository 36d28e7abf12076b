import { cursorCharacters } from '../../src/protocol/client-limits.ts';
import { parseCursor } from '../../src/protocol/cursor.ts';
import { parsed, pause } from './http.ts';
import { partsOf } from './platform.ts';
import type { ReaderStorage, SavedReader } from './reader-types.ts';
import { isSavedTimeline, shortened } from './timeline/saved-timeline.ts';

/**
 * Keeps where a reader is, and what it holds, in what the app gives for that, so that it goes on from there after the app was closed.
 * What is kept is a copy that nothing depends on: broken, foreign or of another version it is taken for none and replaced, and where it
 * cannot be written it is removed, so that no text stays there that was withdrawn meanwhile.
 */
export class Keeper {
  readonly #storage: ReaderStorage;
  readonly #key: string;
  readonly #channelId: string;
  readonly #current: () => SavedReader | undefined;
  /** Runs for a while after each write. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Something changed since the last write began. */
  #changed = false;
  /** And must not wait. */
  #isUrgent = false;
  #closed = false;
  #writing = false;
  #forgotten = false;
  #loading: AbortController | undefined;
  /** The cursor of what this one wrote or found. */
  #own: string | undefined;

  /** `current`: what there is to keep now. */
  constructor(storage: ReaderStorage, url: string, channelId: string, current: () => SavedReader | undefined) {
    const { origin, path } = partsOf(url);
    this.#storage = storage;
    this.#key = `pressbox:${origin}${path}:${channelId}`;
    this.#channelId = channelId;
    this.#current = current;
  }

  /** What was kept, if it is sound and comes in time. Never throws. */
  async load(): Promise<SavedReader | undefined> {
    const inTime = new AbortController();
    this.#loading = inTime;
    try {
      const text = await Promise.race([this.#storage.getItem(this.#key), pause(loadMs, inTime.signal)]);
      const saved = typeof text === 'string' ? decoded(text, this.#channelId) : undefined;
      this.#own = saved?.cursor;
      return saved;
    } catch {
      return undefined;
    } finally {
      inTime.abort();
    }
  }

  /** Writes soon: at once, or when the pause after the last write is over. `now`: a text was withdrawn that may be in what is kept. */
  changed(now: boolean): void {
    this.#changed = true;
    this.#isUrgent ||= now;
    if (now || this.#pause === undefined) this.flush();
  }

  /** Writes what was not written yet. */
  flush(): void {
    if (!this.#changed || this.#writing) return;
    this.#rest();
    this.#changed = false;
    this.#isUrgent = false;
    const saved = this.#forgotten ? undefined : this.#current();
    const text = saved && encoded(saved, this.#channelId);
    this.#write(() => (saved && text ? this.#put(saved.cursor, text) : this.#storage.removeItem(this.#key)), true);
  }

  /** Writes for the last time. */
  close(): void {
    this.#isUrgent = true;
    this.#closed = true;
    this.#loading?.abort();
    this.flush();
    clearTimeout(this.#pause);
  }

  /** Removes what was kept, and keeps nothing more. */
  forget(): void {
    this.#forgotten = true;
    this.#changed = true;
    this.close();
  }

  /** Unless another tab or window has kept what is newer: it may lack texts on purpose. */
  #put(cursor: string, text: string): unknown {
    const put = (standing: unknown) => {
      const other = typeof standing === 'string' ? cursorIn(standing) : undefined;
      if (other !== undefined && other !== this.#own && isBefore(cursor, other)) return undefined;
      this.#own = cursor;
      return this.#storage.setItem(this.#key, text);
    };
    let standing: unknown;
    try {
      standing = this.#storage.getItem(this.#key);
    } catch {}
    if (!(standing instanceof Object && 'then' in standing)) return put(standing);
    const inTime = new AbortController();
    return Promise.race([standing as Promise<unknown>, pause(loadMs, inTime.signal)])
      .catch(() => undefined)
      .then((found) => {
        inTime.abort();
        return put(found);
      });
  }

  #rest(): void {
    clearTimeout(this.#pause);
    if (this.#closed) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.flush();
    }, pauseMs);
  }

  /** Within this tick where the storage can: a page that is closed has no other. One after the other where it takes its time. */
  #write(act: () => unknown, removeIfNot: boolean): void {
    this.#writing = true;
    const done = () => {
      this.#writing = false;
      if (this.#isUrgent || this.#pause === undefined) this.flush();
    };
    const failed = () => (removeIfNot ? this.#write(() => this.#storage.removeItem(this.#key), false) : done());
    try {
      const acted = act();
      if (acted instanceof Object && 'then' in acted) (acted as Promise<unknown>).then(done, failed);
      else done();
    } catch {
      failed();
    }
  }
}

/** Between two writes of what is not urgent, milliseconds. */
const pauseMs = 2_000;
/** A storage that takes longer to say what it holds is not waited for, milliseconds. */
const loadMs = 2_000;
/** Posts that are kept at most, the newest of those held. */
const mostPosts = 100;
/** Characters of what is kept. Past it there are fewer posts, and at last the cursor alone. A browser gives a site about five million. */
const mostCharacters = 512 * 1024;

interface Kept extends SavedReader {
  version: 1;
  channelId: string;
}

function encoded({ cursor, asOf, timeline }: SavedReader, channelId: string): string {
  const kept: Kept = { version: 1, channelId, cursor };
  for (let posts = mostPosts; timeline !== undefined && posts >= 1; posts = Math.floor(posts / 2)) {
    const text = JSON.stringify({ ...kept, asOf, timeline: shortened(timeline, posts) });
    if (text.length <= mostCharacters) return text;
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

function decoded(text: string, channelId: string): SavedReader | undefined {
  const kept: Partial<Kept> | undefined | null = text.length <= mostCharacters ? parsed(text) : undefined;
  if (kept?.version !== 1 || kept.channelId !== channelId) return undefined;
  const { cursor, asOf, timeline } = kept as Record<keyof Kept, unknown>;
  if (typeof cursor !== 'string' || cursor.length > cursorCharacters) return undefined;
  if (timeline === undefined) return { cursor };
  const isSound = isSavedTimeline(timeline, channelId) && timeline.cursor === cursor && Date.parse(asOf as string) > 0;
  return isSound ? { cursor, asOf: asOf as string, timeline } : undefined;
}
