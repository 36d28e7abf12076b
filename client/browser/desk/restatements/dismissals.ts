import { deviceName } from '../app/device-names.ts';

const mostRemembered = 500;

/**
 * The posts that an author has looked at and left as they are. Remembered in this tab, across a reload too. Holds ids and checksums,
 * and no text.
 */
export class Dismissals {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'> | undefined;
  readonly #key: string;
  #dismissed: Set<string>;

  constructor(ownerKey: string, storage: Pick<Storage, 'getItem' | 'setItem'> | undefined) {
    this.#storage = storage;
    this.#key = `${deviceName}-restatements:${ownerKey}`;
    this.#dismissed = new Set(this.#stored());
  }

  has(name: string): boolean {
    return this.#dismissed.has(name);
  }

  add(name: string): void {
    this.#dismissed = new Set([...this.#dismissed, name].slice(-mostRemembered));
    try {
      this.#storage?.setItem(this.#key, JSON.stringify([...this.#dismissed]));
    } catch {
      // Without storage it is asked again after a reload.
    }
  }

  #stored(): string[] {
    try {
      const stored: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? '[]');
      return Array.isArray(stored) ? stored.filter((name) => typeof name === 'string') : [];
    } catch {
      return [];
    }
  }
}

/** A number for a text, so that the text is not stored (FNV-1a). */
export function checksumOf(text: string): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return sum.toString(36);
}
