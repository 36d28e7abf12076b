/**
 * Items that wait, each for an address. Addresses take turns, and the items of an address keep their order. All IPv6 addresses of
 * a /48 take turns as one address, so that a network that owns many of them gets no more turns than others.
 */
import { addressKey, wideAddressKey } from './rates.ts';

export class FairQueue<Item> {
  /** By address, the one whose turn is next first. No list is empty. */
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many addresses wait. */
  get addresses(): number {
    return this.#waiting.size;
  }

  /** `first`: before the items of the same address that wait. */
  add(address: string, item: Item, { first = false } = {}): void {
    const key = turnKey(address);
    const items = this.#waiting.get(key);
    this.#size += 1;
    if (items === undefined) this.#waiting.set(key, [item]);
    else if (first) items.unshift(item);
    else items.push(item);
  }

  /** The next item of the first address that `mayTake` allows. Its address then waits behind the others. */
  take(mayTake: (turnKey: string) => boolean = () => true): Item | undefined {
    for (const [key, items] of this.#waiting) {
      if (!mayTake(key)) continue;
      const item = items.shift() as Item;
      this.#size -= 1;
      this.#waiting.delete(key);
      if (items.length > 0) this.#waiting.set(key, items);
      return item;
    }
    return undefined;
  }

  /** Removing an item twice does nothing. */
  remove(address: string, item: Item): void {
    const key = turnKey(address);
    const items = this.#waiting.get(key) ?? [];
    const at = items.indexOf(item);
    if (at < 0) return;
    items.splice(at, 1);
    this.#size -= 1;
    if (items.length === 0) this.#waiting.delete(key);
  }
}

/** The same for all addresses that take turns as one. */
export function turnKey(address: string): string {
  const key = addressKey(address);
  return wideAddressKey(key) ?? key;
}
