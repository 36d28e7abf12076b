import { afterAll } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { endStores, openBehindSentinel } from '../../support/stores/store.ts';
import { type ContractPart, describeEngine } from '../contract.ts';

/** The contract of engines on the master that Sentinel names. Every write waits for a replica. */

/** The nightly run tests all of it, and every check these parts. */
const few: ContractPart[] = ['writing', 'erasing', 'sessions'];
const only = process.env.PRESSBOX_CONTRACT === 'whole' ? undefined : few;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `${kind} behind Sentinel`, () => {
    afterAll(endStores);
    describeEngine(kind, (options = {}) => openBehindSentinel(`${kind}-sentinel`, options), { isShared: true, only });
  });
}
