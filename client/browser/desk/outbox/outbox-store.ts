import { type Change, entryFormat, type StoredEntry } from './stored-entry.ts';

/**
 * The port to where entries are stored: the browser's database, or the memory of the tab. A store belongs to one author, and
 * shows of others only how much they have.
 */
export interface OutboxStore {
  read(): Promise<Stored>;
  /**
   * Reads the entries, decides and writes in one transaction, so that two tabs never decide on the same state. Resolves once the
   * change is stored. If it rejects, nothing was changed.
   */
  change<T>(decide: (entries: readonly StoredEntry[]) => T & { change: Change }): Promise<T>;
  close(): void;
}

export interface Stored {
  entries: StoredEntry[];
  others: { name: string; count: number }[];
  /** There are entries of a newer version of the desk, which are not among `entries`. */
  outdated: boolean;
}

/** The entries that this version understands. */
export function understood(all: readonly StoredEntry[]): Pick<Stored, 'entries' | 'outdated'> {
  const entries = all.filter(({ format }) => format <= entryFormat);
  return { entries, outdated: entries.length < all.length };
}

/** Entries in the memory of this tab, which are lost with it. */
export function memoryStore(): OutboxStore {
  let entries: readonly StoredEntry[] = [];
  return {
    read: async () => ({ entries: [...entries], others: [], outdated: false }),
    async change(decide) {
      const decided = decide(entries);
      entries = changed(entries, decided.change);
      return decided;
    },
    close() {},
  };
}

export function changed(entries: readonly StoredEntry[], { put = [], remove = [] }: Change): StoredEntry[] {
  const replaced = new Map(put.map((entry) => [entry.id, entry]));
  return [...entries.filter(({ id }) => !replaced.has(id) && !remove.includes(id)), ...replaced.values()];
}
