import type { DevicePicture, PictureFile } from '../pictures/device-picture.ts';
import { type Change, entryFormat, type StoredEntry } from './stored-entry.ts';

/**
 * The port to where entries are stored: the browser's database, or the memory of the tab. A store belongs to one author, and
 * shows of others only how much they have.
 */
export interface OutboxStore {
  read(): Promise<Stored>;
  /**
   * Reads the entries and the pictures, decides and writes in one transaction, so that two tabs never decide on the same state.
   * Resolves once the change is stored. If it rejects, nothing was changed.
   */
  change<T>(decide: Decide<T>): Promise<T>;
  /** The bytes of a picture of this author. Undefined: there is none. */
  pictureFile(id: string): Promise<PictureFile | undefined>;
  close(): void;
}

/** `pictures`: oldest first. */
export type Decide<T> = (entries: readonly StoredEntry[], pictures: readonly DevicePicture[]) => T & { change: Change };

export interface Stored {
  entries: StoredEntry[];
  others: { name: string; count: number }[];
  /** There are entries of a newer version of the desk, which are not among `entries`. */
  outdated: boolean;
  /** Oldest first. */
  pictures: DevicePicture[];
}

/** The entries that this version understands. */
export function understood(all: readonly StoredEntry[]): Pick<Stored, 'entries' | 'outdated'> {
  const entries = all.filter(({ format }) => format <= entryFormat);
  return { entries, outdated: entries.length < all.length };
}

/** Entries and pictures in the memory of this tab, which are lost with it. */
export function memoryStore(): OutboxStore {
  let entries: readonly StoredEntry[] = [];
  const pictures = new Map<string, DevicePicture>();
  const files = new Map<string, PictureFile>();
  return {
    read: async () => ({ entries: [...entries], others: [], outdated: false, pictures: oldestFirst(pictures.values()) }),
    async change(decide) {
      const decided = decide(entries, oldestFirst(pictures.values()));
      const { putPictures = [], putFiles = [], removePictures = [] } = decided.change;
      entries = changed(entries, decided.change);
      for (const picture of putPictures) pictures.set(picture.id, picture);
      for (const file of putFiles) files.set(file.id, file);
      for (const id of removePictures) pictures.delete(id) && files.delete(id);
      return decided;
    },
    pictureFile: async (id) => files.get(id),
    close() {},
  };
}

export function oldestFirst(pictures: Iterable<DevicePicture>): DevicePicture[] {
  return [...pictures].sort((a, b) => a.addedAt - b.addedAt);
}

export function changed(entries: readonly StoredEntry[], { put = [], remove = [] }: Change): StoredEntry[] {
  const replaced = new Map(put.map((entry) => [entry.id, entry]));
  return [...entries.filter(({ id }) => !replaced.has(id) && !remove.includes(id)), ...replaced.values()];
}
