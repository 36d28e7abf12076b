/** Calls `act` for every item. If `act` throws, calls `failed` and continues with the next item. */
export function forEachSafe<T>(all: readonly T[], act: (one: T) => void, failed: (one: T, error: unknown) => void): void {
  for (let at = 0; at < all.length; at += 1) {
    try {
      // Restarted after an item that threw. This needs no try block per item.
      for (; at < all.length; at += 1) act(all[at] as T);
    } catch (error) {
      failed(all[at] as T, error);
    }
  }
}
