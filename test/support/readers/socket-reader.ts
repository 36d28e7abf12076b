import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';

/**
 * A reader on a bare TCP connection. It speaks just enough HTTP, WebSocket (RFC 6455), engine.io and Socket.IO to subscribe, keeps every
 * byte, and can stop reading, which a library's client cannot.
 */
export interface SocketReader extends Disposable {
  /** The engine.io messages in order, such as `42["event",{…}]`. */
  readonly packets: readonly string[];
  /** Every byte received over the WebSocket. */
  readonly bytes: Buffer;
  /** The complete frames of `packets`. */
  readonly frames: readonly Buffer[];
  /** Number of bytes received, kept or not. */
  readonly received: number;
  /** Resolves when the connection has ended, with the status of the close frame if there was one. */
  readonly closed: Promise<{ code: number | undefined }>;
  /** Resolves when the server starts to close the connection, or it has ended. */
  readonly closing: Promise<void>;
  readonly isOpen: boolean;
  /** The local port, which identifies the connection at the server. */
  readonly port: number;
  /** Sends an engine.io message. */
  send(text: string): void;
  /** Sends raw bytes. */
  sendBytes(bytes: Uint8Array): void;
  /** Resolves with the next matching engine.io message. */
  until(fits: (packet: string) => boolean): Promise<string>;
  /** Sends a Socket.IO message and resolves with its acknowledgement. */
  ask(name: string, ...data: unknown[]): Promise<SubscribeAnswer>;
  subscribe(channelId: string, after?: string, limit?: number): Promise<SubscribeAnswer>;
  /** The payloads of this message so far. */
  heard<T = unknown>(name: string): T[];
  /** Stops reading from the kernel. */
  pause(): void;
  resume(): void;
  /** Ends the connection without a close frame. */
  destroy(): void;
}

export type SubscribeAnswer = ({ ok: true } & CatchUp) | { ok: false; problem: Problem };

export interface ConnectOptions {
  token?: unknown;
  headers?: Record<string, string>;
  /** Replaces the usual path and query. */
  path?: string;
  /** Does not join the namespace. */
  join?: false;
  /** Drops packets and bytes at once, for very long tests. */
  forget?: boolean;
}

/** The result of a handshake: an HTTP answer or a WebSocket. */
export type Handshake =
  | { status: 101; reader: SocketReader; headers: Record<string, string> }
  | { status: number; reader?: undefined; headers: Record<string, string>; body: string };

/** Resolves once the namespace is joined. Throws if the server refuses. */
export async function openReader(url: string, options: ConnectOptions = {}): Promise<SocketReader> {
  const { status, reader, ...rest } = await shakeHands(url, options);
  if (reader === undefined) throw new Error(`The handshake was answered ${status}: ${JSON.stringify(rest)}`);
  return reader;
}

const usualPath = '/socket.io/?EIO=4&transport=websocket';

export async function shakeHands(url: string, options: ConnectOptions = {}): Promise<Handshake> {
  const { hostname, port, host, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setNoDelay(true);
  const headers = {
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname.replace(/\/$/, '')}${options.path ?? usualPath} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const head = await readHead(socket);
  const answer = { status: head.status, headers: head.headers };
  if (head.status !== 101) return { ...answer, body: await readBody(socket, head.rest) };
  const reader = createReader(socket, head.rest, options.forget === true);
  if (options.join === false) return { ...answer, status: 101, reader };
  reader.send(options.token === undefined ? '40' : `40${JSON.stringify({ token: options.token })}`);
  await reader.until((packet) => /^4[04]/.test(packet));
  return { ...answer, status: 101, reader };
}

async function readHead(socket: Socket): Promise<{ status: number; headers: Record<string, string>; rest: Buffer }> {
  let bytes = Buffer.alloc(0);
  return await new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', onData).off('error', reject).off('close', onClose);
      socket.pause();
      const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      resolve({ status: Number(first.split(' ')[1]), headers, rest: bytes.subarray(end + 4) });
    };
    const onClose = () => reject(new Error('The connection was closed before an answer.'));
    socket.on('data', onData).on('error', reject).on('close', onClose);
  });
}

