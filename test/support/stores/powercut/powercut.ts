import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomFrom } from '../../samples/random.ts';
import { Disk, type Tree } from './record.ts';

/**
 * Cuts the power of a process. Killing it is not enough, because the kernel still writes what the process wrote before.
 *
 *     using power = watchPower(dir);
 *     const child = spawn(command, { env: { ...process.env, ...power.env } });
 *     …; child.kill('SIGKILL'); await exit;
 *     power.lose();                  // dir now contains only what was synced
 *     power.lose({ seed: 7 });       // or that and some of the rest
 */
export interface Power extends Disposable {
  /** For the process whose writes are watched, and its children. */
  readonly env: Record<string, string>;
  /**
   * Restores the directory to a state that a power cut may have left. Only call it when the process is dead. It can be repeated.
   */
  lose(options?: { seed?: number }): Disk['seen'];
  /**
   * Starts or stops failures. `full`: every write fails as on a full disk. `broken`: every sync fails as on a broken disk, of all
   * files or of one. `stuck`: syncs never end.
   */
  fail(how: 'full' | 'broken' | 'stuck', on: boolean, file?: string): void;
}

/** Why power cuts cannot be tested here. Undefined if they can. */
export function noPowercut(): string | undefined {
  if (process.platform !== 'linux') return 'LD_PRELOAD is of Linux';
  return compiler() === undefined ? 'there is no C compiler' : undefined;
}

function compiler(): string | undefined {
  return ['cc', 'gcc', 'clang'].find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

const kept = fileURLToPath(new URL('../../../../node_modules/.powercut', import.meta.url));

/** `directory` must exist. Watch the parent of a data directory to check that its creation is durable too. */
export function watchPower(directory: string): Power {
  const root = realpathSync(directory);
  const own = mkdtempSync(join(tmpdir(), 'pressbox-power-'));
  const [shim, log] = [compiledShim(), join(own, 'log')];
  const base = readTree(root);
  return {
    // libuv must not write past the C library.
    env: { LD_PRELOAD: shim, POWERCUT_DIR: root, POWERCUT_LOG: log, UV_USE_IO_URING: '0' },
    lose({ seed } = {}) {
      const disk = new Disk(root, base, existsSync(log) ? readFileSync(log) : new Uint8Array());
      for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
      writeTree(root, disk.afterPowerCut(seed === undefined ? undefined : randomFrom(seed)));
      return disk.seen;
    },
    fail(how, on, file = '') {
      if (on) writeFileSync(`${log}.${how}`, file);
      else rmSync(`${log}.${how}`, { force: true });
    },
    [Symbol.dispose]: () => rmSync(own, { recursive: true, force: true }),
  };
}

/** Kept between processes, one for each source and compiler command. */
function compiledShim(): string {
  const source = fileURLToPath(new URL('./shim.c', import.meta.url));
  const flags = ['-shared', '-fPIC', '-O1'];
  const text = readFileSync(source);
  const name = createHash('sha256').update(`${process.arch} ${flags} `).update(text).digest('hex').slice(0, 32);
  const shim = join(kept, `${name}.so`);
  if (existsSync(shim)) return shim;
  mkdirSync(kept, { recursive: true });
  // If two processes compile at once, each installs a complete file.
  const own = `${shim}.${process.pid}`;
  execFileSync(compiler() ?? 'cc', [...flags, '-o', own, source, '-lpthread']);
  renameSync(own, shim);
  return shim;
}

function readTree(directory: string): Tree {
  const names = readdirSync(directory).filter((name) => !name.endsWith('-shm'));
  return new Map(
    names.map((name) => {
      const path = join(directory, name);
      return [name, statSync(path).isDirectory() ? readTree(path) : readFileSync(path)];
    }),
  );
}

function writeTree(directory: string, tree: Tree): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, value] of tree) {
    if (value instanceof Map) writeTree(join(directory, name), value);
    else writeFileSync(join(directory, name), value);
  }
}
