import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { limits } from '../../src/protocol/wire-limits.ts';
import { type AttackedServer, secretWord, startAttackedServer } from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { maskedFrame, openReader, type SocketReader } from '../support/readers/socket-reader.ts';
import { call } from '../support/servers/server.ts';

/**
 * Malformed or endless WebSocket, engine.io and Socket.IO messages end their connection with the status of RFC 6455, and other readers
 * are not affected. `server/sockets/handshake.test.ts` tests handshakes.
 */

let server: AttackedServer;
let token: string;
let bystander: SocketReader;

beforeAll(async () => {
  server = await startAttackedServer();
  token = await server.token();
  await createChannel(server, token, { id: 'moon', headline: secretWord });
  bystander = await openReader(server.url);
  await bystander.subscribe('moon');
});
afterAll(async () => {
  bystander.destroy();
  await server[Symbol.asyncDispose]();
});

let attacker: SocketReader;
beforeEach(async () => {
  attacker = await openReader(server.url);
  onTestFinished(async () => {
    attacker.destroy();
    const { offset } = await publish(server, token, 'moon', { body: secretWord });
    await vi.waitFor(() => expect(bystander.heard<{ offset: number }>('event').at(-1)?.offset).toBe(offset));
    await vi.waitFor(() => expect(server.server.readers.size).toBe(1));
  });
});

/** A frame masked with zeros. `first`: FIN, the reserved bits and the opcode. */
function frame(first: number, payload: Uint8Array | string = '', { masked = true, claim = -1 } = {}): Buffer {
  const bytes = Buffer.from(payload);
  const length = claim < 0 ? bytes.length : claim;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = (masked ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, ...(masked ? [Buffer.alloc(4)] : []), bytes]);
}

function later(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}

const fin = 0x80;
const [continuation, text, binary, close, ping, pong] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];

describe('a malformed frame ends the connection', () => {
  const protocolError = 1002;
  const notText = 1007;
  const tooLong = 1009;
  it.each<[what: string, code: number, frames: Buffer[]]>([
    ['without a mask', protocolError, [frame(fin | text, '2', { masked: false })]],
    ['with a reserved bit', protocolError, [frame(fin | 0x10 | text, '2')]],
    ['compressed without an agreement', protocolError, [frame(fin | 0x40 | text, '2')]],
    ['with an unknown data opcode', protocolError, [frame(fin | 0x3, '2')]],
    ['with an unknown control opcode', protocolError, [frame(fin | 0xb)]],
    ['that continues no message', protocolError, [frame(fin | continuation, '2')]],
    ['that begins a message within another', protocolError, [frame(text, '42'), frame(text, '42')]],
    ['of a fragmented control frame', protocolError, [frame(ping, 'a')]],
    ['of a control frame that is too long', protocolError, [frame(fin | ping, 'a'.repeat(126))]],
    ['that claims to be longer than allowed', tooLong, [frame(fin | text, '42', { claim: limits.socketMessageBytes + 1 })]],
    ['that claims to be longer than memory', tooLong, [frame(fin | text, '42', { claim: 2 ** 40 })]],
    ['that claims to be longer than a safe integer', tooLong, [frame(fin | binary, '', { claim: 2 ** 62 })]],
    ['that is not UTF-8', notText, [frame(fin | text, Buffer.from('42["\xff"]', 'latin1'))]],
    ['with an overlong character', notText, [frame(fin | text, Buffer.from([0x34, 0xc0, 0xaf]))]],
    ['with a surrogate alone', notText, [frame(fin | text, Buffer.from([0x34, 0xed, 0xa0, 0x80]))]],
    ['that closes with half a status', protocolError, [frame(fin | close, 'a')]],
    ['that closes with an invalid status', protocolError, [frame(fin | close, Buffer.from([0x03, 0xed]))]],
    ['that closes with a reason that is not UTF-8', notText, [frame(fin | close, Buffer.from([0x03, 0xe8, 0xff]))]],
    [
      'of a fragmented message that is too long',
      tooLong,
      [frame(text, '42'), ...Array(20).fill(frame(continuation, 'a'.repeat(1_000)))],
    ],
  ])('%s', async (_what, code, frames) => {
    for (const bytes of frames) attacker.sendBytes(bytes);
    expect(await attacker.closed).toEqual({ code });
  });
});

