import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { Counter, Gauge, type Registry } from 'prom-client';
import { descriptorLimit } from '../http/connections.ts';
import { eventLoopLag } from './event-loop-lag.ts';
import { cutInLines, droppedLines } from './log.ts';

/**
 * The metrics of any process, also of the primary, which serves no clients. What every process has, and other programs export
 * too, has the name that Prometheus' client libraries give it. With several processes the values are those of the process that is
 * worst off, except counters, which are summed.
 */
export function addProcess(registry: Registry): void {
  const registers = [registry];
  addBuild(registry);
  addCpu(registry);
  addDescriptors(registry);
  addEventLoop(registry);
  new Gauge({
    name: 'pressbox_resident_memory_bytes',
    help: 'Resident memory of all processes of the server.',
    registers,
    collect() {
      try {
        this.set(process.memoryUsage.rss());
      } catch {
        // Reads a file, which fails if no more files can be opened. The gauge then keeps its last value.
      }
    },
  });
  new Gauge({
    name: 'pressbox_memory_limit_bytes',
    help: 'Memory that all processes of the server may use together: the limit of their container or unit, or the memory of the machine.',
    aggregator: 'min',
    registers,
  }).set(memoryLimit());
  new Counter({
    name: 'pressbox_log_lines_dropped_total',
    help: 'Log lines dropped because the log could not be written.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLines());
    },
  });
  new Counter({
    name: 'pressbox_log_cuts_total',
    help: 'Texts and lists cut in log lines because they were too long.',
    registers,
    collect() {
      this.reset();
      this.inc(cutInLines());
    },
  });
}

/** `constrained`: the limit of the control group, 0 if unknown, and more than the machine has if there is none. */
export function memoryLimit(constrained = process.constrainedMemory(), machine = totalmem()): number {
  return constrained > 0 ? Math.min(constrained, machine) : machine;
}

function addBuild(registry: Registry): void {
  const { version } = createRequire(import.meta.url)('pressbox/package.json') as { version: string };
  new Gauge({
    name: 'pressbox_build_info',
    help: '1, with the versions of Pressbox and of Node.',
    labelNames: ['version', 'node'],
    aggregator: 'max',
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970; of several processes the first.',
    aggregator: 'min',
    registers: [registry],
  }).set((Date.now() - performance.now()) / 1_000);
}

function addCpu(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time of all processes of the server.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}

function addDescriptors(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors; of several processes the most. 0 where they cannot be counted.',
    aggregator: 'max',
    registers,
    collect() {
      const open = openDescriptors();
      if (open !== undefined) this.set(open);
    },
  });
  // Read now and not at a scrape: the report that has it waits for the threads of the journal, whose disk may hang.
  new Gauge({
    name: 'process_max_fds',
    help: 'File descriptors that the process may open; of several processes the fewest. 0 without a limit.',
    aggregator: 'min',
    registers,
  }).set(descriptorLimit() ?? 0);
}

/** Undefined if they cannot be counted: not on Linux, or no descriptor is left and the kernel is older than 6.2. */
function openDescriptors(): number | undefined {
  try {
    // Newer kernels tell the number without a list of all, which takes long for thousands of connections.
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

const lags = [
  { part: 'p50', key: 'median', which: 'Median' },
  { part: 'p99', key: 'p99', which: '99th percentile' },
  { part: 'max', key: 'most', which: 'Maximum' },
] as const;

function addEventLoop(registry: Registry): void {
  for (const { part, key, which } of lags)
    new Gauge({
      name: `nodejs_eventloop_lag_${part}_seconds`,
      help: `${which} of how late the event loop was in the last 15 to 30 seconds; of several processes the worst.`,
      aggregator: 'max',
      registers: [registry],
      collect() {
        this.set(eventLoopLag()[key]);
      },
    });
}
