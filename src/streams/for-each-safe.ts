/** Does something with each of them. Whoever makes it throw is passed over, and `failed` is told. */
export function forEachSafe<T>(all: readonly T[], act: (one: T) => void, failed: (one: T, error: unknown) => void): void {
  for (let at = 0; at < all.length; at += 1) {
    try {
      // Begun again behind whoever threw, so that nothing has to be guarded for each.
      for (; at < all.length; at += 1) act(all[at] as T);
    } catch (error) {
      failed(all[at] as T, error);
    }
  }
}
