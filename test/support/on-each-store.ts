/** Tests of the embedded engine's servers that run on Redis and Valkey too, unchanged. */
export const onEachStore = ['test/flow/**/*.test.ts', 'test/property/whole.test.ts'];

/** Files that do not run on each store, with the reason. */
export const notOnEachStore = {
  'test/flow/docs-moving.test.ts': 'runs the commands of the page, some of which look into the data directory',
  'test/flow/docs-operating*.test.ts': 'have stores of their own, and say what is so on each',
  'test/flow/docs-proxies.test.ts': 'is about what stands before a server, of which no store knows',
  'test/flow/golden-directory.test.ts': 'opens the data directory of an earlier version',
  'test/flow/verify.test.ts': 'changes the data directory by hand; test/contract/redis-tampering.test.ts changes Redis',
  'test/flow/power.test.ts': 'takes the power from the data directory; test/chaos/power.test.ts takes it from Redis',
  'test/flow/readme.test.ts': 'runs the commands of the readme, which start a server on its data directory',
  'test/flow/bench.test.ts': 'has a server and a Redis of its own',
  'test/flow/handshakes.test.ts': 'is about how many are let in at one moment, of which no store knows',
  'test/flow/workers-*.test.ts': 'have servers of their own, on Redis',
  'test/flow/event-source.test.ts': 'is about how an EventSource is told to come back, of which no store knows',
  'test/flow/unjudged-sessions.test.ts': 'is about issuers of tokens that are away, of which no store knows',
  'test/flow/fallback.test.ts': 'is about ways through networks, of which no store knows',
  'test/flow/cli-addresses.test.ts': 'is about what answers at an address, of which no store knows',
  'test/flow/narrow-lines.test.ts': 'is about how long bytes take on their way, of which no store knows',
  'test/flow/client-storage.test.ts': 'is about what browsers and apps keep, of which no store knows',
  'test/flow/documents.test.ts': 'is about what the documents say, which is the same on each',
  'test/flow/demo.test.ts': 'tells a story by calls that the other files make on each',
  'test/flow/redis-*.test.ts': 'have servers of their own, on both',
};

/** Tests of what readers and authors are promised, for the check of ten minutes. */
export const promisesOnEachStore = [
  'test/flow/promises.test.ts',
  'test/flow/erasure.test.ts',
  'test/flow/catch-up-takedown.test.ts',
  'test/flow/catch-up.test.ts',
  'test/flow/crash.test.ts',
  'test/property/whole.test.ts',
];

/** The same of the long tests: takedown, power cuts and what a store loses. */
export const slowPromises = [
  'test/contract/redis-erasure.test.ts',
  'test/contract/redis-replicas.test.ts',
  'test/flow/catch-up-takedown.test.ts',
  'test/flow/power.test.ts',
  'test/flow/crash.test.ts',
  'test/contract/redis-damage.test.ts',
  'test/chaos/power.test.ts',
  'test/chaos/disk.test.ts',
];
