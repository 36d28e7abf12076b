import type { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import * as ws from 'ws';
import { messageFrame, packetFrame } from '../../../src/live/socket/packet-encoder.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

/** The messages and pings that a client receives from these bytes, in order. */
async function heardOf(bytes: Buffer): Promise<string[]> {
  const heard: string[] = [];
  const receiver = new Receiver({ isServer: false, binaryType: 'nodebuffer' });
  receiver.on('message', (data: Buffer) => heard.push(String(data)));
  receiver.on('ping', () => heard.push('(ping)'));
  await new Promise<void>((resolve, reject) => {
    receiver.once('error', reject);
    receiver.write(bytes, () => resolve());
  });
  return heard;
}

const { socketPartBytes: partBytes } = limits;
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };
/** Characters of three bytes, so that parts end inside a character. */
const textOf = (bytes: number) => '漢'.repeat(Math.floor(bytes / 3)).padEnd(Math.floor(bytes / 3) + (bytes % 3), 'x');

it('the packet encoder sends a message of up to one part in one frame', async () => {
  const packet = textOf(partBytes - 8);
  expect(messageFrame(packet).equals(packetFrame(`4${packet}`))).toBe(true);
});

it.each([1, 2, 3.5, 4, 28])(
  'the packet encoder sends a message of %d parts with a ping before it and a WebSocket ping between the parts',
  async (parts) => {
    const packet = textOf(parts * partBytes - 1);
    expect(await heardOf(messageFrame(packet))).toEqual(['2', ...Array(Math.ceil(parts) - 1).fill('(ping)'), `4${packet}`]);
  },
);
