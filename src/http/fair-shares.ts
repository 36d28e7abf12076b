import { rateLimits } from './http-limits.ts';
import { addressKey, wideAddressKey } from './rates.ts';

/**
 * Shares a limited resource among addresses. Each address may hold as much as is still free: one address alone gets half, two get
 * a third each, and something is always left for a new address. The address that holds too much loses what it has held for
 * longest. An address that holds no more than a `smallestShare` loses nothing, so that a crowd can use all of the resource.
 *
 * All IPv6 addresses of a /64 count as one address. All addresses of a /48 together may hold as much as `wideShares` addresses.
 */
export interface SharesOptions<Item> {
  /** The size of the resource, in the unit of the weights. */
  most: number;
  /** Called with an item that its address must give up. */
  drop(item: Item): void;
  /** Items that an address loses first. */
  isDispensable?(item: Item): boolean;
}

/** The share of the capacity that an item uses until it is removed. */
export interface Share<Item> {
  readonly item: Item;
  readonly weight: number;
  readonly holders: readonly Holder<Item>[];
}

interface Holder<Item> {
  readonly key: string;
  /** How many addresses it counts as: 1, or `wideShares` for a /48. */
  readonly budget: number;
  weight: number;
  /** Oldest first. */
  readonly shares: Set<Share<Item>>;
}

export class Shares<Item> {
  readonly #options: SharesOptions<Item>;
  readonly #holders = new Map<string, Holder<Item>>();
  #held = 0;
  /** The holder with the highest load, unless it has lost something since. */
  #heaviest: Holder<Item> | undefined;
  /** An upper bound of the load of any holder. */
  #ceiling = 0;

  constructor(options: SharesOptions<Item>) {
    this.#options = options;
  }

  get held(): number {
    return this.#held;
  }

  /** Adds an item, then drops items of addresses that hold too much. The new item can be one of them. */
  add(item: Item, address: string, weight = 1): Share<Item> {
    const key = addressKey(address);
    const wide = wideAddressKey(key);
    const holders = [this.#holder(key, 1), ...(wide === undefined ? [] : [this.#holder(wide, rateLimits.wideShares)])];
    const share = { item, weight, holders };
    this.#held += weight;
    for (const holder of holders) {
      holder.weight += weight;
      holder.shares.add(share);
      if (loadOf(holder) < this.#ceiling) continue;
      this.#heaviest = holder;
      this.#ceiling = loadOf(holder);
    }
    this.#trim();
    return share;
  }

  /** Reserves a part without a holder, for example for connections of a proxy. */
  take(weight = 1): void {
    this.#held += weight;
    this.#trim();
  }

  giveBack(weight = 1): void {
    this.#held -= weight;
  }

  has(share: Share<Item>): boolean {
    return share.holders.every(({ shares }) => shares.has(share));
  }

  /** Removing a share twice does nothing. */
  remove(share: Share<Item>): void {
    for (const holder of share.holders) {
      if (!holder.shares.delete(share)) return;
      holder.weight -= share.weight;
      if (holder.shares.size === 0) this.#holders.delete(holder.key);
    }
    this.#held -= share.weight;
  }

  #trim(): void {
    for (let heaviest = this.#tooHeavy(); heaviest !== undefined; heaviest = this.#tooHeavy()) {
      const share = this.#leastWanted(heaviest);
      this.remove(share);
      this.#options.drop(share.item);
    }
  }

  /** Examines all holders only if one of them may hold more than is free. */
  #tooHeavy(): Holder<Item> | undefined {
    const free = Math.max(1, this.#options.most / rateLimits.smallestShare, this.#options.most - this.#held);
    if (this.#ceiling <= free) return undefined;
    if (this.#heaviest === undefined || loadOf(this.#heaviest) < this.#ceiling) {
      this.#heaviest = undefined;
      for (const holder of this.#holders.values()) {
        if (this.#heaviest === undefined || loadOf(holder) > loadOf(this.#heaviest)) this.#heaviest = holder;
      }
      this.#ceiling = this.#heaviest === undefined ? 0 : loadOf(this.#heaviest);
    }
    return this.#ceiling > free && this.#heaviest !== undefined && this.#heaviest.shares.size > 0 ? this.#heaviest : undefined;
  }

  #leastWanted({ shares }: Holder<Item>): Share<Item> {
    const { isDispensable } = this.#options;
    let oldest: Share<Item> | undefined;
    for (const share of shares) {
      if (isDispensable === undefined || isDispensable(share.item)) return share;
      oldest ??= share;
    }
    return oldest as Share<Item>;
  }

  #holder(key: string, budget: number): Holder<Item> {
    const known = this.#holders.get(key);
    if (known !== undefined) return known;
    const holder = { key, budget, weight: 0, shares: new Set<Share<Item>>() };
    this.#holders.set(key, holder);
    return holder;
  }
}

function loadOf({ weight, budget }: Holder<unknown>): number {
  return weight / budget;
}
