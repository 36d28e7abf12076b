import { signToken } from '../../src/access/tokens.ts';
import { readConfig } from '../../src/config.ts';
import { type PressboxServer, startServer } from '../../src/server.ts';
import { answerCalls } from './worker.ts';

/**
 * A server that measures the cost of a request. It measures CPU time and not real time, so other load on the machine does not
 * count. Watching the main thread costs CPU time itself, so `cpuMs` and `stretchMs` are measured in separate runs.
 */

export interface Spent {
  /** CPU time of all threads. */
  cpuMs: number;
  /** The longest CPU time of the main thread between two turns of its event loop; 0 if it was not watched. */
  stretchMs: number;
}

let server: PressboxServer | undefined;
let isWatched = false;
let longestMs = 0;
let cpuBefore = process.cpuUsage();

answerCalls({
  async start({ env }: { env: Record<string, string> }) {
    await server?.close({ drainMs: 0 });
    server = await startServer(readConfig({ PRESSBOX_PORT: '0', PRESSBOX_LOG_LEVEL: 'error', ...env }));
    const token = await signToken(server.secret as Uint8Array, {
      sub: 'ada',
      name: 'Ada Byron',
      grants: { reader: [], author: [], editor: ['*'], admin: true },
      ttlSeconds: 3_600,
      now: Date.now(),
      jti: 'bench',
    });
    return { url: server.url, token };
  },
  async begin({ watch }: { watch: boolean }) {
    isWatched = watch;
    longestMs = 0;
    if (watch) setImmediate(turn, process.threadCpuUsage());
    cpuBefore = process.cpuUsage();
  },
  spent,
  end(): Spent {
    isWatched = false;
    return spent();
  },
});

function spent(): Spent {
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpuMs: (user + system) / 1_000, stretchMs: longestMs };
}

function turn(before: NodeJS.CpuUsage): void {
  if (!isWatched) return;
  const now = process.threadCpuUsage();
  longestMs = Math.max(longestMs, (now.user + now.system - before.user - before.system) / 1_000);
  setImmediate(turn, now);
}
