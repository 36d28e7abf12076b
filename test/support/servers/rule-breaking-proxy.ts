import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { proxyAddress } from './addresses.ts';

/** A proxy that makes a server break a rule, to show that the conformance check notices. */
export interface Sabotage {
  /** Changes the request headers. A repeated header has several values. */
  headers?(headers: AskedHeaders): AskedHeaders;
  /** Changes the answer, which is decompressed and compressed again by its headers. Streams pass unchanged. `path` includes the query. */
  answer?(answer: Said, path: string, asked: AskedHeaders): Said;
  /** Changes WebSocket bytes without changing their length. */
  frames?(bytes: string): string;
}

export type AskedHeaders = NodeJS.Dict<string[]>;

export interface Said {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export async function startSaboteur(
  url: string,
  { headers, answer, frames }: Sabotage,
): Promise<{ url: string } & AsyncDisposable> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer(async (req, res) => {
    const body = await buffer(req);
    const path = req.url ?? '/';
    const { method = 'GET' } = req;
    // Uses a new connection, because the server could close a kept one at the moment it is reused.
    const given = headers?.(req.headersDistinct) ?? req.headersDistinct;
    const lines = Object.entries(given).flatMap(([name, values = []]) => values.flatMap((value) => [name, value]));
    const asked = { host: hostname, port, path, method, headers: lines, agent: false as const };
    const inner = request(asked, async (from) => {
      const isStream = from.headers['content-type']?.startsWith('text/event-stream') === true;
      const bytes = isStream ? Buffer.alloc(0) : await buffer(from);
      const text = (isPacked(from.headers) && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString();
      const said: Said = { status: from.statusCode ?? 500, headers: from.headers, body: text };
      const changed = answer?.(said, path, req.headersDistinct) ?? said;
      const { 'content-length': _length, 'transfer-encoding': _encoding, ...rest } = changed.headers;
      res.writeHead(changed.status, rest);
      if (isStream) from.on('error', () => res.destroy()).pipe(res);
      else res.end(isPacked(rest) ? gzipSync(changed.body) : changed.body);
    });
    res.on('close', () => inner.destroy());
    inner.on('error', () => res.destroy());
    inner.end(body);
  });
  server.on('upgrade', (req, socket: Socket, head) => {
    const inner = connect({ host: hostname, port: Number(port) });
    for (const [one, other] of [
      [inner, socket],
      [socket, inner],
    ] as const) {
      one.on('error', () => {}).on('close', () => other.destroy());
    }
    sockets.add(socket);
    const lines = req.rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${req.rawHeaders[at + 1]}\r\n`] : []));
    inner.write(`GET ${req.url} HTTP/1.1\r\n${lines.join('')}\r\n`);
    inner.write(head);
    socket.pipe(inner);
    inner.on('data', (bytes: Buffer) => socket.write(frames ? Buffer.from(frames(bytes.toString('latin1')), 'latin1') : bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: proxyAddress((server.address() as AddressInfo).port, url),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function isPacked(headers: IncomingHttpHeaders): boolean {
  return headers['content-encoding'] === 'gzip';
}
