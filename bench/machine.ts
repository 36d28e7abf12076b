import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What the figures were measured on. Without it they say nothing. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  node: string;
  kernel: string;
  /** File descriptors one process may have (`ulimit -n`); nothing is raised. */
  openFiles: number;
  /** Over the last minute and before anything was measured: what else was at work. */
  load: string;
  /** File system of the journal, by its magic number where it has no name here. */
  fileSystem: string;
}

export function describeMachine(directory: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    node: process.version,
    kernel: `${type()} ${release()}`,
    load: loadavg()[0]?.toFixed(2) ?? '?',
    openFiles: openFilesLimit(),
    fileSystem: fileSystemOf(directory),
  };
}

/** The soft limit, as the kernel tells it; 1,024 where it cannot be asked. */
function openFilesLimit(): number {
  try {
    const line = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files\s+(\S+)/m)?.[1];
    return line === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(line ?? 1_024);
  } catch {
    return 1_024;
  }
}

/** See statfs(2). On a tmpfs a sync costs nothing, and the append figures are then no figures. */
const fileSystems: Record<number, string> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs (no disk: the append rates say nothing about one)',
  2035054128: 'overlayfs',
  801189825: 'zfs',
};

function fileSystemOf(directory: string): string {
  const magic = Number(statfsSync(directory).type);
  return fileSystems[magic] ?? `0x${magic.toString(16)}`;
}

/** CPU seconds, in user and kernel, over all threads of a process. */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid);
  // Fields 14 and 15 of proc_pid_stat(5), in ticks of a hundredth of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes of memory that a process holds. */
export function residentBytes(pid: number): number {
  const kib = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return Number(kib ?? Number.NaN) * 1024;
}

/** From the third on: the second, the name, may hold spaces. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
