// Prepares and checks a release. Publishes nothing.
//
//   npm run release -- prepare 0.2.0   sets the version, and dates the section of the changelog
//   npm run release                    checks everything, and writes what is published to release/
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nightlyParts } from '../test/support/runner/nightly-parts.ts';
import { faultsOf, resultsFolder, type TestResult } from './run-tests.ts';
import { billOfMaterials, bundledPackages, readLockfile } from './sbom.ts';

/** Files whose versions must be the same. */
const versioned = ['package.json', 'package-lock.json', 'deploy/kubernetes/kustomization.yaml'] as const;
const semver = /^\d+\.\d+\.\d+(?:-[0-9a-z.-]+)?$/;

/** The changelog after a release: what was not released yet becomes a section with version and date. Throws if that is nothing. */
export function releasedChangelog(changelog: string, version: string, date: string): string {
  const unreleased = sectionsOf(changelog).get('[Unreleased]');
  if (unreleased === undefined || unreleased === '') throw new Error('CHANGELOG.md: [Unreleased] is empty.');
  return changelog.replace(/^## \[Unreleased\]$/m, `## [Unreleased]\n\n## [${version}] - ${date}`);
}

/** What is wrong with the changelog for a release of this version on this day, as sentences. */
export function changelogFaults(changelog: string, version: string, today: string): string[] {
  const sections = sectionsOf(changelog);
  const [[first] = [''], [second, notes = ''] = ['']] = [...sections];
  const faults: string[] = [];
  if (first !== '[Unreleased]') faults.push('CHANGELOG.md: the first section must be [Unreleased].');
  else if (sections.get(first) !== '') faults.push('CHANGELOG.md: [Unreleased] has changes. Prepare a release of them.');
  const [, named, date = ''] = /^\[(.+)\] - (\d{4}-\d{2}-\d{2})$/.exec(second ?? '') ?? [];
  if (named !== version) faults.push(`CHANGELOG.md: the second section must be [${version}] with its date.`);
  else if (Number.isNaN(Date.parse(date)) || date > today) faults.push(`CHANGELOG.md: ${date} is no day until today.`);
  else if (notes === '') faults.push(`CHANGELOG.md: [${version}] is empty.`);
  return faults;
}

/** The text of a version in the changelog. */
export function notesOf(changelog: string, version: string): string {
  return [...sectionsOf(changelog)].find(([heading]) => heading.startsWith(`[${version}]`))?.[1] ?? '';
}

/** Sections by their headings, in order. */
function sectionsOf(changelog: string): Map<string, string> {
  const [, ...parts] = changelog.split(/^## /m);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end).trim()];
    }),
  );
}

/** Files without which the package does not work. */
const wanted = [
  'package.json',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'bin/pressbox.mjs',
  'bin/server.mjs',
  'dist/src/main.js',
  'dist/src/server-package.d.ts',
  'dist/src/server-package.js',
  'dist/client/bundle.js',
  'dist/client/lib/index.d.ts',
  'dist/client/lib/index.js',
  'dist/web/manifest.json',
  'docs/README.md',
  'deploy/README.md',
];
/** Sources that Node.js does not run below node_modules, tests, and what may be secret. */
const unwanted = [/(?<!\.d)\.ts$/, /^test\//, /\.test\./, /\.map$/, /(?:^|\/)\.env/, /token-secret/, /^data\//, /\.tgz$/];

/** What is wrong with the files of a tarball, as sentences. */
export function tarballFaults(paths: readonly string[]): string[] {
  return [
    ...wanted.filter((path) => !paths.includes(path)).map((path) => `The tarball lacks ${path}.`),
    ...paths.filter((path) => unwanted.some((kind) => kind.test(path))).map((path) => `The tarball must not have ${path}.`),
  ];
}

/** What is wrong with the results of the nightly parts for a release of this commit, as sentences. */
export function testFaults(results: ReadonlyMap<string, TestResult>, commit: string): string[] {
  return Object.keys(nightlyParts).flatMap((part) => {
    const run = `Run npm run test:nightly -- --part ${part}.`;
    const result = results.get(part);
    if (result === undefined) return [`The part ${part} of the tests did not run. ${run}`];
    if (result.commit !== commit) return [`The part ${part} of the tests ran on ${result.commit}, and this is ${commit}. ${run}`];
    return faultsOf(result, true).map((fault) => `${part}: ${fault}`);
  });
}

/** The files that every figure of the benchmark depends on. */
const measured = ['src', 'client/lib', 'package-lock.json'];

/**
 * What is wrong with the benchmark for a release, as sentences. `commits`: what it measured. `changedSince`: the paths among
 * `measured` that the release has changed since.
 */
export function benchmarkFaults(commits: readonly string[], changedSince: (commit: string) => readonly string[]): string[] {
  if (commits.length === 0) return ['bench/results.jsonl names no commit. Run npm run bench.'];
  return commits.flatMap((commit) => {
    const [first, ...others] = changedSince(commit);
    if (first === undefined) return [];
    const rest = others.length === 0 ? '' : ` and ${others.length} others`;
    return [`bench/RESULTS.md is of ${commit}, before changes of ${first}${rest}. Run npm run bench.`];
  });
}

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path: string) => join(root, path);
const read = (path: string) => readFileSync(at(path), 'utf8');
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const today = () => new Date().toISOString().slice(0, 10);

