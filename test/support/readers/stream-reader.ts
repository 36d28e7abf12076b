import { connect, type Socket } from 'node:net';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import { faultsOfCatchUp } from './socket-reader.ts';

/** A reader of Server-Sent Events on a bare TCP connection. It keeps every byte, and can stop reading, which a library's client cannot. */
export interface StreamReader extends Disposable {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The raw bytes of the body. */
  readonly body: Buffer;
  /** Number of bytes received, kept or not. */
  readonly received: number;
  /** Complete blocks in order. */
  readonly blocks: readonly Block[];
  /** The data of this event so far. */
  heard<T = unknown>(name: string): T[];
  /** The last id, which an EventSource would keep as its cursor. */
  readonly cursor: string | undefined;
  /** Resolves when the server ends the stream or the connection is lost. */
  readonly ended: Promise<void>;
  readonly isOpen: boolean;
  /** The local port, which identifies the connection at the server. */
  readonly port: number;
  pause(): void;
  resume(): void;
  destroy(): void;
}

export interface Block {
  id?: string;
  event?: string;
  data?: string;
  retry?: string;
}

export interface StreamOptions {
  after?: string;
  lastEventId?: string;
  token?: string;
  headers?: Record<string, string>;
  method?: string;
  version?: '1.0' | '1.1';
  /** Drops blocks and bytes at once, for very long tests. */
  forget?: boolean;
}

/** Resolves once the response headers have arrived. */
export async function openStream(url: string, channelId: string, options: StreamOptions = {}): Promise<StreamReader> {
  const { after, lastEventId, token, method = 'GET', version = '1.1', forget = false } = options;
  const { hostname, port, host, pathname } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const headers = {
    Host: host,
    Accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`;
  socket.write(
    `${method} ${pathname.replace(/\/$/, '')}/v1/channels/${channelId}/stream${query} HTTP/${version}\r\n${lines.join('')}\r\n`,
  );
  return await readAnswer(socket, forget);
}

function readAnswer(socket: Socket, forget: boolean): Promise<StreamReader> {
  const { promise: head, resolve, reject } = Promise.withResolvers<StreamReader>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const blocks: Block[] = [];
  let chunks: Buffer[] = [];
  let pending: Buffer = Buffer.alloc(0);
  let answer: { status: number; headers: Record<string, string> } | undefined;
  let received = 0;
  let isOpen = true;
  let cursor: string | undefined;

  const take = (bytes: Buffer) => {
    received += bytes.length;
    if (!forget) chunks.push(bytes);
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    for (let to = pending.indexOf('\n\n'); to !== -1; to = pending.indexOf('\n\n')) {
      const block = blockOf(pending.toString('utf8', 0, to));
      cursor = block.id ?? cursor;
      if (!forget) blocks.push(block);
      pending = pending.subarray(to + 2);
    }
  };
  socket.on('data', (bytes: Buffer) => {
    if (answer !== undefined) return take(bytes);
    pending = Buffer.concat([pending, bytes]);
    const to = pending.indexOf('\r\n\r\n');
    if (to === -1) return;
    answer = headOf(pending.toString('latin1', 0, to));
    const rest = pending.subarray(to + 4);
    pending = Buffer.alloc(0);
    if (rest.length > 0) take(rest);
    resolve(reader);
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    isOpen = false;
    reject(new Error('The connection was closed before an answer.'));
    end();
  });

  const reader: StreamReader = {
    get status() {
      return answer?.status ?? 0;
    },
    get headers() {
      return answer?.headers ?? {};
    },
    get body() {
      const body = Buffer.concat(chunks);
      chunks = [body];
      return body;
    },
    get received() {
      return received;
    },
    blocks,
    heard: <T>(name: string) => blocks.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data ?? '') as T),
    get cursor() {
      return cursor;
    },
    ended,
    get isOpen() {
      return isOpen;
    },
    get port() {
      return socket.localPort ?? 0;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy: () => socket.destroy(),
    [Symbol.dispose]: () => socket.destroy(),
  };
  return head;
}

function headOf(text: string): { status: number; headers: Record<string, string> } {
  const [first = '', ...lines] = text.split('\r\n');
  const headers = lines.map((line) => {
    const to = line.indexOf(':');
    return [line.slice(0, to).toLowerCase(), line.slice(to + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers) };
}

/** Throws on a line that the server does not send. */
function blockOf(text: string): Block {
  const block: Block = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^(id|event|data|retry): (.*)$/.exec(line) ?? [];
    if (name === undefined || name in block) throw new Error(`This is no line of an event stream: ${line.slice(0, 200)}`);
    block[name as keyof Block] = value as string;
  }
  return block;
}

/**
 * Faults of a stream: it must start with catch-ups, and each event must start where the one before it ended. Returns the final
 * offset.
 */
export function streamed(
  { blocks }: Pick<StreamReader, 'blocks'>,
  after?: number,
): { offset: number; faults: string[]; events: Event[] } {
  const faults: string[] = [];
  const events: Event[] = [];
  let offset = after ?? -1;
  let live = false;
  for (const { id, event, data = '' } of blocks) {
    if (event === 'catchup') {
      const answer = JSON.parse(data) as CatchUp;
      if (live) faults.push('a catch-up after the last one');
      if (answer.cursor !== id) faults.push(`the id of a catch-up is ${id}`);
      faults.push(...faultsOfCatchUp(answer));
      if (answer.mode === 'replay') {
        if (offset !== -1 && answer.covers.after !== offset)
          faults.push(`at ${offset} came a catch-up after ${answer.covers.after}`);
        events.push(...answer.events);
      }
      offset = answer.covers.to;
      live = !answer.more;
    } else if (event?.startsWith('post.') || event === 'channel.changed') {
      const received = JSON.parse(data) as Event;
      if (received.cursor !== id || received.type !== event)
        faults.push(`event ${received.offset} came as ${event} with the id ${id}`);
      if (!live) faults.push(`event ${received.offset} before the stream was live`);
      if (received.from !== offset + 1) faults.push(`at ${offset} came an event from ${received.from} to ${received.offset}`);
      offset = received.offset;
      events.push(received);
    }
  }
  return { offset, faults, events };
}
