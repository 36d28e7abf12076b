import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { cpuSeconds, residentBytes } from '../machine.ts';

/**
 * The measured server has one core for itself. The sink, the stores, the publisher and this program share another. The load
 * therefore takes no CPU from the server, and the kernel accounts for each separately.
 */
const serverProcessor = 0;
const loadProcessor = 1;

/** Why processes cannot be pinned to cores here; undefined if they can. */
export function whyNotPinned(): string | undefined {
  if (availableParallelism() < 2) return 'only one core is available, so server and load share it';
  if (spawnSync('taskset', ['--version']).error !== undefined)
    return 'taskset (util-linux) is not installed, so server and load share all cores';
  return undefined;
}

/** Pins this process, and what it starts from now on, to the core of the load. */
export function pinLoad(): void {
  pinTo(process.pid, loadProcessor);
}

/** Pins all threads of a server's processes to the core of the server. */
export function pinServer(pids: readonly number[]): void {
  for (const pid of pids) pinTo(pid, serverProcessor);
}

function pinTo(pid: number, processor: number): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', String(processor), String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset: ${stderr.trim()}`);
}

/** A process and its descendants. */
export function processTree(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(processTree)];
}

export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
}

/** Seconds that the server's core was busy since boot: proc_stat(5). */
export function busySeconds(): number {
  const line = readFileSync('/proc/stat', 'utf8').match(new RegExp(`^cpu${serverProcessor} (.*)`, 'm'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq) / 100;
}
