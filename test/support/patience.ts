import { vi } from 'vitest';

/**
 * For every test file: how long `vi.waitFor` waits where nothing else is said. Its own second is too short on a machine that is busy, and
 * a wait ends as soon as what it waits for is so.
 */
const patienceMs = 30_000;
const { waitFor } = vi;
const patient: typeof waitFor = (callback, options = patienceMs) =>
  waitFor(callback, typeof options === 'number' ? options : { timeout: patienceMs, ...options });
// Files that share a worker share this too.
if (waitFor.name !== patient.name) vi.waitFor = patient;
