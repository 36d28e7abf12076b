import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as ws from 'ws';
import { plainAnswerTo, plainTextOf } from '../../../src/live/socket/plain-websocket.ts';

/** What `ws` reads from bytes that a client sends first: the messages, and whether the next byte would begin a new message. */
function read(bytes: Buffer): { messages: string[]; isBetween: boolean; failed: boolean } {
  const receiver = new Receiver({ isServer: true, maxPayload: 16_384 });
  const messages: string[] = [];
  let failed = false;
  receiver.on('message', (data: Buffer, isBinary: boolean) => messages.push(isBinary ? 'binary' : String(data)));
  for (const control of ['ping', 'pong', 'conclude']) receiver.on(control, () => messages.push(control));
  receiver.on('error', () => {
    failed = true;
  });
  receiver.write(Buffer.from(bytes));
  const { _state, _bufferedBytes, _fragmented, _errored } = receiver;
  return { messages, isBetween: _state === 0 && _bufferedBytes === 0 && _fragmented === 0, failed: failed || _errored };
}

const { Receiver } = ws as unknown as { Receiver: new (options: object) => ReceiverInside };

interface ReceiverInside {
  on(name: string, listener: (...said: never[]) => void): void;
  write(bytes: Buffer): void;
  readonly _state: number;
  readonly _bufferedBytes: number;
  readonly _fragmented: number;
  readonly _errored: boolean;
}

interface Drawn {
  head: number;
  isMasked: boolean;
  mask: Uint8Array;
  said: Buffer;
  /** Bytes of the length field after the first one. The default is the shortest form. */
  lengthBytes?: 0 | 2 | 8;
}

function frameOf({ head, isMasked, mask, said, lengthBytes = said.length < 126 ? 0 : 2 }: Drawn): Buffer {
  const lengthField = lengthBytes === 0 ? Math.min(said.length, 125) : lengthBytes === 2 ? 126 : 127;
  const more = Buffer.alloc(8);
  more.writeBigUInt64BE(BigInt(said.length));
  const first = Buffer.from([head, lengthField | (isMasked ? 0x80 : 0)]);
  const bytes = isMasked ? Buffer.from(said).map((byte, at) => byte ^ mask[at % 4]!) : said;
  return Buffer.concat([first, more.subarray(8 - lengthBytes), isMasked ? mask : Buffer.alloc(0), bytes]);
}

const mask = fc.uint8Array({ minLength: 4, maxLength: 4 });
const text = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ minLength: 900, maxLength: 1_200 }),
);
const frame = fc
  .record({
    head: fc.oneof({ arbitrary: fc.constant(0x81), weight: 5 }, { arbitrary: fc.nat(0xff), weight: 1 }),
    isMasked: fc.oneof({ arbitrary: fc.constant(true), weight: 5 }, { arbitrary: fc.constant(false), weight: 1 }),
    mask,
    said: fc.oneof(
      text.map((said) => Buffer.from(said)),
      fc.uint8Array({ maxLength: 140 }).map((said) => Buffer.from(said)),
    ),
    lengthBytes: fc.oneof(
      { arbitrary: fc.constant(undefined), weight: 3 },
      { arbitrary: fc.constantFrom(0 as const, 2, 8), weight: 1 },
    ),
  })
  .map(({ lengthBytes, ...drawn }) => frameOf(lengthBytes === undefined ? drawn : { ...drawn, lengthBytes }));
/** One frame, several, or one that was cut or has one wrong byte. */
const bytes = fc.oneof(
  { arbitrary: frame, weight: 4 },
  fc.tuple(frame, frame).map((both) => Buffer.concat(both)),
  fc.tuple(frame, fc.nat()).map(([whole, at]) => whole.subarray(0, at % (whole.length + 1))),
  fc.tuple(frame, fc.nat(), fc.nat(0xff)).map(([whole, at, byte]) => {
    const other = Buffer.from(whole);
    if (other.length > 0) other[at % other.length] = byte;
    return other;
  }),
);

it('the fast path accepts only texts that ws reads the same way, and does not change the bytes', () => {
  let taken = 0;
  fc.assert(
    fc.property(bytes, (some) => {
      const before = Buffer.from(some);
      const said = plainTextOf(some, some.length);
      expect(some.equals(before)).toBe(true);
      if (said === undefined) return;
      taken += 1;
      expect(read(some)).toEqual({ messages: [said], isBetween: true, failed: false });
    }),
    { numRuns: 3_000 },
  );
  expect(taken).toBeGreaterThan(300);
});

