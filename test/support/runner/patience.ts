import { afterEach, beforeEach, type TestContext, vi } from 'vitest';

/**
 * Loaded into every test file: the default timeout of `vi.waitFor` and `vi.waitUntil`. Their own second is too short on a busy
 * machine, and a longer timeout costs nothing when the condition is met.
 */
const patienceMs = 30_000;
const { waitFor, waitUntil } = vi;
const withPatience = (options: Parameters<typeof waitFor>[1] = patienceMs) =>
  typeof options === 'number' ? options : { timeout: patienceMs, ...options };
const patient: typeof waitFor = (callback, options) => waitFor(callback, withPatience(options));
// Files that share a worker share this function too.
if (waitFor.name !== patient.name) {
  vi.waitFor = patient;
  vi.waitUntil = (callback, options) => waitUntil(callback, withPatience(options));
}

/** The test of each file that ran into its timeout. The next tests of that file fail at once: each would probably wait as long. */
const hung = new WeakMap<TestContext['task']['file'], string>();
beforeEach(({ task }) => {
  const name = hung.get(task.file);
  if (name !== undefined) throw new Error(`Not run, because '${name}' ran into its timeout.`);
});
afterEach(({ task }) => {
  if (task.result?.errors?.some(({ message }) => message.startsWith('Test timed out in'))) hung.set(task.file, task.name);
});
