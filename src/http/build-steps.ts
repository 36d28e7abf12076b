import { setImmediate as nextTurn } from 'node:timers/promises';
import { responseLimits } from './http-limits.ts';

/** How an answer is built without holding the process for long. */

/**
 * A build calls it before each costly part, with the number of bytes that it has made so far. It lets other work run when that is
 * due. Throws `AllClientsGone` if no client waits any more.
 */
export type BuildStep = (madeBytes?: number) => Promise<void>;

export type Make<T> = (step: BuildStep) => Promise<T>;

/** Makes the parts in order, in turns. */
export async function inTurns<Item, Made extends { text: string } | string>(
  items: readonly Item[],
  make: (item: Item, at: number) => Made,
  step: BuildStep,
): Promise<Made[]> {
  const parts: Made[] = [];
  let bytes = 0;
  for (const [at, item] of items.entries()) {
    await step(bytes);
    const part = make(item, at);
    bytes += Buffer.byteLength(typeof part === 'string' ? part : part.text);
    parts.push(part);
  }
  await step(bytes);
  return parts;
}

/** The steps of a build that nobody requested over HTTP: it lets other work run, and is always finished. */
export function unrequestedSteps(): BuildStep {
  let began = performance.now();
  return async () => {
    // Several parts may wait for the same turn.
    while (performance.now() - began >= responseLimits.buildTurnMs) {
      await nextTurn();
      began = performance.now();
    }
  };
}
