import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { atOwnPort, behindNginx, inExpress, notBelowPath, testedPath } from './test/support/runner/below-path.ts';
import { keepCompiled } from './test/support/runner/compiled.ts';
import { longFiles } from './test/support/runner/long-files.ts';
import { LongFirst } from './test/support/runner/long-first.ts';
import { needs } from './test/support/runner/machine.ts';
import { notOnEachStore, onEachStore, promisesOnEachStore, slowPromises } from './test/support/runner/on-each-store.ts';
import type { FrontName } from './test/support/servers/front.ts';
import type { StoreKind } from './test/support/stores/store.ts';

keepCompiled();

/** Every test waits as patiently: what is promised within a time is asserted, and these are only for a test that hangs. */
const patient = {
  // Power cuts in a row, or all pages one after the other, take two minutes on a busy machine.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  setupFiles: ['test/support/runner/patience.ts'],
  expect: { poll: { timeout: 30_000 } },
  // Characters of a value in the message of a failure, which is all that the summary has.
  chaiConfig: { truncateThreshold: 300 },
} satisfies Test;

type Test = TestProjectInlineConfiguration['test'];

/** Measures how long people wait, so nothing else runs beside it. */
const alone = ['test/long/attack.test.ts', 'test/browser/desk/pictures/photo-on-slow-3g.test.ts'];

/** A project per kind of test, each in a folder or two: `npx vitest run --project server` runs one of them. */
const kinds = {
  unit: kind(['unit']),
  engine: kind(['engine']),
  model: kind(['model'], { isolate: true }),
  server: kind(['server']),
  // Measures the memory of its process.
  hostile: kind(['hostile'], { isolate: true }),
  browser: kind(['browser'], { globalSetup: 'test/support/runner/built.ts' }),
};

/** With `isolate: false` the files that one worker runs share their modules: they leave no state behind. */
function kind(folders: string[], settings: Test = {}): Test {
  const include = folders.map((folder) => `test/${folder}/**/*.test.ts`);
  return { ...patient, include, exclude: [...longFiles, ...alone], isolate: false, ...settings };
}

/** The package, packed and installed once for all of its tests. */
const packed: Test = { ...patient, include: ['test/package/**/*.test.ts'], globalSetup: 'test/support/runner/installed.ts' };

const long: Test = { ...patient, include: longFiles, globalSetup: 'test/support/runner/built.ts' };

/** Most of their time these tests wait for something to recover. */
const disasters: Test = { ...patient, include: ['test/long/*.test.ts'], exclude: alone };

/** Tests of servers on the embedded journal, unchanged, on another store. */
function on(store: StoreKind, include: string[]): Test {
  const program = store.startsWith('valkey') ? needs.valkey : needs.redis;
  return {
    ...patient,
    include: program.find() === undefined ? ['test/support/runner/missing-store.test.ts'] : include,
    exclude: Object.keys(notOnEachStore),
    env: { PRESSBOX_TEST_STORE: store },
    setupFiles: ['test/support/runner/store-setup.ts', ...patient.setupFiles],
    isolate: false,
  };
}

/** Existing tests, unchanged, of servers below a base path. */
function below(front: FrontName, include: string[], exclude: string[]): Test {
  return {
    ...patient,
    include: front === 'nginx' && needs.nginx.find() === undefined ? ['test/support/runner/missing-nginx.test.ts'] : include,
    exclude: [...exclude, ...Object.keys(notBelowPath), ...alone],
    env: { PRESSBOX_TEST_FRONT: front, PRESSBOX_TEST_BASE_PATH: testedPath },
    setupFiles: ['test/support/runner/below-path-setup.ts', ...patient.setupFiles],
    globalSetup: 'test/support/runner/built.ts',
    isolate: false,
  };
}

/** What is run together, by the `--mode` of vitest. Projects with one number run side by side, on so many workers. */
const modes: Record<string, Record<string, Test>> = {
  // Many tests wait for a disk, a socket or a deadline, so as many workers as processors would leave a small machine idle.
  test: every({ maxWorkers: 4 }, kinds),
  long: {
    ...every({ maxWorkers: 3, sequence: { groupOrder: 0 } }, { package: packed, long }),
    ...every({ maxWorkers: 2, sequence: { groupOrder: 1 } }, { disasters }),
    ...every({ fileParallelism: false, sequence: { groupOrder: 2 } }, { alone: { ...long, include: alone } }),
  },
  stores: every(
    { maxWorkers: 3 },
    { 'server on redis': on('redis', onEachStore), 'server on valkey': on('valkey', onEachStore) },
  ),
  'base-path': every(
    { maxWorkers: 3 },
    {
      'behind nginx': below('nginx', behindNginx, Object.keys(atOwnPort)),
      'in Express': below('express', inExpress, Object.keys(atOwnPort)),
      'at its own port': below('none', Object.keys(atOwnPort), []),
    },
  ),
  // Three servers and three Sentinels for each store.
  sentinel: every(
    { maxWorkers: 2 },
    {
      contract: { ...patient, include: ['test/engine/redis/sentinel-contract.test.ts'], env: { PRESSBOX_CONTRACT: 'whole' } },
      'server on redis-sentinel': on('redis-sentinel', onEachStore),
      'server on valkey-sentinel': on('valkey-sentinel', onEachStore),
    },
  ),
  promises: every(
    { maxWorkers: 3 },
    {
      long: { ...long, include: slowPromises },
      'server on redis': on('redis', promisesOnEachStore),
      'server on valkey': on('valkey', promisesOnEachStore),
    },
  ),
  container: {
    // The first of them builds the image.
    container: { ...patient, include: ['test/long/container/*.test.ts'], testTimeout: 120_000, hookTimeout: 540_000 },
  },
};

function every(settings: Test, projects: Record<string, Test>): Record<string, Test> {
  return Object.fromEntries(Object.entries(projects).map(([name, test]) => [name, { ...settings, ...test }]));
}

export default defineConfig(({ mode }) => {
  const projects = modes[mode];
  if (projects === undefined) throw new Error(`There is no mode ${mode}. The modes are ${Object.keys(modes).join(', ')}.`);
  return {
    test: {
      sequence: { sequencer: LongFirst },
      reporters: ['default', './test/support/runner/summary-reporter.ts'],
      projects: Object.entries(projects).map(([name, test]) => ({ test: { name, ...test } })),
    },
  };
});
