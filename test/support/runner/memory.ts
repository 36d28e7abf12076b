import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a test wants to see let go of: noted without being held. */
export class Traces {
  readonly #traces: WeakRef<object>[] = [];

  note(object: object): void {
    this.#traces.push(new WeakRef(object));
  }

  get noted(): number {
    return this.#traces.length;
  }

  /** How many of them something still holds. */
  async held(): Promise<number> {
    // What was looked at in this turn is kept to its end.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    return this.#traces.filter((trace) => trace.deref() !== undefined).length;
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
