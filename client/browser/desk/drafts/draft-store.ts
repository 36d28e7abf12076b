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

/** In IndexedDB. Rejects if the browser has none, as in some private windows. */
export async function openDraftStore(name = 'pressbox-desk-drafts'): Promise<DraftStore> {
  const database: IDBPDatabase<DraftSchema> = await openDB<DraftSchema>(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('drafts', { keyPath: ['ownerKey', 'key'] }).createIndex('byOwner', 'ownerKey');
    },
    // A later version of this page, in another tab, waits for this.
    blocking: (_current, _blocked, event) => (event.target as unknown as { close(): void }).close(),
  });
  return {
    load: (ownerKey) => database.getAllFromIndex('drafts', 'byOwner', ownerKey),
    async put(drafts) {
      const transaction = database.transaction('drafts', 'readwrite', { durability: 'strict' });
      for (const draft of drafts) void transaction.store.put(draft);
      await transaction.done;
    },
    remove: ({ ownerKey, key }) => database.delete('drafts', [ownerKey, key]),
    close: () => database.close(),
  };
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
