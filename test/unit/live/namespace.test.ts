import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { AdmissionControl } from '../../../src/live/admission-control.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { Namespace, type NamespaceContext } from '../../../src/live/socket/namespace.ts';
import { type SocketConnection, SocketEngine } from '../../../src/live/socket/socket-engine.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

/** Connects a client to a namespace that checks credentials with `authenticate`. */
async function connect(authenticate: NamespaceContext['authenticate']) {
  const http = createServer();
  // The first ping is later than the end of the test.
  const engine = new SocketEngine({ random: () => 0 });
  const onFailed = vi.fn();
  const onJoined = vi.fn(() => ({ onMessage: () => {}, close: () => {} }));
  const namespace = new Namespace({
    admission: new AdmissionControl({ random: Math.random, metrics: createMetrics() }),
    addressOf: () => '192.0.2.1',
    authenticate,
    onJoined,
    onFailed,
    onUnanswered: () => {},
  });
  const closed = new Promise<void>((resolve) =>
    engine.on('connection', (connection: SocketConnection) => {
      namespace.accept(connection);
      connection.on('close', () => resolve());
    }),
  );
  http.on('upgrade', (request, socket, head) => engine.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=websocket`);
  onTestFinished(() => {
    client.terminate();
    engine.close();
    http.close();
  });
  await once(client, 'message');
  return { client, closed, onFailed, onJoined };
}

/** What a client receives when it joins and the check of its credentials ends this way. */
async function join(authenticate: NamespaceContext['authenticate']) {
  const { client, onFailed, onJoined } = await connect(authenticate);
  client.send('40');
  const [said] = await once(client, 'message');
  return { said: String(said), onFailed, onJoined };
}

it('the namespace does not log a refusal', async () => {
  const { said, onFailed, onJoined } = await join(() => Promise.reject(new Refusal('token-invalid')));
  expect(said).toMatch(/^44\{.*"token-invalid"/);
  expect([onFailed.mock.calls, onJoined.mock.calls]).toEqual([[], []]);
});

it('the namespace logs any other error, and tells the client only when to retry', async () => {
  const thrown = new Error('thrown in the test');
  const { said, onFailed, onJoined } = await join(() => Promise.reject(thrown));
  expect(said).toMatch(/^44\{.*"internal-error".*"retryAfter":1/);
  expect(said).not.toContain('thrown');
  expect([onFailed.mock.calls, onJoined.mock.calls]).toEqual([[[thrown]], []]);
});

it('the namespace does not let a client join that disconnected while its credentials were checked', async () => {
  const asked = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<undefined>();
  const { client, closed, onFailed, onJoined } = await connect(() => {
    asked.resolve();
    return looked.promise;
  });
  client.send('40');
  await asked.promise;
  client.terminate();
  await closed;
  looked.resolve(undefined);
  await new Promise(setImmediate);
  expect([onFailed.mock.calls, onJoined.mock.calls]).toEqual([[], []]);
});

it('the namespace checks the credentials of a client once at a time, whatever the client sends during the check', async () => {
  const looked = Promise.withResolvers<undefined>();
  const authenticate = vi.fn(() => looked.promise);
  const { client, onJoined } = await connect(authenticate);
  for (let times = 0; times < 2; times += 1) client.send('40');
  const [said] = await once(client, 'message');
  expect(String(said)).toMatch(/^44\{.*"rate-limited".*"retryAfter":1/);
  looked.resolve(undefined);
  const [then] = await once(client, 'message');
  expect(String(then)).toMatch(/^40\{"sid":/);
  expect([authenticate.mock.calls.length, onJoined.mock.calls.length]).toEqual([1, 1]);
});

describe('a connection to the namespace', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A connection whose pipe takes everything, with what happened to it. */
  function accepted() {
    const [close, terminate, onUnanswered] = [vi.fn(), vi.fn(), vi.fn()];
    const pipe = { ready: true, open: true, closed: false, packetsWaiting: 0, write() {}, terminate };
    const connection = Object.assign(new EventEmitter(), { pipe, readyState: 'open', request: {}, close });
    close.mockImplementation(() => connection.emit('close', 'forced close'));
    const namespace = new Namespace({
      admission: new AdmissionControl({ random: Math.random, metrics: createMetrics() }),
      addressOf: () => '192.0.2.1',
      authenticate: () => undefined,
      onJoined: () => ({ onMessage: () => {}, close: () => {} }),
      onFailed: () => {},
      onUnanswered,
    });
    namespace.accept(connection as unknown as SocketConnection);
    return { connection, pipe, close, terminate, onUnanswered };
  }

  it('is closed if it has not joined within joinMs, and cut refusedMs later', () => {
    const { close, terminate } = accepted();
    vi.advanceTimersByTime(liveLimits.joinMs - 1);
    expect(close).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(close).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(liveLimits.refusedMs - 1);
    expect(terminate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(terminate).toHaveBeenCalledTimes(1);
  });

  it('is cut if it sends a message while more than waitingAnswers answers wait for it', () => {
    const { connection, pipe, terminate, onUnanswered } = accepted();
    connection.emit('data', '40');
    pipe.packetsWaiting = liveLimits.waitingAnswers;
    connection.emit('data', '42["unknown"]');
    expect(terminate).not.toHaveBeenCalled();
    pipe.packetsWaiting += 1;
    connection.emit('data', '42["unknown"]');
    expect([terminate, onUnanswered].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});
