import { expect, it, onTestFinished, vi } from 'vitest';
import { Connection, type ConnectionCallbacks, type ConnectionOptions } from '../../../client/lib/connection.ts';
import { Http } from '../../../client/lib/http.ts';
import { scripted } from '../../support/readers/scripted-reader.ts';

/** A connection and its callbacks. */
function connect(options: ConnectionOptions) {
  const told: string[] = [];
  const nothing: ConnectionCallbacks = {
    up() {},
    down() {},
    refused() {},
    event() {},
    store() {},
    unsubscribed() {},
    missed() {},
  };
  const connection = new Connection(options, new Http(options), () => ({ channelId: 'moon' }), {
    ...nothing,
    up: () => void told.push('up'),
    down: () => void told.push('down'),
  });
  onTestFinished(() => connection.close());
  return { connection, told };
}

it('a connection replaces a link that does not answer at once', async () => {
  const server = await scripted();
  let dialled = 0;
  const token = () => {
    dialled += 1;
    return 'token';
  };
  // The longest possible pause.
  const { connection, told } = connect({ url: server.url, token, transports: ['socket'], random: () => 0.999 });
  connection.open();
  await vi.waitFor(() => expect(told).toEqual(['up']));
  connection.reconnect();
  expect([told, dialled]).toEqual([['up', 'down'], 2]);
  await vi.waitFor(() => expect(told).toEqual(['up', 'down', 'up']));
  await vi.waitFor(() => expect(server.sockets.map(({ connected }) => connected)).toEqual([false, true]));
});
