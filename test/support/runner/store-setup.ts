import { afterAll } from 'vitest';
import { endStores } from '../stores/store.ts';

/** For every test file that may run on a Redis or Valkey: those that its servers had end with it. */
afterAll(endStores);
