/** Loaded into a server of several processes: on SIGUSR2 a worker blocks for `HOLD_MS`, and prints a line when it continues. */
import cluster from 'node:cluster';

const never = new Int32Array(new SharedArrayBuffer(4));

function hold() {
  Atomics.wait(never, 0, 0, Number(process.env.HOLD_MS));
  process.stdout.write(`${JSON.stringify({ pid: process.pid, msg: 'was held up' })}\n`);
}

if (cluster.isWorker) process.on('SIGUSR2', hold);
