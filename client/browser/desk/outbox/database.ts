import type { DBSchema, IDBPDatabase } from 'idb';
import { newKey } from '../../../lib/ids.ts';
import { type OnBlocked, openDeskDatabase } from '../app/desk-database.ts';
import { deviceName } from '../app/device-names.ts';
import type { DevicePicture, PictureFile } from '../pictures/device-picture.ts';
import { isDelivered } from './outbox-model.ts';
import { changed, type OutboxStore, oldestFirst, type Stored, understood } from './outbox-store.ts';
import type { Owner, StoredEntry } from './stored-entry.ts';

/**
 * Entries and pictures in IndexedDB. The bytes of pictures have a store of their own, so that nothing else reads them.
 *
 * Every change is one transaction with `durability: 'strict'`: it resolves only after the browser has flushed it to the disk, so
 * an entry outlives a crash of the tab, of the browser and of the system. It does not prove that the entry outlives a power cut:
 * the flush asks the operating system, and a disk may report a write as done that is only in its cache. A browser that does not
 * know the option ignores it, and flushes a moment later. And it does not prove that the entry stays: unless the storage is
 * persistent, the browser may delete it when it needs space, and people can always delete it.
 *
 * Entries of a newer format are left to the newer tab.
 */

interface OutboxSchema extends DBSchema {
  entries: { key: string; value: StoredEntry; indexes: { byOwner: [string, number] } };
  /** The names of the people who have had entries. */
  owners: { key: string; value: { ownerKey: string; name: string } };
  /** `born`: random, to notice that the database was deleted and created again. */
  facts: { key: string; value: { name: string; value: string } };
  pictures: { key: string; value: DevicePicture; indexes: { byOwner: string } };
  pictureFiles: { key: string; value: PictureFile & { ownerKey: string } };
}

/** Rejects if this browser has no storage, for example in a private window. */
export async function openDatabase(owner: Owner, onBlocked?: OnBlocked): Promise<OutboxStore> {
  let born: string | undefined;
  /** The entries that this tab read last, to restore them if the database is deleted. */
  let remembered: readonly StoredEntry[] = [];

  const { use, close } = await openDeskDatabase<OutboxSchema>({
    name: `${deviceName}-outbox`,
    schemaVersion: 2,
    upgrade(database) {
      if (!database.objectStoreNames.contains('entries')) {
        database.createObjectStore('entries', { keyPath: 'id' }).createIndex('byOwner', ['ownerKey', 'pending']);
        database.createObjectStore('owners', { keyPath: 'ownerKey' });
        void database.createObjectStore('facts', { keyPath: 'name' }).put({ name: 'born', value: newKey() });
      }
      if (database.objectStoreNames.contains('pictures')) return;
      database.createObjectStore('pictures', { keyPath: 'id' }).createIndex('byOwner', 'ownerKey');
      database.createObjectStore('pictureFiles', { keyPath: 'id' });
    },
    onBlocked,
    onOpened: restoreIfNew,
  });

  return {
    async read() {
      const stored = await use(async (database) => {
        const transaction = database.transaction(['entries', 'owners', 'pictures']);
        const all = await ownEntries(transaction.objectStore('entries').index('byOwner'), owner);
        const others: Stored['others'] = [];
        for (const { ownerKey, name } of await transaction.objectStore('owners').getAll()) {
          if (ownerKey === owner.ownerKey) continue;
          const count = await transaction
            .objectStore('entries')
            .index('byOwner')
            .count(IDBKeyRange.only([ownerKey, 1]));
          if (count > 0) others.push({ name, count });
        }
        const pictures = await transaction.objectStore('pictures').index('byOwner').getAll(owner.ownerKey);
        return { ...understood(all), others, pictures: oldestFirst(pictures) };
      });
      remembered = stored.entries;
      return stored;
    },
    change: (decide) =>
      use(async (database) => {
        const names = ['entries', 'owners', 'pictures', 'pictureFiles'] as const;
        const transaction = database.transaction(names, 'readwrite', { durability: 'strict' });
        const store = transaction.objectStore('entries');
        const pictures = transaction.objectStore('pictures');
        const files = transaction.objectStore('pictureFiles');
        const { ownerKey, name } = owner;
        const { entries } = understood(await ownEntries(store.index('byOwner'), owner));
        const own = oldestFirst(await pictures.index('byOwner').getAll(ownerKey));
        let decided: ReturnType<typeof decide>;
        try {
          decided = decide(entries, own);
        } catch (error) {
          transaction.done.catch(() => {});
          transaction.abort();
          throw error;
        }
        const { put = [], remove = [], putPictures = [], putFiles = [], removePictures = [] } = decided.change;
        await Promise.all([
          ...put.map((entry) => store.put(entry)),
          ...remove.map((id) => store.delete(id)),
          ...putPictures.map((picture) => pictures.put(picture)),
          ...putFiles.map((file) => files.put({ ...file, ownerKey })),
          ...removePictures.flatMap((id) => [pictures.delete(id), files.delete(id)]),
          ...(put.length > 0 ? [transaction.objectStore('owners').put({ ownerKey, name })] : []),
          transaction.done,
        ]);
        remembered = changed(entries, decided.change);
        return decided;
      }),
    pictureFile: (id) =>
      use(async (database) => {
        const file = await database.get('pictureFiles', id);
        return file?.ownerKey === owner.ownerKey ? file : undefined;
      }),
    close,
  };

  /** Puts back what was lost if the database was deleted while this tab was open. Entries that nobody has sent yet ask. */
  async function restoreIfNew(database: IDBPDatabase<OutboxSchema>): Promise<void> {
    const transaction = database.transaction(['entries', 'facts'], 'readwrite', { durability: 'strict' });
    const fact = await transaction.objectStore('facts').get('born');
    const isNew = born !== undefined && fact?.value !== born;
    const store = transaction.objectStore('entries');
    for (const entry of isNew ? remembered.filter((each) => !isDelivered(each)) : []) {
      if ((await store.getKey(entry.id)) === undefined) await store.put(asRestored(entry));
    }
    await transaction.done;
    // Only now, so that a failed attempt is repeated with the next connection.
    born = fact?.value;
  }
}

function asRestored(entry: StoredEntry): StoredEntry {
  const isUnsent = entry.state.at === 'held' || (entry.state.at === 'saved' && entry.attempts === 0);
  return isUnsent ? { ...entry, state: { at: 'asking', reason: 'closed-while-held' } } : entry;
}

async function ownEntries(
  index: { getAll(query: IDBKeyRange): Promise<StoredEntry[]> },
  { ownerKey }: Owner,
): Promise<StoredEntry[]> {
  return index.getAll(IDBKeyRange.bound([ownerKey, 0], [ownerKey, 1]));
}
