import { it } from 'vitest';
import { needs } from './machine.ts';

// Replaces all tests of a store that this machine does not have.
const store = process.env.PRESSBOX_TEST_STORE === 'valkey' ? 'valkey' : 'redis';

it(`what readers and authors see on ${store}`, ({ skip }) => {
  skip(`the tests on ${store}: ${needs[store].advice}`);
});