it('the fast path accepts every ASCII text of up to a thousand bytes', () => {
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 1_024 });
  fc.assert(
    fc.property(ascii, mask, fc.nat(20), (said, mask, more) => {
      const whole = frameOf({ head: 0x81, isMasked: true, mask, said: Buffer.from(said) });
      // Old bytes may follow the ones that were read.
      expect(plainTextOf(Buffer.concat([whole, Buffer.alloc(more, 'x')]), whole.length)).toBe(said);
    }),
  );
});

it('the fast path leaves anything that is not a plain text to ws', () => {
  const said = frameOf({ head: 0x81, isMasked: true, mask: Uint8Array.of(1, 2, 3, 4), said: Buffer.from('Grüße') });
  expect(plainTextOf(said, said.length)).toBeUndefined();
  expect(read(said).messages).toEqual(['Grüße']);
  const long = frameOf({ head: 0x81, isMasked: true, mask: Uint8Array.of(1, 2, 3, 4), said: Buffer.alloc(1_025, 'x') });
  expect(plainTextOf(long, long.length)).toBeUndefined();
  expect(read(long).messages).toHaveLength(1);
});

it('the fast path leaves a frame with a length field of eight bytes to ws, whatever its length', () => {
  // Read as a seven-bit length, 127 would count into the bytes that follow.
  const frame = Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(4), Buffer.from(`42["x"]${' '.repeat(120)}`)]);
  expect(read(frame)).toMatchObject({ messages: [], failed: true });
  expect(plainTextOf(frame, frame.length)).toBeUndefined();
});

/** The answer to a request with these header lines, from Pressbox and from `ws`. */
async function answersTo(method: string, lines: readonly string[]): Promise<[ours: string | undefined, theirs: string]> {
  const library = new ws.WebSocketServer({ noServer: true });
  const http = createServer();
  let ours: string | undefined;
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    ours = plainAnswerTo(request);
    library.handleUpgrade(request, socket, head, (webSocket) => webSocket.terminate());
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const socket = connect((http.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${[`${method} / HTTP/1.1`, 'Host: a', 'Connection: Upgrade', ...lines].join('\r\n')}\r\n\r\n`);
  const theirs = await textOf(socket);
  http.close();
  return [ours, theirs];
}

const upgradeHeaders = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

it('the fast path answers a WebSocket request like ws, whatever extensions it offers', async () => {
  for (const more of [
    [],
    ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
    ['Origin: https://a.example'],
  ]) {
    const [ours, theirs] = await answersTo('GET', [...upgradeHeaders, ...more]);
    expect(theirs).toMatch(/^HTTP\/1\.1 101 /);
    expect(ours).toBe(theirs);
  }
});

it('the fast path leaves any other request to ws', async () => {
  const [upgrade, version, key] = upgradeHeaders as [string, string, string];
  const others = {
    'another method': answersTo('POST', upgradeHeaders),
    'another spelling': answersTo('GET', ['Upgrade: WebSocket', version, key]),
    'an older version': answersTo('GET', [upgrade, 'Sec-WebSocket-Version: 8', key]),
    'a version that there is not': answersTo('GET', [upgrade, 'Sec-WebSocket-Version: 14', key]),
    'no version': answersTo('GET', [upgrade, key]),
    'no key': answersTo('GET', [upgrade, version]),
    'a key that is too short': answersTo('GET', [upgrade, version, 'Sec-WebSocket-Key: dGhl']),
    'two keys': answersTo('GET', [...upgradeHeaders, key]),
    'a protocol': answersTo('GET', [...upgradeHeaders, 'Sec-WebSocket-Protocol: chat']),
  };
  const statuses: Record<string, string> = {};
  for (const [name, answers] of Object.entries(others)) {
    const [ours, theirs] = await answers;
    expect(ours, name).toBeUndefined();
    statuses[name] = theirs.slice(9, 12);
  }
  expect(statuses).toEqual({
    'another method': '405',
    'another spelling': '101',
    'an older version': '101',
    'a version that there is not': '400',
    'no version': '400',
    'no key': '400',
    'a key that is too short': '400',
    'two keys': '400',
    'a protocol': '101',
  });
});
