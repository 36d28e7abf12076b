import { constants } from 'node:os';
import { readConfig } from './config.ts';
import { type Serving, serve } from './serve.ts';
import { reasonNotToStart } from './startup-errors.ts';

/** The server alone, as a service runs it: `node src/main.ts`. `pressbox serve` is the same with a word to the person who started it. */
let serving: Serving | undefined;
const asked = new Set<NodeJS.Signals>();
// From the beginning: a start may take a while, and the first process of a container ignores every signal that it does not listen for.
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

/** Lets readers leave. At once while it starts, for SIGHUP, and at the same signal again. */
function end(signal: NodeJS.Signals): void {
  if (serving === undefined || signal === 'SIGHUP' || asked.has(signal)) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Reached by the first process of a container alone.
    process.exit(128 + constants.signals[signal]);
  }
  asked.add(signal);
  serving.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
