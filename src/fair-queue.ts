/** Items that wait, each for a client: an address or an author. Clients take turns, and the items of a client keep their order. */
export class FairQueue<Item> {
  /** By client, the one whose turn is next first. No list is empty. */
  readonly #waiting = new Map<string, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many clients wait. */
  get clients(): number {
    return this.#waiting.size;
  }

  /** `first`: before the items of the same client that wait. */
  add(key: string, item: Item, { first = false } = {}): void {
    const items = this.#waiting.get(key);
    this.#size += 1;
    if (items === undefined) this.#waiting.set(key, [item]);
    else if (first) items.unshift(item);
    else items.push(item);
  }

  /** The next item of the first client that `mayTake` allows. The client then waits behind the others. */
  take(mayTake: (key: string) => boolean = () => true): Item | undefined {
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
  remove(key: string, item: Item): void {
    const items = this.#waiting.get(key) ?? [];
    const at = items.indexOf(item);
    if (at < 0) return;
    items.splice(at, 1);
    this.#size -= 1;
    if (items.length === 0) this.#waiting.delete(key);
  }

  /** All items, without taking them. */
  items(): Item[] {
    return [...this.#waiting.values()].flat();
  }
}