describe('a malformed message', () => {
  it('ends the connection, even if the client never answers the close', async () => {
    const packets = {
      'of engine.io: a ping, which only the server sends': '2',
      'of engine.io: of an unknown type': '9',
      'of engine.io: binary data as Base64': 'b////',
      'of Socket.IO: an empty one': '4',
      'of Socket.IO: of an unknown type': '49',
      'of Socket.IO: no JSON': '42["subscribe",{',
      'of Socket.IO: no array': '42{"0":"subscribe"}',
      'of Socket.IO: an event name that is not a text': '42[{"toString":1}]',
      'of Socket.IO: a reserved event name': '42["disconnect"]',
      'of Socket.IO: another reserved event name': '42["newListener","x"]',
      'of Socket.IO: an acknowledgement that is not an array': '431{"a":1}',
      'of Socket.IO: attachments without end': `45${'9'.repeat(15)}-["subscribe",{"_placeholder":true,"num":0}]`,
      'of Socket.IO: attachments without a number': '45-["subscribe"]',
      'of Socket.IO: to a namespace that was not joined': '42/admin,["subscribe",{"channelId":"moon"}]',
      'of Socket.IO: another message while attachments are awaited': '451-["subscribe",{"_placeholder":true,"num":0}]',
    };
    // The library alone would wait 30 s for the client's close frame.
    const sooner = 20_000;
    await Promise.all(
      Object.entries(packets).map(async ([what, packet]) => {
        const reader = await openReader(server.url);
        onTestFinished(() => reader.destroy());
        reader.send(packet);
        if (packet.startsWith('451-')) reader.send('421["subscribe",{"channelId":"moon"}]');
        await expect(Promise.race([reader.closed, later(sooner)]), what).resolves.toBeDefined();
      }),
    );
  });

  it('is refused and joins nothing if it names another namespace', async () => {
    const names = ['/admin', '/__proto__', '/constructor', `/${'a'.repeat(5_000)}`];
    for (const name of names) attacker.send(`40${name},`);
    const refused = () => attacker.packets.filter((packet) => packet.startsWith('44/'));
    await vi.waitFor(() => expect(refused()).toHaveLength(names.length));
    expect(await attacker.subscribe('moon')).toMatchObject({ ok: true });
  });

  it('is refused because of its fields once its attachment has arrived', async () => {
    const answered = attacker.until((packet) => packet.startsWith('437['));
    attacker.send('451-7["subscribe",{"channelId":{"_placeholder":true,"num":0}}]');
    attacker.sendBytes(frame(fin | binary, 'moon'));
    expect(await answered).toMatch(/^437\[\{"ok":false,.*"invalid-body"/);
  });

  it('is answered like any other if it uses names that are special in JavaScript', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'hasOwnProperty'])
      expect(await attacker.ask(name, { channelId: 'moon' }), name).toMatchObject({ problem: { code: 'invalid-body' } });
    for (const wish of [`{"channelId":"moon","__proto__":{"limit":1}}`, `{"__proto__":{"channelId":"moon"}}`]) {
      const answered = attacker.until((packet) => packet.startsWith('439['));
      attacker.send(`429["subscribe",${wish}]`);
      expect(await answered).toMatch(/^439\[\{"ok":false,.*"invalid-body"/);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('does no harm if its acknowledgement number is too large', async () => {
    attacker.send(`42${'9'.repeat(400)}["subscribe",{"channelId":"moon"}]`);
    expect(await attacker.subscribe('moon')).toMatchObject({ ok: true });
  });
});

describe('an endless message', () => {
  const cuts = async () => {
    const { text } = await call(`${server.url}/metrics`);
    return Number(/^pressbox_rate_limited_total\{kind="messages"\} (\d+)/m.exec(text)?.[1]);
  };

  it.each(
    Object.entries({
      'a message in empty frames': frame(continuation),
      'pings from a client that does not read the answers': frame(fin | ping, 'a'.repeat(125)),
      'pongs without a ping': frame(fin | pong),
      'acknowledgements of nothing': maskedFrame('4399[]'),
      subscribes: maskedFrame('421["subscribe",{"channelId":"moon"}]'),
      unsubscribes: maskedFrame('42["unsubscribe",{"channelId":"moon"}]'),
      joins: maskedFrame('40'),
      'leaves and joins': Buffer.concat([maskedFrame('41'), maskedFrame('40')]),
    }),
  )('%s: ends the connection early, and nothing is kept', async (_what, bytes) => {
    const before = await cuts();
    const rss = process.memoryUsage.rss();
    attacker.pause();
    if (bytes[0] === continuation) attacker.sendBytes(frame(text));
    const many = Buffer.concat(Array(Math.ceil(64_000 / bytes.length)).fill(bytes));
    for (let sent = 0; attacker.isOpen && sent < 64_000_000; sent += many.length) {
      attacker.sendBytes(many);
      if (sent === 128_000) attacker.resume();
      await new Promise(setImmediate);
    }
    await attacker.closed;
    expect(await cuts()).toBe(before + 1);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(100_000_000);
  });
});

it('the log contains no token and no post text', () => server.expectCleanLog());
