import type { DBSchema } from 'idb';
import { type OnBlocked, openDeskDatabase } from '../app/desk-database.ts';
import { deviceName } from '../app/device-names.ts';
import type { Draft } from './draft-model.ts';

/** The port to the storage of drafts: the browser's database, or the memory of the page. */
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

/** Drafts in IndexedDB. Rejects if the browser has none, as in some private windows. */
export async function openDraftStore(onBlocked?: OnBlocked): Promise<DraftStore> {
  const { use, close } = await openDeskDatabase<DraftSchema>({
    name: `${deviceName}-drafts`,
    schemaVersion: 1,
    upgrade(database) {
      if (database.objectStoreNames.contains('drafts')) return;
      database.createObjectStore('drafts', { keyPath: ['ownerKey', 'key'] }).createIndex('byOwner', 'ownerKey');
    },
    onBlocked,
  });
  return {
    load: (ownerKey) => use((database) => database.getAllFromIndex('drafts', 'byOwner', ownerKey)),
    put: (drafts) =>
      use(async (database) => {
        const transaction = database.transaction('drafts', 'readwrite', { durability: 'strict' });
        await Promise.all([...drafts.map((draft) => transaction.store.put(draft)), transaction.done]);
      }),
    remove: ({ ownerKey, key }) => use((database) => database.delete('drafts', [ownerKey, key])),
    close,
  };
}

/** Drafts in the memory of this page, which are lost with it. */
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
