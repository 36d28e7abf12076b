import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { withTimeout } from '../../../src/journal/redis/connection/with-timeout.ts';

/** Answers, and signals when the answer is sent. Runs in its own thread, because the test blocks the main one. */
const answering = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) =>
    socket.on('data', (asked) =>
      socket.write(asked, () => {
        Atomics.store(workerData, 0, 1);
        Atomics.notify(workerData, 0);
      }),
    ),
  );
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('a wait with a timeout accepts an answer that arrived in time but is still unread because the process was blocked', async () => {
  const isAnswered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(answering, { eval: true, workerData: isAnswered });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = await once(worker, 'message');
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const answer = once(socket, 'data').then(([said]) => String(said));
  const limitMs = 5;
  const began = performance.now();
  const said = withTimeout(limitMs, answer);
  socket.write('Are you there?');
  expect(Atomics.wait(isAnswered, 0, 0, 10_000)).not.toBe('timed-out');
  while (performance.now() - began < 2 * limitMs);
  expect(await said).toBe('Are you there?');
});

it('a wait with a timeout returns the answer, true for an empty answer, and undefined after a timeout or a failure', async () => {
  expect(await withTimeout(10_000, Promise.resolve('an answer'))).toBe('an answer');
  expect(await withTimeout(10_000, Promise.resolve())).toBe(true);
  expect(await withTimeout(10_000, Promise.reject(new Error('no connection')))).toBeUndefined();
  expect(await withTimeout(1, new Promise(() => {}))).toBeUndefined();
});
