import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needs } from '../support/runner/machine.ts';

/** Shifts the system clock of one process, and delays its disk (disturb.c). */
export interface Disturbance extends AsyncDisposable {
  /** For the process. */
  readonly env: Record<string, string>;
  set(disturbed: { aheadMs?: number; syncMs?: number }): void;
}

export async function openDisturbance(): Promise<Disturbance> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-disturb-'));
  const library = join(directory, 'disturb.so');
  const source = fileURLToPath(new URL('./disturb.c', import.meta.url));
  execFileSync(needs.compiler.find() ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, source]);
  const numbers = openSync(join(directory, 'numbers'), 'w');
  const set: Disturbance['set'] = ({ aheadMs = 0, syncMs = 0 }) => {
    writeSync(numbers, Buffer.from(BigInt64Array.of(BigInt(aheadMs), BigInt(syncMs)).buffer), 0, 16, 0);
  };
  set({});
  return {
    // libuv must not sync past the C library.
    env: { LD_PRELOAD: library, DISTURB: join(directory, 'numbers'), UV_USE_IO_URING: '0' },
    set,
    async [Symbol.asyncDispose]() {
      closeSync(numbers);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
