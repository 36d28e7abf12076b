/** The part of Web Locks that is used here. */
interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
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

  constructor(ownerKey: string, locks: Locks | undefined = (globalThis.navigator as { locks?: Locks } | undefined)?.locks) {
    this.#prefix = `pressbox-desk-draft:${ownerKey}:`;
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
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const granted = new Promise<boolean>((answer) => {
      const held = () => {
        answer(true);
        return released;
      };
      // A tab that is being reloaded may hold its lock for another moment.
      locks.request(this.#prefix + key, { signal: AbortSignal.timeout(waitMs) }, held).catch(() => answer(false));
    });
    return { granted, release };
  }
}

const waitMs = 300;
