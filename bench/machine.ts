import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** The machine on which the benchmark runs. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  node: string;
  kernel: string;
  /** File descriptors that a process may open (`ulimit -n`). The benchmark does not raise the limit. */
  openFiles: number;
  /** Load average of the minute before the first measurement. */
  load: string;
  /** File system of the journal, or its magic number if the name is unknown here. */
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

/** The soft limit from the kernel, or 1,024 if it cannot be read. */
function openFilesLimit(): number {
  try {
    const line = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files\s+(\S+)/m)?.[1];
    return line === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(line ?? 1_024);
  } catch {
    return 1_024;
  }
}

/** File systems by their magic number in statfs(2). On a tmpfs a sync costs nothing, so append rates mean nothing. */
const fileSystems: Record<number, string> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs (no disk: append rates say nothing about a disk)',
  2035054128: 'overlayfs',
  801189825: 'zfs',
};

function fileSystemOf(directory: string): string {
  const magic = Number(statfsSync(directory).type);
  return fileSystems[magic] ?? `0x${magic.toString(16)}`;
}

/** User and kernel CPU seconds of all threads of a process. */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid);
  // Fields 14 and 15 of proc_pid_stat(5), in ticks of a hundredth of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  const kib = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m)?.[1];
  return Number(kib ?? Number.NaN) * 1024;
}

/** Fields from the third on. The second is the name, which may contain spaces. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
