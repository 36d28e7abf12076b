import { Http } from '../../../lib/http.ts';
import { basePath } from '../app/base-path.ts';
import type { OnBlocked } from '../app/desk-database.ts';
import { browserTabs } from './browser-tabs.ts';
import type { Clock } from './clock.ts';
import { createOutbox } from './create-outbox.ts';
import { openDatabase } from './database.ts';
import type { Outbox, Protection } from './outbox-model.ts';
import { memoryStore } from './outbox-store.ts';
import type { Owner } from './stored-entry.ts';
import { soleTab } from './tabs-model.ts';

export interface OutboxOptions {
  session: Owner;
  /** An entry that was unsent for this long is not sent without its author. Read again each time, because authors can change it. */
  askAfterMs(): number;
  /** Tells whether another tab must be closed before the outbox can be opened. */
  onBlocked?: OnBlocked;
}

/** Opens the outbox of the signed-in author in a browser. */
export async function openOutbox({ session, askAfterMs, onBlocked }: OutboxOptions): Promise<Outbox> {
  const owner = { ownerKey: session.ownerKey, sub: session.sub, name: session.name };
  const { store, protection } = await openStore(owner, onBlocked);
  const outbox = await createOutbox({
    owner,
    store,
    tabs: protection === 'insecure' || protection === 'no-storage' ? soleTab() : browserTabs(owner.ownerKey),
    http: new Http({ url: basePath }),
    clock: browserClock(),
    random: Math.random,
    isOnline: () => navigator.onLine,
    askAfterMs,
    protection,
    lookUp: async (...look) => (await import('./lookup.ts')).lookUp(...look),
    loadUploader: async (parts) => (await import('../pictures/uploads/browser-uploads.ts')).browserUploader(parts),
  });
  const leaving = new AbortController();
  const wake = () => outbox.wake();
  const wakeIfVisible = () => document.visibilityState === 'visible' && wake();
  for (const name of ['online', 'offline', 'pageshow']) addEventListener(name, wake, { signal: leaving.signal });
  document.addEventListener('visibilitychange', wakeIfVisible, { signal: leaving.signal });

  const { add, close } = outbox;
  let hasAskedToPersist = false;
  outbox.add = (write, how) => {
    // Only once something was pressed, because Firefox asks the author.
    if (outbox.protection === 'not-persistent' && !hasAskedToPersist) {
      hasAskedToPersist = true;
      persist().then(
        (persistent) => persistent && outbox.protect('full'),
        () => {},
      );
    }
    return add(write, how);
  };
  outbox.close = () => {
    leaving.abort();
    close();
  };
  return outbox;
}

async function openStore(owner: Owner, onBlocked?: OnBlocked) {
  const inMemory = (protection: Protection) => ({ store: memoryStore(), protection });
  // Without a secure context there are no Web Locks, and two tabs would send the same entries out of order.
  if (!isSecureContext || navigator.locks === undefined) return inMemory('insecure');
  try {
    const store = await openDatabase(owner, onBlocked);
    const protection: Protection = (await isPersistent()) ? 'full' : 'not-persistent';
    return { store, protection };
  } catch {
    return inMemory('no-storage');
  }
}

async function isPersistent(): Promise<boolean> {
  return (await navigator.storage?.persisted?.()) === true;
}

async function persist(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) === true;
}

function browserClock(): Clock {
  return {
    now: Date.now,
    alarm(ms, ring) {
      const timer = setTimeout(ring, Math.min(ms, longestTimerMs));
      return () => clearTimeout(timer);
    },
  };
}

/** Timers beyond 24 days ring at once. An alarm that rings early finds nothing due. */
const longestTimerMs = 24 * 60 * 60_000;
