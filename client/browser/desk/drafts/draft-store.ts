import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Draft } from './draft-model.ts';

/** Where drafts are kept. */
export interface DraftStore {
  /** The drafts of this author, in any order. */
  load(ownerKey: string): Promise<Draft[]>;
  /** Resolves once the drafts are stored. All of them are stored, or none. */
  put(drafts: readonly Draft[]): Promise<void>;
  remove(draft: Pick<Draft, 'ownerKey' | 'key'>): Promise<void>;
  close(): void;
}

interface DraftSchema extends DBSchema {
  drafts: { key: [ownerKey: string, key: string]; value: Draft; indexes: { byOwner: string } };
}
type Database = IDBPDatabase<DraftSchema>;

const schemaVersion = 1;

/** In IndexedDB. Rejects if the browser has none, as in some private windows. */
export async function openDraftStore(name = 'pressbox-desk-drafts'): Promise<DraftStore> {
  let opening: Promise<Database> | undefined;
  const forget = () => {
    opening = undefined;
  };
  const open = async (): Promise<Database> => {
    opening ??= connect(name, forget);
    try {
      return await opening;
    } catch (error) {
      forget();
      throw error;
    }
  };
  /** Tries once more with a new connection, if this one was closed. */
  const withDatabase = async <T>(use: (database: Database) => Promise<T>): Promise<T> => {
    const database = await open();
    try {
      return await use(database);
    } catch (error) {
      if (opening !== undefined) throw error;
      return await use(await open());
    }
  };
  await open();
  return {
    load: (ownerKey) => withDatabase((database) => database.getAllFromIndex('drafts', 'byOwner', ownerKey)),
    put: (drafts) =>
      withDatabase(async (database) => {
        const transaction = database.transaction('drafts', 'readwrite', { durability: 'strict' });
        await Promise.all([...drafts.map((draft) => transaction.store.put(draft)), transaction.done]);
      }),
    remove: ({ ownerKey, key }) => withDatabase((database) => database.delete('drafts', [ownerKey, key])),
    close() {
      void opening?.then((database) => database.close());
    },
  };
}

/** `onLost`: the connection is closed, because the browser ended it or another tab changes the schema. */
async function connect(name: string, onLost: () => void): Promise<Database> {
  const open = (version?: number) =>
    openDB<DraftSchema>(name, version, {
      upgrade(database) {
        if (database.objectStoreNames.contains('drafts')) return;
        database.createObjectStore('drafts', { keyPath: ['ownerKey', 'key'] }).createIndex('byOwner', 'ownerKey');
      },
      blocking(_current, _wanted, event) {
        onLost();
        (event.target as unknown as { close(): void }).close();
      },
      terminated: onLost,
    });
  try {
    return await open(schemaVersion);
  } catch (error) {
    if ((error as Error).name !== 'VersionError') throw error;
    // A newer version of the desk has added to the schema. What this version needs is still there.
    return await open();
  }
}

/** Without storage, for as long as the page is open. */
export function memoryStore(): DraftStore {
  const drafts = new Map<string, Draft>();
  const placeOf = ({ ownerKey, key }: Pick<Draft, 'ownerKey' | 'key'>) => JSON.stringify([ownerKey, key]);
  return {
    load: async (ownerKey) => [...drafts.values()].filter((draft) => draft.ownerKey === ownerKey),
    async put(changed) {
      for (const draft of changed) drafts.set(placeOf(draft), structuredClone(draft));
    },
    async remove(draft) {
      drafts.delete(placeOf(draft));
    },
    close() {},
  };
}
