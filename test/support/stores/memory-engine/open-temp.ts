import type { Examined } from '../../../engine/contract.ts';
import { renderer } from '../engines.ts';
import { openMemory } from './engine.ts';
import { MemoryStore } from './store.ts';

/** An engine in memory for the contract tests. Opening it again finds what was stored. */
export async function openTempMemory(clocks: { now?: () => number; elapsed?: () => number } = {}): Promise<Examined> {
  const store = new MemoryStore();
  let engine = await openMemory({ store, renderer, ...clocks });
  return {
    get engine() {
      return engine;
    },
    async reopen(changed = {}) {
      await engine.close();
      engine = await openMemory({ store, renderer, ...clocks, ...changed });
      return engine;
    },
    close: () => engine.close(),
  };
}
