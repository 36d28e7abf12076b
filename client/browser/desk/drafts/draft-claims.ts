import { deviceName } from '../app/device-names.ts';
/** The part of Web Locks that is used here. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
  query(): Promise<{ held?: { name?: string }[]; pending?: { name?: string }[] }>;
}

interface Claim {
  /** Whether this tab has the lock. */
  granted: Promise<boolean>;
  release(): void;
}

/**
 * Keeps two tabs from writing one draft: a draft that is open in a composer is locked until its tab closes. Without Web Locks, as
 * outside a secure context, every claim is granted.
 */
export class DraftClaims {
  readonly #prefix: string;
  readonly #locks: Locks | undefined;
  /** Claims that are granted, or wait for an answer. */
  readonly #claims = new Map<string, Claim>();
  /** The requests of this tab until they end. The next claim of a draft waits for the last one to give its lock back. */
  readonly #requests = new Map<string, Promise<unknown>>();

  constructor(ownerKey: string, locks: Locks | undefined = (globalThis.navigator as { locks?: Locks } | undefined)?.locks) {
    this.#prefix = `${deviceName}-draft:${ownerKey}:`;
    this.#locks = locks;
  }

  /** Returns false if the draft is open in another tab. */
  async claim(key: string): Promise<boolean> {
    const claim = this.#claims.get(key) ?? this.#request(key);
    this.#claims.set(key, claim);
    const isGranted = await claim.granted;
    if (!isGranted && this.#claims.get(key) === claim) this.#claims.delete(key);
    return isGranted;
  }

  /** Whether the draft is open in this tab, or is being opened. */
  has(key: string): boolean {
    return this.#claims.has(key);
  }

  /** Also of a claim that is not answered yet: the lock is then given back at once. */
  release(key: string): void {
    this.#claims.get(key)?.release();
    this.#claims.delete(key);
  }

  releaseAll(): void {
    for (const key of [...this.#claims.keys()]) this.release(key);
  }

  #request(key: string): Claim {
    const locks = this.#locks;
    if (locks === undefined) return { granted: Promise.resolve(true), release() {} };
    const name = this.#prefix + key;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: granted, resolve: answer } = Promise.withResolvers<boolean>();
    const giveUp = new AbortController();
    const before = this.#requests.get(key);
    const request = async () => {
      await before;
      isElsewhere(locks, name, granted).then(
        (isHeld) => isHeld && giveUp.abort(),
        () => giveUp.abort(),
      );
      await locks.request(name, { signal: giveUp.signal }, () => {
        answer(true);
        return released;
      });
    };
    const ended: Promise<void> = request()
      .catch(() => answer(false))
      .then(() => {
        if (this.#requests.get(key) === ended) this.#requests.delete(key);
      });
    this.#requests.set(key, ended);
    return { granted, release };
  }
}

/**
 * Whether another tab holds the lock that this one waits for. Asks the browser, because a busy one takes its time to grant a lock that
 * nobody holds.
 */
async function isElsewhere(locks: Locks, name: string, granted: Promise<boolean>): Promise<boolean> {
  for (let asked = 0; asked < asksMost; asked += 1) {
    // A tab that is being reloaded may hold its lock for another moment.
    if (await Promise.race([granted.then(() => true), after(waitMs)])) return false;
    const { held = [], pending = [] } = await locks.query();
    if ([held, pending].every((some) => some.some((lock) => lock.name === name))) return true;
  }
  return true;
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false));
}

const waitMs = 300;
/** A browser that neither grants nor refuses a lock for this often counts as refusing it. */
const asksMost = 100;
