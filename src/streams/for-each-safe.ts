/** Calls `act` for every item. If `act` throws, calls `failed` and continues with the next item. */
export function forEachSafe<T>(all: readonly T[], act: (one: T) => void, failed: (one: T, error: unknown) => void): void {
  for (let at = 0; at < all.length; at += 1) {
    try {
      // One `try` covers many items. After an item threw, the outer loop continues with the next one.
      for (; at < all.length; at += 1) act(all[at] as T);
    } catch (error) {
      failed(all[at] as T, error);
    }
  }
}
