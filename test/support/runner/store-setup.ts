import { afterAll } from 'vitest';
import { endStores } from '../stores/store.ts';

/** Ends the Redis or Valkey servers of a test file. */
afterAll(endStores);
