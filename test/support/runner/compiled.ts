import { fileURLToPath } from 'node:url';

/**
 * Shares compiled modules between processes (Node's `NODE_COMPILE_CACHE`). The tests start some hundred servers and commands that
 * load the same modules, and compiling was nearly half of the processor time of a start. The vitest configuration calls this,
 * because every process inherits its environment.
 */
export function keepCompiled(): void {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../../node_modules/.compile-cache', import.meta.url));
}
