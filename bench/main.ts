import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { describeMachine } from './machine.ts';
import { compare } from './peers/comparison.ts';
import { writeResults } from './peers/results/results-page.ts';
import { textTable } from './peers/results/table.ts';
import { subjects } from './peers/subjects.ts';
import { measureLists } from './pressbox/channel-lists.ts';
import { measureCatchUp, measureFanOut } from './pressbox/delivery.ts';
import { type Plan, type StoreKind, stores } from './pressbox/environment.ts';
import { measureRequests } from './pressbox/public-requests.ts';
import { type Figures, report } from './pressbox/report.ts';
import { measureChannels, measureCost, measureMemory, measureNodes } from './pressbox/shared-store.ts';
import { measureAuthors, measureEngine } from './pressbox/writes.ts';

/**
 * `npm run bench` measures this machine: progress on standard error, figures on standard output. It does not judge the figures.
 */

interface Options {
  full: boolean;
  json: boolean;
  readers?: string;
  only?: string;
  route?: string;
  figures?: string;
  against?: string;
  rounds?: string;
  endurance: string;
  lines?: string;
  results?: boolean;
  store: StoreKind;
  workers: string;
  directory?: string;
}

/** File descriptors that a process needs in addition to those of its readers. */
const otherFiles = 200;

/** The parts that measure Pressbox alone. */
const everywhere = ['authors', 'engine', 'fan-out', 'catch-up', 'requests', 'lists'];
const shared = ['cost', 'memory', 'channels', 'nodes'];

const options = new Command('bench')
  .description('Measures Pressbox on this machine, and compares it with other push servers.')
  .option('--route <text>', 'parts requests and lists: only routes or steps whose name contains this')
  .option('--full', 'measure every part, and each step for longer', false)
  .option('--readers <numbers>', 'numbers of readers, comma-separated; default: 1,1000,5000, or those of the goals')
  .option('--directory <path>', 'where to keep journals, on the disk to measure; default: the temporary directory')
  .addOption(new Option('--store <kind>', 'the store of the journal').choices(stores).default('embedded'))
  .option('--workers <number>', 'part authors: processes of the server; more than one needs a shared store', '1')
  .option(
    '--only <parts>',
    `parts to measure: ${['peers', ...everywhere, ...shared].join(', ')}; ${shared.join(', ')} need a shared store`,
  )
  .option('--figures <numbers>', 'part peers: rows of its table')
  .option('--against <names>', `part peers: servers to compare with, of: ${Object.keys(subjects).join(', ')}`)
  .option('--rounds <number>', 'part peers: number of rounds; default: 1, with --full 5')
  .option('--endurance <seconds>', 'part peers: how long memory is watched (row 13)', '1800')
  .option('--lines <file>', 'part peers: file for results as lines of JSON; lines that it already holds are included')
  .option('--results', 'write bench/RESULTS.md even if only some rows were measured')
  .option('--no-results', 'do not write bench/RESULTS.md')
  .option('--json', 'print the figures as JSON', false)
  .parse()
  .opts<Options>();

