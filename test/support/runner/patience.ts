import { vi } from 'vitest';

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
