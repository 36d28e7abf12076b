import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { expect, it, onTestFinished, vi } from 'vitest';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { frameAt, openReader, ping, type SocketReader } from '../../support/readers/socket-reader.ts';
import { startTestServer } from '../../support/servers/server.ts';

/** Frames are encoded once for many readers without Socket.IO's encoder. This test shows that the bytes are the same. */

/** The frames of each message that a reader received, without pings. A long message has several. */
function messagesOf({ frames }: SocketReader): Buffer[][] {
  const messages: Buffer[][] = [];
  for (const frame of frames) {
    if (frame.equals(ping) || frame.equals(webSocketPing)) continue;
    if (frameAt(frame, 0)?.opcode === 0) messages.at(-1)?.push(frame);
    else messages.push([frame]);
  }
  return messages;
}

const webSocketPing = Buffer.from([0x89, 0]);
const payloadOf = (frame: Buffer) => frameAt(frame, 0)?.payload as Buffer;

/** A plain Socket.IO server that answers `subscribe` with the given answer and then sends the given events. */
async function stockServer(answer: unknown, events: readonly unknown[]): Promise<string> {
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
  onTestFinished(async () => {
    await io.close();
  });
  io.on('connection', (socket) => {
    socket.on('subscribe', (_asked: unknown, say: (said: unknown) => void) => {
      say(answer);
      for (const event of events) socket.emit('event', event);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

it('the server sends the bytes that Socket.IO would send, for events and answers of every length', async () => {
  await using server = await startTestServer();
  const editor = await server.token();
  const { id } = await createChannel(server, editor, { headline: 'Ünïcode, "quotes" and \\ slashes 🚀' });
  // Frame headers change at 126 and at 65,536 bytes.
  const bodies = [
    '',
    'short',
    'x'.repeat(300),
    `${'long and ünicode 🌒 '.repeat(1_500)}`,
    '"\\ `code` \u2028 &<>',
    'y'.repeat(50_000),
  ];
  for (const body of bodies.slice(0, 3)) await publish(server, editor, id, { headline: 'Before', body });

  using ours = await openReader(server.url);
  const before = messagesOf(ours).length;
  const answer = await ours.subscribe(id);
  for (const body of bodies) await publish(server, editor, id, { headline: 'Live', body });
  await vi.waitFor(() => expect(ours.heard('event')).toHaveLength(bodies.length));

  using theirs = await openReader(await stockServer(answer, ours.heard('event')));
  const start = messagesOf(theirs).length;
  await theirs.subscribe(id);
  await vi.waitFor(() => expect(theirs.heard('event')).toHaveLength(bodies.length));
  const sent = messagesOf(ours).slice(before);
  expect(sent).toHaveLength(bodies.length + 1);
  for (const [index, [whole]] of messagesOf(theirs).slice(start).entries()) {
    const [first, ...others] = sent[index] as [Buffer, ...Buffer[]];
    const isLong = whole!.length > limits.socketPartBytes;
    expect(others.length > 0, `frame ${index}`).toBe(isLong);
    const [same, expected] = isLong ? [Buffer.concat([first, ...others].map(payloadOf)), payloadOf(whole!)] : [first, whole!];
    expect(same.equals(expected), `frame ${index}: ${whole!.subarray(0, 200)}`).toBe(true);
  }
});
