import type { TestProjectInlineConfiguration } from 'vitest/config';
import type { FrontName } from '../servers/front.ts';
import type { StoreKind } from '../stores/store.ts';
import { atOwnPort, behindNginx, fewBelowPath, inExpress, notBelowPath, testedPath } from './below-path.ts';
import { needs } from './machine.ts';
import { notOnEachStore, onEachStore, promisesOnEachStore, promisesOnRedis } from './on-each-store.ts';
import { fullFiles, nightlyFiles } from './tiers.ts';

/** A project of vitest: some files, and how they run. */
export type Project = NonNullable<TestProjectInlineConfiguration['test']>;

/** Every test waits as patiently: what is promised within a time is asserted, and these are only for a test that hangs. */
const patient = {
  // Power cuts in a row, or all pages one after the other, take two minutes on a busy machine.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  setupFiles: ['test/support/runner/processor-time.ts', 'test/support/runner/patience.ts'],
  expect: { poll: { timeout: 30_000 } },
  // Characters of a value in the message of a failure, which is all that the summary has.
  chaiConfig: { truncateThreshold: 300 },
} satisfies Project;

const built = 'test/support/runner/built.ts';

/** Measure how long people wait, so nothing else runs beside them. */
const alone = ['test/long/attack.test.ts', 'test/browser/desk/pictures/photo-on-slow-3g.test.ts'];

/** `describeWith.nightly` of `needs.ts` reads it. */
const atNight = { PRESSBOX_TEST_NIGHTLY: 'yes' };

/** Files of a kind of test, which has a folder. */
function kind(folder: string, settings: Project = {}): Project {
  return { ...patient, include: [`test/${folder}/**/*.test.ts`], exclude: alone, ...settings };
}

const kinds = {
  unit: kind('unit'),
  engine: kind('engine'),
  model: kind('model'),
  server: kind('server'),
  hostile: kind('hostile'),
  browser: kind('browser', { globalSetup: built }),
};

/** With `isolate: false` the files that one worker runs share their modules: they leave no state behind. */
function quick(name: string, project: Project): Project {
  // The files of `hostile` measure the memory of their process.
  const isolate = name === 'model' || name === 'hostile';
  return { ...project, exclude: [...alone, ...fullFiles, ...Object.keys(nightlyFiles)], isolate };
}

/** The package, packed and installed once for all of its tests. */
const packed = kind('package', { globalSetup: 'test/support/runner/installed.ts' });

/** Most of their time these tests wait for something to recover. */
const disasters: Project = { ...patient, include: ['test/long/*.test.ts'], exclude: alone };

const container: Project = {
  ...patient,
  include: ['test/long/container/*.test.ts'],
  testTimeout: 120_000,
  // The first of them builds the image.
  hookTimeout: 540_000,
};

/** Tests of servers on the embedded journal, unchanged, on another store. */
function on(store: StoreKind, include: string[]): Project {
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
function below(front: FrontName, include: string[], exclude: string[] = []): Project {
  return {
    ...patient,
    include: front === 'nginx' && needs.nginx.find() === undefined ? ['test/support/runner/missing-nginx.test.ts'] : include,
    exclude: [...exclude, ...Object.keys(notBelowPath), ...alone],
    env: { PRESSBOX_TEST_FRONT: front, PRESSBOX_TEST_BASE_PATH: testedPath },
    setupFiles: ['test/support/runner/below-path-setup.ts', ...patient.setupFiles],
    globalSetup: built,
    isolate: false,
  };
}

/** Projects with one number run side by side, on so many workers. */
function every(settings: Project, projects: Record<string, Project>): Record<string, Project> {
  return Object.fromEntries(Object.entries(projects).map(([name, project]) => [name, { ...settings, ...project }]));
}

function aloneAtTheEnd(exclude: readonly string[] = []): Record<string, Project> {
  const project = { ...patient, include: alone, exclude: [...exclude], globalSetup: built };
  return { alone: { ...project, fileParallelism: false, sequence: { groupOrder: 1 } } };
}

/** They find more the longer they go on. */
const randomRuns = [
  'test/browser/desk/runs/*.test.ts',
  'test/browser/desk/outbox/outbox-runs.test.ts',
  'test/browser/**/*-at-length.test.ts',
];
const desk = 'test/browser/desk/**/*.test.ts';
const { browser, ...others } = kinds;

/** What runs together, by the `--mode` of vitest. */
export const modes = {
  /** `npm test`. Many tests wait for a disk, a socket or a deadline: as many workers as processors would leave a small machine idle. */
  test: every(
    { maxWorkers: 4 },
    Object.fromEntries(Object.entries(kinds).map(([name, project]) => [name, quick(name, project)])),
  ),
  /** What `.ci/run` runs after `npm test`. */
  full: {
    ...every(
      { maxWorkers: 4, sequence: { groupOrder: 0 } },
      {
        full: { ...patient, include: [...fullFiles], globalSetup: built },
        package: packed,
        container,
        'server on redis': on('redis', promisesOnRedis),
        'server on valkey': on('valkey', promisesOnEachStore),
        'behind nginx': below('nginx', fewBelowPath.nginx),
        'in Express': below('express', fewBelowPath.express),
      },
    ),
    ...aloneAtTheEnd(Object.keys(nightlyFiles)),
  },
  /** Everything, in the parts of `nightlyParts`. */
  nightly: {
    ...every(
      { maxWorkers: 3, sequence: { groupOrder: 0 } },
      {
        ...every(
          { env: atNight },
          {
            ...others,
            desk: { ...browser, include: [desk], exclude: [...alone, ...randomRuns] },
            page: { ...browser, exclude: [...alone, desk, ...randomRuns] },
            'random runs': { ...browser, include: randomRuns },
          },
        ),
        package: packed,
        container,
        disasters,
        'server on redis': on('redis', onEachStore),
        'server on valkey': on('valkey', onEachStore),
        'behind nginx': below('nginx', behindNginx, Object.keys(atOwnPort)),
        'in Express': below('express', inExpress, Object.keys(atOwnPort)),
        'at its own port': below('none', Object.keys(atOwnPort)),
        // Three servers and three Sentinels for each store.
        'contract behind Sentinel': {
          ...patient,
          include: ['test/engine/redis/sentinel-contract.test.ts'],
          env: { PRESSBOX_CONTRACT: 'whole' },
        },
        'server on redis-sentinel': on('redis-sentinel', onEachStore),
        'server on valkey-sentinel': on('valkey-sentinel', onEachStore),
      },
    ),
    ...aloneAtTheEnd(),
  },
} as const satisfies Record<string, Record<string, Project>>;
