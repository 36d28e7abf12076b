import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { describeMachine } from './machine.ts';
import { measureCatchUp, measureFanOut } from './measure.ts';
import { type Figures, report } from './report.ts';
import { measureChannels, measureCost, measureMemory, measureNodes } from './shared-store.ts';
import { type Plan, type StoreKind, stores } from './stage.ts';
import { measureAuthors, measureEngine } from './writing.ts';

/** `npm run bench`: what this machine gives. Progress on standard error, figures on standard output. Nothing is judged by it. */

interface Options {
  full: boolean;
  json: boolean;
  readers: string;
  only?: string;
  store: StoreKind;
  directory?: string;
}

/** Descriptors that a process needs beside its readers. */
const otherFiles = 200;

const everywhere = ['authors', 'engine', 'fan-out', 'catch-up'];
const shared = ['cost', 'memory', 'channels', 'nodes'];

const options = new Command('bench')
  .description('Measures publishing, pushing and catching up on this machine, in under two minutes.')
  .option('--full', 'measure each step for 20 s instead of 3 or 4', false)
  .option('--readers <numbers>', 'crowds to push to, comma-separated', '1,1000,5000')
  .option('--directory <path>', 'where to keep journals, on the disk to measure; default: among temporary files')
  .addOption(new Option('--store <kind>', 'what keeps the journal').choices(stores).default('embedded'))
  .option(
    '--only <parts>',
    `some of it: ${[...everywhere, ...shared].join(', ')}; ${shared.join(', ')} need a store that nodes share`,
  )
  .option('--json', 'print the figures as JSON', false)
  .parse()
  .opts<Options>();

const isShared = options.store !== 'embedded';
const only = new Set(options.only?.split(',') ?? (isShared ? ['authors', 'engine', ...shared] : everywhere));
if (!isShared && shared.some((part) => only.has(part))) throw new Error(`${shared.join(', ')} need --store redis or valkey.`);
const began = Date.now();
const say = (line: string) => console.error(`[${((Date.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`);
const directory = await mkdtemp(join(options.directory === undefined ? tmpdir() : resolve(options.directory), 'pressbox-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
// Servers and load generators end with this process, at its exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

await run();

async function run(): Promise<void> {
  const machine = describeMachine(directory);
  const { readers, remarks } = within(machine.openFiles, options.readers.split(',').map(Number));
  const plan: Plan = {
    store: options.store,
    directory,
    forMs: options.full ? 20_000 : isShared ? 3_000 : 4_000,
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
    remarks,
    authors: only.has('authors') ? await measureAuthors(plan) : [],
    engine: only.has('engine') ? await measureEngine(plan) : [],
    cost: only.has('cost') ? await measureCost(plan) : [],
    memory: only.has('memory') ? await measureMemory(plan) : [],
    channels: only.has('channels') ? await measureChannels(plan) : [],
    nodes: only.has('nodes') ? await measureNodes(plan) : [],
    fanOut: only.has('fan-out') ? await measureFanOut(plan) : [],
    catchUp: only.has('catch-up') ? await measureCatchUp(plan) : [],
  };
  say('done');
  console.log(options.json ? JSON.stringify(figures, null, 2) : `\n${report(figures)}`);
}

/** One process, the server, has a socket for every reader: crowds are cut to what it may open. */
function within(openFiles: number, wanted: readonly number[]): { readers: number[]; remarks: string[] } {
  const most = openFiles - otherFiles;
  if (wanted.some((count) => !Number.isInteger(count) || count < 1)) throw new Error('--readers takes whole numbers from 1.');
  const remarks = wanted
    .filter((count) => count > most)
    .map((count) => `${count} readers need more open files than the limit of ${openFiles} allows: measured with ${most}`);
  return { readers: [...new Set(wanted.map((count) => Math.min(count, most)))], remarks };
}
