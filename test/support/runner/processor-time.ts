import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';

/**
 * Measures the processor time of each test file, with that of the servers and browsers that it started and that have ended: what
 * the time of a check is spent on. The summary of a run has it.
 */
let before = 0;
beforeAll(() => {
  before = usedSeconds();
});
// biome-ignore lint/correctness/noEmptyPattern: vitest requires a pattern before the second argument.
afterAll(({}, file) => {
  const used = usedSeconds() - before;
  if (used > 0) file.meta.cpuSeconds = Math.round(used * 100) / 100;
});

/** The clock ticks of proc(5) a second, which are the same on every Linux that Node.js runs on. */
const TICKS = 100;

/** utime, stime, cutime and cstime of this process. 0 where the system does not report them. */
function usedSeconds(): number {
  try {
    const [, rest = ''] = readFileSync('/proc/self/stat', 'utf8').split(') ');
    const ticks = rest.split(' ').slice(11, 15).map(Number);
    return ticks.reduce((sum, each) => sum + each, 0) / TICKS;
  } catch {
    return 0;
  }
}