const isShared = options.store !== 'embedded';
const byDefault = isShared ? ['authors', 'engine', ...shared] : options.full ? ['peers', ...everywhere] : ['peers'];
const only = new Set(options.only?.split(',') ?? byDefault);
if (!isShared && shared.some((part) => only.has(part))) throw new Error(`${shared.join(', ')} need --store redis or valkey.`);
if (!isShared && options.workers !== '1') throw new Error('--workers needs --store redis or valkey.');
const began = Date.now();
const say = (line: string) => console.error(`[${((Date.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`);
const directory = await mkdtemp(join(options.directory === undefined ? tmpdir() : resolve(options.directory), 'pressbox-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
// Servers and load generators end when this process exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (only.delete('peers')) await compareServers();
if (only.size > 0) await measurePressbox();

/** Compares Pressbox with other servers. A run of all rows writes the results into the project. */
async function compareServers(): Promise<void> {
  const { figures, readers, against, full, rounds = full ? '5' : '1' } = options;
  const has = (list: string | undefined, value: string | number) => list === undefined || list.split(',').includes(String(value));
  const lines = options.lines === undefined ? join(directory, 'lines.jsonl') : resolve(options.lines);
  const compared = await compare({
    machine: describeMachine(directory),
    directory,
    command: ['npm run bench', ...commandLine()].join(' '),
    rounds: Number(rounds),
    seconds: full ? 4 : 2,
    enduranceSeconds: Number(options.endurance),
    lines,
    wanted: (goal) =>
      (figures === undefined ? full || goal.isLong !== true : has(figures, goal.row)) &&
      has(readers, goal.of.readers) &&
      has(against, goal.against?.subject ?? ''),
  });
  for (const remark of compared.remarks) console.log(`Note      ${remark}`);
  console.log(textTable(compared.rows));
  const isWhole = figures === undefined && readers === undefined && against === undefined;
  if (!(options.results ?? isWhole)) return;
  writeResults(lines);
  console.log('Wrote bench/RESULTS.md, bench/results.svg and bench/results.jsonl.');
}

/** The arguments of this run, without file paths. */
function commandLine(): string[] {
  const given = process.argv.slice(2);
  const files = ['--lines', '--directory'];
  const shown = given.filter((word, index) => !files.includes(word) && !files.includes(given[index - 1] ?? ''));
  return shown.length === 0 ? [] : ['--', ...shown];
}

/** Measures Pressbox alone. */
async function measurePressbox(): Promise<void> {
  const machine = describeMachine(directory);
  const { readers, remarks } = limitReaders(machine.openFiles, (options.readers ?? '1,1000,5000').split(',').map(Number));
  const plan: Plan = {
    store: options.store,
    workers: Number(options.workers),
    directory,
    forMs: options.full ? 20_000 : isShared ? 3_000 : 4_000,
    listsForMs: options.full ? 60_000 : 10_000,
    authors: [1, 10, 100],
    readers,
    postsPerSecond: 10,
    missed: [50, 500],
    catchUps: options.full ? 100 : 30,
    returning: { readers: Math.min(1_000, machine.openFiles - otherFiles), missed: 50 },
    crowds: 2,
    costReaders: [1, 100, 1_000].map((count) => Math.min(count, machine.openFiles - otherFiles)),
    channels: Math.min(1_000, machine.openFiles - otherFiles),
    say,
  };
  const figures: Figures = {
    machine,
    store: options.store,
    workers: Number(options.workers),
    remarks,
    authors: only.has('authors') ? await measureAuthors(plan) : [],
    engine: only.has('engine') ? await measureEngine(plan) : [],
    cost: only.has('cost') ? await measureCost(plan) : [],
    memory: only.has('memory') ? await measureMemory(plan) : [],
    channels: only.has('channels') ? await measureChannels(plan) : [],
    nodes: only.has('nodes') ? await measureNodes(plan) : [],
    fanOut: only.has('fan-out') ? await measureFanOut(plan) : [],
    lists: only.has('lists') ? await measureLists(plan, options.route) : [],
    catchUp: only.has('catch-up') ? await measureCatchUp(plan) : [],
    ...(only.has('requests') ? await measureRequests(plan, options.route) : { requests: [], floods: [], attacks: [] }),
  };
  say('done');
  console.log(options.json ? JSON.stringify(figures, null, 2) : `\n${report(figures)}`);
}

/** Lowers the numbers of readers to the limit of open files, because the server process has a socket for every reader. */
function limitReaders(openFiles: number, wanted: readonly number[]): { readers: number[]; remarks: string[] } {
  const most = openFiles - otherFiles;
  if (wanted.some((count) => !Number.isInteger(count) || count < 1)) throw new Error('--readers takes whole numbers from 1.');
  const remarks = wanted
    .filter((count) => count > most)
    .map((count) => `${count} readers need more open files than the limit of ${openFiles}: measured with ${most}`);
  return { readers: [...new Set(wanted.map((count) => Math.min(count, most)))], remarks };
}
