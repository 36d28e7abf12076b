import { signToken } from '../src/access/tokens.ts';
import { readConfig } from '../src/config.ts';
import { type PressboxServer, startServer } from '../src/server.ts';
import { answerCalls } from './worker.ts';

/**
 * A server that tells what a request costs it. CPU time is counted, not the clock, so that whatever else runs on the machine counts for
 * nothing. The watch on the main thread costs CPU time itself: look at one or at the other.
 */

export interface Spent {
  /** CPU time of all threads. */
  cpuMs: number;
  /** The longest that the main thread had no turn of its event loop for, as CPU time; 0 where it was not watched. */
  stretchMs: number;
}

let server: PressboxServer | undefined;
let isWatched = false;
let longestMs = 0;
let cpuBefore = process.cpuUsage();

answerCalls({
  async start({ env }: { env: Record<string, string> }) {
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
