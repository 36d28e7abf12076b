/** Tests of the embedded engine's servers that run on Redis and Valkey too, unchanged. */
export const onEachStore = ['test/server/**/*.test.ts', 'test/model/whole.test.ts'];

/** Files that do not run on each store, with the reason. */
export const notOnEachStore = {
  'test/server/docs/moving.test.ts': 'runs the commands of the page, some of which look into the data directory',
  'test/server/docs/operating*.test.ts': 'have stores of their own, and say what is so on each',
  'test/server/docs/proxies.test.ts': 'is about what stands before a server, of which no store knows',
  'test/server/transfers/golden-directory.test.ts': 'opens the data directory of an earlier version',
  'test/server/transfers/verify.test.ts': 'changes the data directory by hand; test/engine/redis/tampering.test.ts changes Redis',
  'test/server/promises/power.test.ts': 'takes the power from the data directory; test/long/power.test.ts takes it from Redis',
  'test/server/docs/readme.test.ts': 'runs the commands of the readme, which start a server on its data directory',
  'test/server/docs/bench.test.ts': 'has a server and a Redis of its own',
  'test/server/readers/admission-control.test.ts': 'is about how many are let in at one moment, of which no store knows',
  'test/server/readers/event-source.test.ts': 'is about how an EventSource is told to come back, of which no store knows',
  'test/server/access/unverified-sessions.test.ts': 'is about issuers of tokens that are away, of which no store knows',
  'test/server/readers/fallback.test.ts': 'is about ways through networks, of which no store knows',
  'test/server/command/addresses.test.ts': 'is about what answers at an address, of which no store knows',
  'test/server/readers/narrow-links.test.ts': 'is about how long bytes take on their way, of which no store knows',
  'test/server/readers/storage.test.ts': 'is about what browsers and apps keep, of which no store knows',
  'test/server/docs/documents.test.ts': 'is about what the documents say, which is the same on each',
  'test/server/command/demo.test.ts': 'tells a story by calls that the other files make on each',
  'test/server/nodes/*.test.ts': 'have servers of their own, on Redis and Valkey',
};

/** Tests of what readers and authors are promised, for the check of ten minutes. */
export const promisesOnEachStore = [
  'test/server/promises/promises.test.ts',
  'test/server/promises/erasure.test.ts',
  'test/server/readers/catch-up-takedown.test.ts',
  'test/server/readers/catch-up.test.ts',
  'test/server/promises/crash.test.ts',
  'test/model/whole.test.ts',
];

/** The same of the long tests: takedown, power cuts and what a store loses. */
export const slowPromises = [
  'test/engine/redis/erasure.test.ts',
  'test/engine/redis/replicas.test.ts',
  'test/server/readers/catch-up-takedown.test.ts',
  'test/server/promises/power.test.ts',
  'test/server/promises/crash.test.ts',
  'test/engine/redis/damage.test.ts',
  'test/long/power.test.ts',
  'test/long/disk.test.ts',
];
