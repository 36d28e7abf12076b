/** Tests that run unchanged on the embedded journal, on Redis and on Valkey. */
export const onEachStore = ['test/server/**/*.test.ts', 'test/model/whole.test.ts'];

/** Files that do not run on each store, with the reason. */
export const notOnEachStore = {
  'test/server/docs/moving.test.ts': 'runs the commands of the page, some of which read the data directory',
  'test/server/docs/operating*.test.ts': 'start their own stores, and test each of them',
  'test/server/docs/default-user.test.ts': 'starts its own stores, and tests each of them',
  'test/server/docs/base-path.test.ts': 'tests proxies, which do not depend on the store',
  'test/server/docs/proxies.test.ts': 'tests proxies, which do not depend on the store',
  'test/server/transfers/golden-directory.test.ts': 'opens the data directory of an earlier version',
  'test/server/transfers/verify.test.ts': 'changes the data directory by hand; test/engine/redis/tampering.test.ts changes Redis',
  'test/server/promises/power.test.ts': 'cuts the power of the data directory; test/long/power.test.ts cuts the power of Redis',
  'test/server/docs/readme.test.ts': 'runs the commands of the readme, which start a server on a data directory',
  'test/server/docs/branding.test.ts': 'runs the commands of the page, which start a server on a data directory',
  'test/server/pages/brand.test.ts': 'tests the brand of pages, which does not depend on the store',
  'test/server/docs/bench.test.ts': 'starts its own server and Redis',
  'test/server/readers/admission-control.test.ts': 'tests the admission of connections, which does not depend on the store',
  'test/server/readers/event-source.test.ts': 'tests the reconnects of an EventSource, which do not depend on the store',
  'test/server/access/unverified-sessions.test.ts': 'tests unreachable token issuers, which do not depend on the store',
  'test/server/readers/fallback.test.ts': 'tests the choice of transports, which does not depend on the store',
  'test/server/command/addresses.test.ts': 'tests which process answers at an address, which does not depend on the store',
  'test/server/readers/narrow-links.test.ts': 'tests slow networks, which do not depend on the store',
  'test/server/readers/storage.test.ts': 'tests what browsers and apps store, which does not depend on the journal',
  'test/server/docs/documents.test.ts': 'tests the API documents, which are the same on each store',
  'test/server/command/demo.test.ts': 'uses only calls that other files test on each store',
  'test/server/authors/upload-latency.test.ts': 'tests the load of uploads, which are not in the store',
  'test/server/transfers/backup.test.ts': 'copies the embedded journal',
  'test/server/transfers/migrate.test.ts': 'starts its own servers on all stores',
  'test/server/http/measurements.test.ts':
    'measures the disk of the embedded journal; test/server/docs/dashboard.test.ts measures Redis',
  'test/server/http/attach.test.ts': 'attaches to another server, which does not depend on the store',
  'test/server/http/base-path.test.ts': 'tests addresses, which do not depend on the store',
  'test/server/docs/dashboard.test.ts': 'starts its own servers on both stores',
  'test/server/access/secret-rotation.test.ts': 'starts its own servers on both stores',
  'test/server/deploy/*.test.ts': 'start their own servers, or none',
  'test/server/nodes/*.test.ts': 'start their own servers on Redis and Valkey',
};

/** Tests of the promises to readers and authors. Every check runs them on each store. */
export const promisesOnEachStore = [
  'test/server/promises/promises.test.ts',
  'test/server/promises/erasure.test.ts',
  'test/server/readers/catch-up-takedown.test.ts',
  'test/server/readers/catch-up.test.ts',
  'test/server/promises/crash.test.ts',
  'test/model/whole.test.ts',
];

/** On Valkey, the nightly run has the last of them. What it asks of a store is in the contract of engines. */
export const promisesOnRedis = [...promisesOnEachStore, 'test/server/promises/media-claims.test.ts'];
