import { constants } from 'node:os';
import { readConfig } from './config.ts';
import { type Serving, serve } from './serve.ts';
import { reasonNotToStart } from './startup-errors.ts';

/** Runs the server as a service: `node src/main.ts`. `pressbox serve` does the same, and also prints where to find the server. */
let serving: Serving | undefined;
const received = new Set<NodeJS.Signals>();
// Listens to signals before the start, which may take a while: the first process of a container ignores signals without a
// listener.
process.on('SIGUSR2', () => void serving?.renew());
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
try {
  serving = await serve(readConfig(process.env));
  const { reason, code } = await serving.failed;
  console.error(reason);
  process.exit(code);
} catch (error) {
  const reason = reasonNotToStart(error);
  if (reason === undefined) throw error;
  console.error(reason);
  process.exit(1);
}

/**
 * Shuts down after readers have left. Ends the process at once during the start, for SIGHUP, and when the same signal arrives
 * again.
 */
function end(signal: NodeJS.Signals): void {
  if (serving === undefined || signal === 'SIGHUP' || received.has(signal)) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Only the first process of a container survives the signal.
    process.exit(128 + constants.signals[signal]);
  }
  received.add(signal);
  serving.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
