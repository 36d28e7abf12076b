import { type DBSchema, type IDBPDatabase, type OpenDBCallbacks, openDB } from 'idb';

/**
 * A database in IndexedDB that an older and a newer version of the desk use side by side. Fields and stores are only ever added. An
 * older tab closes its connection when a newer one changes the schema, and opens the database again as it then is.
 */
export interface DeskDatabase<S extends DBSchema> {
  /** `run` makes one transaction. It is called once more if the connection was lost meanwhile, because then nothing was changed. */
  use<T>(run: (database: IDBPDatabase<S>) => Promise<T>): Promise<T>;
  close(): void;
}

export interface DeskDatabaseOptions<S extends DBSchema> {
  name: string;
  schemaVersion: number;
  upgrade: NonNullable<OpenDBCallbacks<S>['upgrade']>;
  /**
   * Called with true when a tab with an older version of the desk does not close its connection, so that the schema cannot be changed
   * yet: in the newer tab that changes it, and in older tabs that wait for that. Called with false once the database is open.
   */
  onBlocked?: OnBlocked | undefined;
  /** Called with each new connection, before it is used. If it rejects, the database counts as not opened. */
  onOpened?(database: IDBPDatabase<S>): Promise<void>;
}

export type OnBlocked = (isBlocked: boolean) => void;

/** After this time, an older tab tells its author that it waits for a newer one, milliseconds. */
const waitsMs = 2_000;

/** Rejects if this browser has no storage, for example in a private window. */
export async function openDeskDatabase<S extends DBSchema>(options: DeskDatabaseOptions<S>): Promise<DeskDatabase<S>> {
  let connection: Promise<IDBPDatabase<S>> | undefined;
  let isClosed = false;

  let isBlocked = false;
  const block = (isNow: boolean) => {
    if (isNow === isBlocked) return;
    isBlocked = isNow;
    options.onBlocked?.(isNow);
  };

  const open = (isAgain = false) => {
    if (connection !== undefined) return connection;
    const opening = connect({ ...options, onBlocked: block }, () => forget(opening));
    // Browsers do not say why the database is not opened again. A newer tab that waits for a third one is the only reason known.
    const waiting = isAgain ? setTimeout(() => block(true), waitsMs) : undefined;
    const settle = () => {
      clearTimeout(waiting);
      block(false);
    };
    opening.then(settle, settle);
    connection = opening;
    opening.catch(() => forget(opening, false));
    return opening;
  };
  /** A lost connection is opened again at once, so that `onOpened` notices soon if the database was deleted. */
  const forget = (lost: Promise<IDBPDatabase<S>>, reopens = true) => {
    if (connection !== lost) return;
    connection = undefined;
    if (reopens && !isClosed) queueMicrotask(() => void open(true).catch(() => {}));
  };
  await open();

  return {
    async use(run) {
      const used = open();
      const database = await used;
      try {
        return await run(database);
      } catch (error) {
        if (isClosed || connection === used) throw error;
        return await run(await open());
      }
    },
    close() {
      isClosed = true;
      connection?.then((database) => database.close()).catch(() => {});
    },
  };
}

async function connect<S extends DBSchema>(
  { name, schemaVersion, upgrade, onBlocked, onOpened }: DeskDatabaseOptions<S>,
  onLost: () => void,
): Promise<IDBPDatabase<S>> {
  const openAt = (version?: number) =>
    openDB<S>(name, version, {
      upgrade,
      // Other tabs close their connections when they hear of it. A tab that the browser has frozen does not hear of it.
      blocked: () => onBlocked?.(true),
      blocking(_current, _wanted, event) {
        onLost();
        (event.target as unknown as { close(): void }).close();
      },
      terminated: onLost,
    });
  const database = await openAt(schemaVersion).catch((error: unknown) => {
    if (!(error instanceof DOMException) || error.name !== 'VersionError') throw error;
    // A newer version of the desk has added to the schema. What this version needs is still there.
    return openAt();
  });
  try {
    await onOpened?.(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
