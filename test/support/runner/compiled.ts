import { fileURLToPath } from 'node:url';

/**
 * Compiled code of modules is kept between processes (Node's `NODE_COMPILE_CACHE`). The tests start some hundred servers and commands,
 * which all load the same; compiling it was nearly half of what a start takes of the processor. To be called by the configuration, whose
 * environment everything inherits.
 */
export function keepCompiled(): void {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../../node_modules/.compile-cache', import.meta.url));
}
