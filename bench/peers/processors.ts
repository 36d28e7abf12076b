import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { cpuSeconds, residentBytes } from '../machine.ts';

/**
 * The server that is measured has a processor for itself; the sink, the stores, whoever publishes and this program share another one. So
 * what the load costs is not taken from the server, and what the server costs is told by the kernel.
 */
const serverProcessor = 0;
const loadProcessor = 1;

/** Undefined where processes cannot be kept to processors; the reason is then told. */
export function whyNotApart(): string | undefined {
  if (availableParallelism() < 2) return 'this process may use one processor only: server and load share it';
  if (spawnSync('taskset', ['--version']).error !== undefined)
    return 'there is no taskset (util-linux): server and load share all processors';
  return undefined;
}

/** All that is started from now on is load, until it is made a server. */
export function keepLoadApart(): void {
  keepTo(process.pid, loadProcessor);
}

/** Every process of a server, and every thread. */
export function giveProcessor(pids: readonly number[]): void {
  for (const pid of pids) keepTo(pid, serverProcessor);
}

function keepTo(pid: number, processor: number): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-p', '-c', String(processor), String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset: ${stderr.trim()}`);
}

/** A process and its children. */
export function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
}

/** Seconds that the server's processor was busy with anything since the start of the machine: proc_stat(5). */
export function busySeconds(): number {
  const line = readFileSync('/proc/stat', 'utf8').match(new RegExp(`^cpu${serverProcessor} (.*)`, 'm'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq) / 100;
}
