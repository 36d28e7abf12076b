import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Objects whose release a test checks, noted by weak references. */
export class Traces {
  readonly #traces: WeakRef<object>[] = [];

  note(object: object): void {
    this.#traces.push(new WeakRef(object));
  }

  get noted(): number {
    return this.#traces.length;
  }

  /** How many of the objects are still referenced. */
  async held(): Promise<number> {
    // Looking at a weak reference keeps its object until the turn ends.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    return this.#traces.filter((trace) => trace.deref() !== undefined).length;
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
