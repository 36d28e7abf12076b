/**
 * Loaded into a server of several processes: a worker that gets SIGUSR2 is held up, with all that it has to do, for `HOLD_MS`, and prints a
 * line when it goes on.
 */
import cluster from 'node:cluster';

const never = new Int32Array(new SharedArrayBuffer(4));

function hold() {
  Atomics.wait(never, 0, 0, Number(process.env.HOLD_MS));
  process.stdout.write(`${JSON.stringify({ pid: process.pid, msg: 'was held up' })}\n`);
}

if (cluster.isWorker) process.on('SIGUSR2', hold);
