import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { AdmissionControl } from '../../../src/live/admission-control.ts';
import { Namespace, type NamespaceContext } from '../../../src/live/socket/namespace.ts';
import { type SocketConnection, SocketEngine } from '../../../src/live/socket/socket-engine.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

/** A client that has a connection, and a namespace that looks at credentials like this. */
async function connect(authenticate: NamespaceContext['authenticate']) {
  const http = createServer();
  // Pinged once all of this is over.
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

/** What a client is told that joins, where a look at its credentials ends like this. */
async function join(authenticate: NamespaceContext['authenticate']) {
  const { client, onFailed, onJoined } = await connect(authenticate);
  client.send('40');
  const [said] = await once(client, 'message');
  return { said: String(said), onFailed, onJoined };
}

it('says nothing of a refusal to the log', async () => {
  const { said, onFailed, onJoined } = await join(() => Promise.reject(new Refusal('token-invalid')));
  expect(said).toMatch(/^44\{.*"token-invalid"/);
  expect([onFailed.mock.calls, onJoined.mock.calls]).toEqual([[], []]);
});

it('tells whoever runs the server of anything else, and the client nothing of it but to come back', async () => {
  const thrown = new Error('thrown in the test');
  const { said, onFailed, onJoined } = await join(() => Promise.reject(thrown));
  expect(said).toMatch(/^44\{.*"internal-error".*"retryAfter":1/);
  expect(said).not.toContain('thrown');
  expect([onFailed.mock.calls, onJoined.mock.calls]).toEqual([[[thrown]], []]);
});

it('lets nobody join who went away while their credentials were looked at', async () => {
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

it('looks at the credentials of a client once at a time, whatever it sends meanwhile', async () => {
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
