import { cpus } from 'node:os';
import { setTimeout } from 'node:timers/promises';

/** How many cores this machine is using, by a sample of half a second. For deadlines that need a machine with a core to spare. */
export async function busyCores(): Promise<number> {
  const before = usedMs();
  const from = performance.now();
  await setTimeout(500);
  return (usedMs() - before) / (performance.now() - from);
}

/** The time that all cores together have worked since the machine started. */
function usedMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
