import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { binaryFrame, shakeHands } from '../../support/readers/socket-reader.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Pressbox implements the namespace without Socket.IO's server. This test sends the same packets to both and compares the answers. */

let ours: TestServer;
let theirs: string;
const stock = new Server({
  transports: ['websocket'],
  perMessageDeflate: false,
  pingInterval: limits.pingSeconds * 1_000,
  pingTimeout: limits.pingTimeoutSeconds * 1_000,
  maxHttpBufferSize: limits.socketMessageBytes,
});

beforeAll(async () => {
  ours = await startTestServer();
  const http = createServer();
  stock.attach(http);
  stock.on('connection', (socket) => {
    socket.on('unsubscribe', (_asked: unknown, say?: (said: unknown) => void) => say?.({ ok: true }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  theirs = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await stock.close();
});

const leaving = '["unsubscribe",{"channelId":"nowhere"}]';
const bytes = Buffer.from([1, 2, 3]);

/** Socket.IO packets and their attachments. */
const said: Record<string, readonly (string | Buffer)[]> = {
  'joins with credentials': ['0{"token":null}'],
  'joins with an acknowledgement id': ['01'],
  'joins twice': ['0', '0'],
  'joins with an array': ['0[]'],
  'joins with a text': ['0"x"'],
  'joins an unknown namespace, then the main one': ['0/admin,', '0'],
  'joins an unknown namespace with credentials': ['0/admin,{"token":"x"}', '0'],
  'joins an unknown namespace after it joined': ['0', '0/admin,'],
  'sends a message before it joins': [`20${leaving}`],
  'leaves before it joins': ['1'],
  'sends a message without an acknowledgement id': ['0', `2${leaving}`],
  'sends a message with a large acknowledgement id': ['0', `2123456${leaving}`],
  // Socket.IO removes a leaving client a moment later, before it answers the next packet.
  'leaves, then sends a message': ['0', '1', '0/admin,', `21${leaving}`],
  'leaves, then joins again': ['0', '1', '0/admin,', '0'],
  'leaves an unknown namespace': ['0', '1/admin,'],
  'leaves with a payload': ['0', '1"bye"'],
  'sends a message to a namespace that it has not joined': ['0', '2/admin,["x"]'],
  'sends acknowledgements that were not requested': ['0', '30[]', '3["x"]'],
  'sends an empty message': ['0', '2'],
  'sends an empty array': ['0', '2[]'],
  'sends a message that is not an array': ['0', '2{"a":1}'],
  'uses an event name that Socket.IO reserves': ['0', '2["disconnect"]'],
  'uses a number as the event name': ['0', '2[7]'],
  'sends a packet that reports a refusal': ['0', '4{"message":"no"}'],
  'sends a message with an attachment': ['0', '51-["unsubscribe",{"_placeholder":true,"num":0}]', bytes],
  'sends an acknowledgement with an attachment': ['0', '61-7[{"_placeholder":true,"num":0}]', bytes],
  'sends another message in place of the attachment': ['0', '51-["x",{"_placeholder":true,"num":0}]', `21${leaving}`],
  'sends an attachment without a message': ['0', bytes],
  'announces no attachments': ['0', '50-["x"]'],
  'announces more attachments than allowed': ['0', '511-["x"]'],
  'uses an unknown packet type': ['0', '9'],
  'sends something that is not a packet': ['0', 'x'],
};

/** The answers without random values, and whether the connection is still open. */
async function heardFrom(url: string, packets: readonly (string | Buffer)[]): Promise<{ heard: string[]; isOpen: boolean }> {
  const { reader } = await shakeHands(url, { join: false });
  if (reader === undefined) throw new Error('The handshake was refused.');
  onTestFinished(() => reader.destroy());
  const over = reader.closing.then(() => 'over');
  const next = () => Promise.race([over, reader.until((packet) => packet.startsWith('4')).catch(() => 'over')]);
  for (const packet of packets) {
    if (typeof packet !== 'string') {
      reader.sendBytes(binaryFrame(packet));
      continue;
    }
    const answered = next();
    reader.send(`4${packet}`);
    // A client may not send messages before it has joined.
    if (packet.startsWith('0')) await answered;
  }
  // This packet is answered after everything before it, or not at all.
  const answered = reader.until((packet) => packet.startsWith('4399[')).catch(() => 'over');
  reader.send(`4299${leaving}`);
  const isOpen = (await Promise.race([over, answered])) !== 'over';
  // A ping may arrive in between. Pings are not compared.
  const received = reader.packets.slice(1).filter((packet) => packet !== '2');
  const heard = received.map((packet) => packet.replace(/"sid":"[^"]+"/, '"sid":""'));
  return { heard, isOpen };
}

it.each(Object.entries(said))('the namespace answers a client that %s as Socket.IO would', async (_what, packets) => {
  const [here, there] = [await heardFrom(ours.url, packets), await heardFrom(theirs, packets)];
  expect(here).toEqual(there);
});

it('the namespace opens a connection as engine.io does, except for its id', async () => {
  const [here, there] = await Promise.all(
    [ours.url, theirs].map(async (url) => {
      const { reader } = await shakeHands(url, { join: false });
      onTestFinished(() => reader?.destroy());
      return String(reader?.packets[0]).replace(/"sid":"[^"]+"/, '"sid":""');
    }),
  );
  expect(here).toBe(there);
});

it('the namespace refuses attachments, since no message has any', async () => {
  const withAttachment = '52-7["unsubscribe",{"channelId":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]';
  const { heard, isOpen } = await heardFrom(ours.url, ['0', withAttachment, bytes, bytes]);
  expect(heard[1]).toMatch(/^437\[\{"ok":false,"problem":\{.*"code":"invalid-body"/);
  expect(isOpen).toBe(true);
});
