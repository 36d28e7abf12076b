import { connect, type Socket } from 'node:net';
import { emptyHistogram, type Histogram, record } from '../histogram.ts';
import { postOf } from './sample-post.ts';
import { answerCalls, monotonicMs } from './worker.ts';

/**
 * Authors who each publish, wait for the answer, and publish the next post, for a given time over one kept-alive connection. Each
 * post has its own idempotency key, as clients send it. Plain sockets and prepared requests keep the load cheap, because it
 * shares the cores with the server.
 */
export interface AuthorsRequest {
  url: string;
  /** The authors publish to these in turn. */
  channelIds: readonly string[];
  token: string;
  authors: number;
  forMs: number;
}

export interface AuthorsResult {
  posts: number;
  /** From the first request to the last answer. */
  tookMs: number;
  /** Latency of the answers. */
  latency: Histogram;
  /** CPU time of this process. */
  cpuSeconds: number;
}

answerCalls({ publish });

/** Minimum number of different requests, which are sent in turn. */
const requestsLeast = 20;
/** Characters of a key. */
const keyLength = 16;

async function publish({ url, channelIds, token, authors, forMs }: AuthorsRequest): Promise<AuthorsResult> {
  const { hostname, port, host } = new URL(url);
  const run = String(Math.trunc(monotonicMs()) % 1e6).padStart(6, '0');
  const requests = Array.from({ length: Math.max(requestsLeast, channelIds.length) }, (_, number) => {
    return requestOf({ host, channelId: channelIds[number % channelIds.length] as string, token, number });
  });
  const connections = await Promise.all(Array.from({ length: authors }, () => openConnection(hostname, Number(port))));
  const latency = emptyHistogram();
  const cpuBefore = process.cpuUsage();
  const began = monotonicMs();
  let sent = 0;
  const author = async (connection: Connection) => {
    for (let at = began; at - began < forMs; ) {
      sent += 1;
      const { bytes, keyAt } = requests[sent % requests.length]!;
      bytes.write(run + String(sent).padStart(keyLength - run.length, '0'), keyAt, 'latin1');
      const status = await connection.ask(bytes);
      if (status !== 201) throw new Error(`Publishing a post failed with status ${status}.`);
      const now = monotonicMs();
      record(latency, now - at);
      at = now;
    }
  };
  await Promise.all(connections.map(author));
  const tookMs = monotonicMs() - began;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const { socket } of connections) socket.destroy();
  return { posts: sent, tookMs, latency, cpuSeconds: (user + system) / 1e6 };
}

/** A complete request, and the position of the key in it. */
function requestOf({ host, channelId, token, number }: { host: string; channelId: string; token: string; number: number }) {
  const body = JSON.stringify(postOf(number));
  const before = [
    `POST /v1/channels/${channelId}/posts HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Idempotency-Key: ',
  ].join('\r\n');
  return { bytes: Buffer.from(`${before}${'0'.repeat(keyLength)}\r\n\r\n${body}`), keyAt: before.length };
}

interface Connection {
  readonly socket: Socket;
  /** Sends a request and resolves with the status of the complete answer. The caller may reuse `bytes` at once. */
  ask(bytes: Buffer): Promise<number>;
}

const endOfHead = Buffer.from('\r\n\r\n');
const lengthName = /\r\ncontent-length: (\d+)/i;

/** Understands only as much HTTP/1.1 as the answers of Pressbox need: each has a length. */
async function openConnection(host: string, port: number): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let settle: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;
  let got: Buffer | undefined;
  /** Length of the complete answer in bytes. 0 until its head has arrived. */
  let whole = 0;
  let status = 0;
  const fail = (error: Error) => settle?.reject(error);
  socket.on('error', fail).on('close', () => fail(new Error('The server closed a connection.')));
  socket.on('data', (chunk: Buffer) => {
    got = got === undefined ? chunk : Buffer.concat([got, chunk]);
    if (whole === 0) {
      const end = got.indexOf(endOfHead);
      if (end === -1) return;
      const head = got.toString('latin1', 0, end);
      status = Number(head.slice(9, 12));
      whole = end + endOfHead.length + Number(lengthName.exec(head)?.[1] ?? Number.NaN);
      if (Number.isNaN(whole)) return fail(new Error('An answer has no Content-Length.'));
    }
    if (got.length < whole) return;
    got = undefined;
    whole = 0;
    settle?.resolve(status);
  });
  return {
    socket,
    ask: (bytes) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(Buffer.from(bytes));
      }),
  };
}