/** Results of the nightly parts that ran here, by name. */
function readResults(): Map<string, TestResult> {
  const names = Object.keys(nightlyParts).filter((part) => existsSync(at(`${resultsFolder}/${part}.json`)));
  return new Map(names.map((part) => [part, JSON.parse(read(`${resultsFolder}/${part}.json`)) as TestResult]));
}

function measuredCommits(): string[] {
  const lines = read('bench/results.jsonl').trim().split('\n');
  const runs = lines.map((line) => (JSON.parse(line) as { run?: { versions: { Pressbox?: string } } }).run?.versions.Pressbox);
  return [...new Set(runs.filter((commit) => commit !== undefined))];
}

function changedSince(commit: string): string[] {
  return git('diff', '--name-only', commit, 'HEAD', '--', ...measured)
    .split('\n')
    .filter((path) => path !== '');
}

function versionIn(path: (typeof versioned)[number]): string | undefined {
  if (path.endsWith('.yaml')) return /newTag: (\S+)/.exec(read(path))?.[1];
  return (JSON.parse(read(path)) as { version: string }).version;
}

function prepare(version: string): void {
  for (const path of versioned) {
    if (path.endsWith('.yaml')) writeFileSync(at(path), read(path).replace(/(newTag: )\S+/, `$1${version}`));
    else {
      const about = JSON.parse(read(path)) as { version: string; packages?: Record<string, { version: string }> };
      about.version = version;
      const [own] = Object.values(about.packages ?? {});
      if (own !== undefined) own.version = version;
      writeFileSync(at(path), `${JSON.stringify(about, null, 2)}\n`);
    }
  }
  writeFileSync(at('CHANGELOG.md'), releasedChangelog(read('CHANGELOG.md'), version, today()));
  console.log(`Set the version to ${version}. Next:
  git commit --all --message "Release ${version}"
  npm run test:nightly && npm run release`);
}

async function check(): Promise<string[]> {
  const version = versionIn('package.json') ?? '';
  const commit = git('rev-parse', 'HEAD');
  const tag = `v${version}`;
  const faults: string[] = [];
  if (!semver.test(version)) faults.push(`package.json: ${version} is no version.`);
  for (const path of versioned) {
    if (versionIn(path) !== version) faults.push(`${path}: the version is ${versionIn(path)}, and not ${version}.`);
  }
  const changed = git('status', '--porcelain');
  if (changed !== '') faults.push(`The tree has changes that are not committed:\n${changed}`);
  const tagged = git('tag', '--list', tag) === '' ? undefined : git('rev-parse', `${tag}^{commit}`);
  if (tagged !== undefined && tagged !== commit) faults.push(`The tag ${tag} is on another commit, ${tagged}.`);
  faults.push(...changelogFaults(read('CHANGELOG.md'), version, today()));
  const results = readResults();
  faults.push(...testFaults(results, commit));
  for (const [part, { flaky }] of results) for (const test of flaky) console.log(`flaky in ${part}: ${test}`);
  faults.push(...benchmarkFaults(measuredCommits(), changedSince));

  rmSync(at('release'), { recursive: true, force: true });
  mkdirSync(at('release'));
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', 'release'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  // Scripts of the package print before the answer of npm.
  const [{ filename, files }] = JSON.parse(packed.slice(packed.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  faults.push(...tarballFaults(files.map(({ path }) => path)));

  const lockfile = await readLockfile(root);
  const bom = billOfMaterials(lockfile, await bundledPackages(root));
  const listed = new Set(bom.components.map(({ name }) => name));
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: object };
  faults.push(
    ...Object.keys(dependencies)
      .filter((name) => !listed.has(name))
      .map((name) => `The bill of materials lacks ${name}.`),
  );
  const bomFile = `${lockfile.name}-${version}.cdx.json`;
  writeFileSync(at(`release/${bomFile}`), `${JSON.stringify(bom, null, 2)}\n`);
  writeFileSync(at('release/NOTES.md'), `${notesOf(read('CHANGELOG.md'), version)}\n`);
  const sums = [filename, bomFile].map((name) => {
    const sum = createHash('sha256')
      .update(readFileSync(at(`release/${name}`)))
      .digest('hex');
    return `${sum}  ${name}\n`;
  });
  writeFileSync(at('release/SHA256SUMS'), sums.join(''));
  if (faults.length > 0) return faults;
  console.log(`Release ${version} is ready in release/: ${filename} with ${files.length} files, ${bomFile} with ${listed.size} packages, notes and checksums.
To publish it:
${tagged === undefined ? `  git tag --annotate ${tag} --message "Release ${version}" && git push origin ${tag}\n` : ''}  npm publish release/${filename}`);
  return [];
}

if (import.meta.main) {
  const [command, version = ''] = process.argv.slice(2);
  if (command === 'prepare' && semver.test(version)) prepare(version);
  else if (command !== undefined) {
    console.error('Usage: npm run release [-- prepare VERSION]');
    process.exitCode = 2;
  } else {
    const faults = await check();
    for (const fault of faults) console.error(`release: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
}
