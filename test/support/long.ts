/**
 * Files that keep a processor busy for long, or wait for long, and say little of what most changes could break: `npm test`, which is to be
 * done within five minutes on two cores, leaves them to `npm run test:chaos`.
 * They stand in the order in which they are begun: those that take longest first.
 */
export const longFiles = [
  'test/flow/narrow-lines.test.ts',
  'test/flow/workers-silent.test.ts',
  'test/flow/redis-workers.test.ts',
  'test/flow/redis-workers-ends.test.ts',
  'test/hostile/pages.test.ts',
  'test/browser/firefox.test.ts',
  'test/contract/redis-erasure.test.ts',
  'test/contract/redis-mends.test.ts',
  'test/browser/accessibility.test.ts',
  'test/flow/handshakes.test.ts',
  'test/contract/redis-much-at-once.test.ts',
  'test/contract/redis-losses.test.ts',
  'test/contract/redis-replicas.test.ts',
  'test/contract/redis-settings.test.ts',
  'test/contract/redis-announcements.test.ts',
  'test/flow/cli-addresses.test.ts',
  'test/flow/slow-readers.test.ts',
  'test/browser/element-all-day.test.ts',
  'test/flow/catch-up-takedown.test.ts',
  'test/flow/docs-operating-stores.test.ts',
  'test/flow/event-source.test.ts',
  'test/browser/element-way-back.test.ts',
  'test/flow/power.test.ts',
  'test/flow/author-races.test.ts',
  'test/flow/redis-mending.test.ts',
  'test/flow/unjudged-sessions.test.ts',
  'test/flow/crash.test.ts',
  'test/browser/long-page.test.ts',
];
