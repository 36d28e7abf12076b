import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** Stands before a server and makes it break a rule, so that it can be seen that whoever examines it notices. */
export interface Sabotage {
  /** What the server is asked instead. */
  headers?(headers: IncomingHttpHeaders): IncomingHttpHeaders;
  /** What it says instead. `path` with its query. */
  answer?(answer: Said, path: string): Said;
  /** What it says over WebSockets instead, of the same length. */
  frames?(bytes: string): string;
}

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
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const path = req.url ?? '/';
    const { method = 'GET' } = req;
    // Over a connection of its own: one that is kept may be closed by the server in the moment in which it is used again.
    // What it is told it reads, so that must not be compressed.
    const given = { ...(headers?.(req.headers) ?? req.headers), 'accept-encoding': 'identity' };
    const asked = { host: hostname, port, path, method, headers: given, agent: false as const };
    const inner = request(asked, async (from) => {
      const said: Said = { status: from.statusCode ?? 500, headers: from.headers, body: '' };
      for await (const chunk of from.setEncoding('utf8')) said.body += chunk;
      const told = answer?.(said, path) ?? said;
      const { 'content-length': _length, 'transfer-encoding': _encoding, ...rest } = told.headers;
      res.writeHead(told.status, rest).end(told.body);
    });
    inner.on('error', () => res.destroy());
    inner.end(Buffer.concat(chunks));
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
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
