/** Who listens to what. `M` maps the name of an event to what its listeners are given. */
export class Emitter<M extends Record<keyof M, unknown[]>> {
  readonly #listeners: { [K in keyof M]?: Set<(...args: M[K]) => void> } = {};

  /** Calls `listener` each time from now on. What is returned undoes it. */
  on<K extends keyof M>(name: K, listener: (...args: M[K]) => void): () => void {
    // A function of its own, so that one listener given twice is two.
    const added = (...args: M[K]) => listener(...args);
    const listeners = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners.add(added);
    return () => listeners.delete(added);
  }

  /** Tells each listener in the order in which they came. One that throws keeps none of the others from hearing; its error goes uncaught. */
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