async function readBody(socket: Socket, rest: Buffer): Promise<string> {
  const chunks = [rest];
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

interface Waiting {
  fits(packet: string): boolean;
  resolve(packet: string): void;
  reject(error: Error): void;
}

function createReader(socket: Socket, rest: Buffer, forget: boolean): SocketReader {
  const packets: string[] = [];
  const frames: Buffer[] = [];
  const waiting = new Set<Waiting>();
  let pending: Buffer = Buffer.alloc(0);
  let received = 0;
  let asked = 0;
  let code: number | undefined;
  let isOpen = true;

  const take = (chunk: Buffer) => {
    received += chunk.length;
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let at = 0;
    for (;;) {
      const frame = frameAt(pending, at);
      if (frame === undefined) break;
      if (!forget) frames.push(pending.subarray(at, frame.end));
      at = frame.end;
      hear(frame);
    }
    pending = pending.subarray(at);
  };
  /** The fragments of an incomplete message. */
  let parts: Buffer[] = [];
  const hear = ({ opcode, isFinal, payload }: Frame) => {
    if (opcode === 8) {
      code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      closing.resolve();
    }
    if (opcode === 9) socket.write(webSocketPong);
    if (opcode > 1) return;
    parts.push(payload);
    if (!isFinal) return;
    const packet = Buffer.concat(parts).toString();
    parts = [];
    if (!forget) packets.push(packet);
    if (packet === '2') reader.send('3');
    for (const one of waiting) {
      if (!one.fits(packet)) continue;
      waiting.delete(one);
      one.resolve(packet);
    }
  };
  const closing = Promise.withResolvers<void>();
  const closed = new Promise<{ code: number | undefined }>((resolve) => {
    socket.once('close', () => {
      isOpen = false;
      closing.resolve();
      for (const { reject } of waiting) reject(new Error('The connection was closed.'));
      waiting.clear();
      resolve({ code });
    });
  });
  socket.on('error', () => {});
  socket.on('data', take);

  const reader: SocketReader = {
    packets,
    frames,
    get bytes() {
      return Buffer.concat([...frames, pending]);
    },
    get received() {
      return received;
    },
    get isOpen() {
      return isOpen;
    },
    closed,
    closing: closing.promise,
    port: socket.localPort ?? 0,
    send: (text) => socket.write(maskedFrame(text)),
    sendBytes: (bytes) => socket.write(bytes),
    until: (fits) => new Promise((resolve, reject) => waiting.add({ fits, resolve, reject })),
    async ask(name, ...data) {
      const id = asked++;
      const answered = reader.until((packet) => packet.startsWith(`43${id}[`));
      reader.send(`42${id}${JSON.stringify([name, ...data])}`);
      const packet = await answered;
      return JSON.parse(packet.slice(packet.indexOf('[')))[0];
    },
    subscribe: (channelId, after, limit) =>
      reader.ask('subscribe', {
        channelId,
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      }),
    heard<T>(name: string): T[] {
      const start = `42[${JSON.stringify(name)},`;
      return packets.filter((packet) => packet.startsWith(start)).map((packet) => JSON.parse(packet.slice(2))[1] as T);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy: () => socket.destroy(),
    [Symbol.dispose]: () => socket.destroy(),
  };
  take(rest);
  socket.resume();
  return reader;
}

interface Frame {
  opcode: number;
  /** The last fragment of its message. */
  isFinal: boolean;
  payload: Buffer;
  end: number;
}

export function frameAt(bytes: Buffer, at: number): Frame | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = bytes[at + 1]! & 0x7f;
  const headLength = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < at + headLength) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const end = at + headLength + length;
  if (bytes.length < end) return undefined;
  return { opcode: bytes[at]! & 0x0f, isFinal: bytes[at]! >= 0x80, payload: bytes.subarray(at + headLength, end), end };
}

/** A client's WebSocket pong, masked with zeros. */
const webSocketPong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** The server's engine.io ping as a frame. It may arrive at any moment. */
export const ping = Buffer.from([0x81, 1, ...Buffer.from('2')]);

/** A client's text frame, masked with zeros, so the bytes are those of the text. */
export function maskedFrame(text: string): Buffer {
  return frameOf(0x81, Buffer.from(text));
}

/** A client's binary frame, masked with zeros. */
export function binaryFrame(bytes: Buffer): Buffer {
  return frameOf(0x82, bytes);
}

function frameOf(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = first;
  head[1] = 0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** Faults of a catch-up: its events must cover `covers` without a gap, and contain each post once. */
export function faultsOfCatchUp(answer: CatchUp): string[] {
  if (answer.mode === 'snapshot') return answer.covers.after === 0 ? [] : ['a snapshot covers from 0'];
  const faults: string[] = [];
  let last = answer.covers.after;
  const subjects = new Set<string>();
  for (const event of answer.events) {
    if (event.from !== last + 1) faults.push(`after ${last} came an event from ${event.from}`);
    if (event.offset < event.from) faults.push(`an event from ${event.from} to ${event.offset}`);
    last = event.offset;
    const subject = event.type === 'channel.changed' ? 'channel' : event.post.id;
    if (subjects.has(subject)) faults.push(`${subject} stands twice`);
    subjects.add(subject);
  }
  if (last > answer.covers.to) faults.push(`an event at ${last} beyond ${answer.covers.to}`);
  return faults;
}

/**
 * Faults of a subscription: the first live event must start right after the answer, and each further one right after the event
 * before it. Returns the final offset.
 */
export function followed(reader: SocketReader, channelId: string): { offset: number; faults: string[]; events: Event[] } {
  const faults: string[] = [];
  const events: Event[] = [];
  let offset = -1;
  let live = false;
  for (const packet of reader.packets) {
    if (packet.startsWith('43')) {
      const answer: SubscribeAnswer = JSON.parse(packet.slice(packet.indexOf('[')))[0];
      if (!answer.ok || answer.covers === undefined) continue;
      faults.push(...faultsOfCatchUp(answer));
      if (answer.mode === 'replay') events.push(...answer.events);
      offset = answer.covers.to;
      live = !answer.more;
    } else if (packet.startsWith('42["event",')) {
      const event: Event = JSON.parse(packet.slice(2))[1];
      if (event.channelId !== channelId) continue;
      if (!live) faults.push(`event ${event.offset} before the subscription was live`);
      if (event.from !== offset + 1) faults.push(`at ${offset} came an event from ${event.from} to ${event.offset}`);
      offset = event.offset;
      events.push(event);
    } else if (packet.startsWith('42["unsubscribed"')) {
      live = false;
    }
  }
  return { offset, faults, events };
}
