import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { proxyAddress } from './addresses.ts';

/**
 * A proxy as in offices, hotels and trains: it may refuse WebSockets, accept them and forward nothing, or buffer a response until it has
 * ended. Everything else passes unchanged.
 */
export interface Obstacles extends AsyncDisposable {
  readonly url: string;
  /** `refused`: an upgrade gets 403. `swallowed`: no answer. `late`: it is forwarded after `letLateOnesThrough`. */
  webSockets: 'free' | 'refused' | 'swallowed' | 'late';
  /** `held`: an event stream is forwarded with its headers once it has ended. `refused`: it gets 403. */
  streams: 'free' | 'held' | 'refused';
  /** Any other request. `refused` gets 502. */
  requests: 'free' | 'refused';
  /** The requests in order: `socket`, or the last segment of the path. */
  readonly asked: readonly string[];
  letLateOnesThrough(): void;
  /** Open connections stay open, and no more bytes pass. */
  freeze(): void;
  /** Resets every connection. */
  cut(): void;
}

export async function startObstacles(target: string): Promise<Obstacles> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket | Duplex>();
  const asked: string[] = [];
  const flows = new Set<{ from: Readable; to: Writable }>();
  const flow = (from: Readable, to: Writable) => {
    const entry = { from, to };
    flows.add(entry);
    from.pipe(to);
    from.on('close', () => flows.delete(entry));
  };
  const keep = (socket: Socket | Duplex) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };

  const server = createServer((incoming, outgoing) => {
    asked.push(new URL(incoming.url ?? '/', target).pathname.split('/').at(-1) ?? '');
    const isStream = incoming.headers.accept?.includes('text/event-stream') === true;
    if (isStream && obstacles.streams === 'refused') return refuse(outgoing, 403);
    if (!isStream && obstacles.requests === 'refused') return refuse(outgoing, 502);
    forward(incoming, outgoing, isStream && obstacles.streams === 'held');
  });

  function forward(incoming: IncomingMessage, outgoing: ServerResponse, held: boolean): void {
    const { method, headers, url: path } = incoming;
    const onward = request({ hostname, port, method, headers, path, agent: false }, (answer) => {
      const pass = () => outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => outgoing.destroy());
      answer.on('aborted', () => outgoing.destroy());
      if (!held) {
        pass().flushHeaders();
        flow(answer, outgoing);
        return;
      }
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => pass().end(Buffer.concat(chunks)));
    });
    onward.on('socket', keep);
    onward.on('error', () => (outgoing.headersSent ? outgoing.destroy() : refuse(outgoing, 502)));
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  server.on('connection', keep);
  const late: (() => void)[] = [];
  server.on('upgrade', (incoming, near: Duplex, head) => {
    asked.push('socket');
    if (obstacles.webSockets === 'late') late.push(() => tunnel(incoming, near, head));
    else upgrade(incoming, near, head);
  });
  function upgrade(incoming: IncomingMessage, near: Duplex, head: Buffer): void {
    if (obstacles.webSockets === 'swallowed') return;
    if (obstacles.webSockets === 'refused') {
      near.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    tunnel(incoming, near, head);
  }
  function tunnel(incoming: IncomingMessage, near: Duplex, head: Buffer): void {
    const far = connect(Number(port), hostname);
    keep(far);
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2)
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    far.write(`${lines.join('\r\n')}\r\n\r\n`);
    far.write(head);
    flow(near, far);
    flow(far, near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    for (const socket of [...sockets]) socket.destroy();
  };
  const obstacles: Obstacles = {
    url: proxyAddress((server.address() as AddressInfo).port, target),
    webSockets: 'free',
    streams: 'free',
    requests: 'free',
    asked,
    letLateOnesThrough() {
      for (const go of late.splice(0)) go();
    },
    freeze() {
      for (const { from, to } of flows) from.unpipe(to).pause();
    },
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
  return obstacles;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Blocked</h1>');
}
