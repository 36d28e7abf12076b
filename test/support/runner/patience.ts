import { vi } from 'vitest';

/**
 * For every test file: how long `vi.waitFor` and `vi.waitUntil` wait where nothing else is said. Their own second is too short on a machine that is busy, and
 * a wait ends as soon as what it waits for is so.
 */
const patienceMs = 30_000;
const { waitFor, waitUntil } = vi;
const withPatience = (options: Parameters<typeof waitFor>[1] = patienceMs) =>
  typeof options === 'number' ? options : { timeout: patienceMs, ...options };
const patient: typeof waitFor = (callback, options) => waitFor(callback, withPatience(options));
// Files that share a worker share this too.
if (waitFor.name !== patient.name) {
  vi.waitFor = patient;
  vi.waitUntil = (callback, options) => waitUntil(callback, withPatience(options));
}
