/** Event listeners. `M` maps each event name to its arguments. */
export class Emitter<M extends Record<keyof M, unknown[]>> {
  readonly #listeners: { [K in keyof M]?: Set<(...args: M[K]) => void> } = {};

  /** Adds a listener. Returns a function that removes it. */
  on<K extends keyof M>(name: K, listener: (...args: M[K]) => void): () => void {
    // Wrapped, so that a listener added twice is called twice.
    const added = (...args: M[K]) => listener(...args);
    const listeners = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners.add(added);
    return () => listeners.delete(added);
  }

  /**
   * Calls the listeners in the order in which they were added. If one throws, the others still run and the error is reported as
   * uncaught.
   */
  emit<K extends keyof M>(name: K, ...args: M[K]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
