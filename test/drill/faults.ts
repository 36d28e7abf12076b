import { diskFaults } from './disk-faults.ts';
import { processFaults } from './process-faults.ts';
import type { Fault } from './scene.ts';
import { storeFaults } from './store-faults.ts';

/** Every fault that can be rehearsed, in the order of the table in docs/guides/faults.md. */
export const faults: readonly Fault[] = [...storeFaults, ...diskFaults, ...processFaults];
