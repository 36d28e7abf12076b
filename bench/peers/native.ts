import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The two C programs. `sink` acts as the readers, publishes and measures time. `limit` is the floor of the comparison: the
 * smallest possible server. They are built at the first run, and again when a source is newer, into a folder that git ignores.
 */
export type Program = 'sink' | 'limit';

const folder = fileURLToPath(new URL('./build/', import.meta.url));

const sources = fileURLToPath(new URL('./native/', import.meta.url));

/** Builds a program if needed. Returns its path, or the reason why it cannot be built. */
export function buildProgram(program: Program): { path: string } | { missing: string } {
  const path = `${folder}${program}`;
  if (existsSync(path) && statSync(path).mtimeMs > newestSource()) return { path };
  const source = `${sources}${program}.c`;
  mkdirSync(folder, { recursive: true });
  const { error, status, stderr } = spawnSync('cc', ['-O2', '-Wall', '-o', path, source], { encoding: 'utf8' });
  if (error !== undefined) return { missing: 'no C compiler `cc`; on Debian: apt-get install gcc libc6-dev' };
  if (status !== 0) return { missing: `cc could not build ${program}.c: ${stderr.trim()}` };
  return { path };
}

function newestSource(): number {
  return Math.max(...readdirSync(sources).map((name) => statSync(`${sources}${name}`).mtimeMs));
}
