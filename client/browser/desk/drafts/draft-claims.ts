/** The part of Web Locks that is used here. */
interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/**
 * Keeps two tabs from writing one draft: a draft that is open in a composer is locked until its tab closes. Without Web Locks, as
 * outside a secure context, every claim is granted.
 */
export class DraftClaims {
  readonly #prefix: string;
  readonly #locks: Locks | undefined;
  readonly #held = new Map<string, () => void>();

  constructor(ownerKey: string, locks: Locks | undefined = (globalThis.navigator as { locks?: Locks } | undefined)?.locks) {
    this.#prefix = `pressbox-desk-draft:${ownerKey}:`;
    this.#locks = locks;
  }

  /** Returns false if the draft is open in another tab. */
  async claim(key: string): Promise<boolean> {
    if (this.#locks === undefined || this.#held.has(key)) return true;
    const locks = this.#locks;
    return await new Promise<boolean>((granted) => {
      const held = () =>
        new Promise<void>((release) => {
          this.#held.set(key, release);
          granted(true);
        });
      // A tab that is being reloaded may hold its lock for another moment.
      locks.request(this.#prefix + key, { signal: AbortSignal.timeout(waitMs) }, held).catch(() => granted(false));
    });
  }

  release(key: string): void {
    this.#held.get(key)?.();
    this.#held.delete(key);
  }

  releaseAll(): void {
    for (const key of [...this.#held.keys()]) this.release(key);
  }
}

const waitMs = 300;
