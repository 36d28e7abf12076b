import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { basePathOf, proxyAddress } from './addresses.ts';

/**
 * A front before a server that loses requests and answers, and whose network can be down. It stays where it is when the server is
 * killed, and passes requests on to the next process on the same port.
 */
export interface LossyFront extends AsyncDisposable {
  readonly url: string;
  readonly network: LossyNetwork;
}

export interface LossyNetwork {
  /** Every connection is reset, and new ones too. */
  isDown: boolean;
  /** The next writes: lost on the way there, or on the way back. */
  losses: ('request' | 'answer')[];
}

/** `answers`: what the front answers itself, whatever the network does. Returns false for everything else. */
export async function startLossyFront(
  server: string,
  answers: (incoming: IncomingMessage, answer: ServerResponse) => boolean = () => false,
): Promise<LossyFront> {
  const { hostname, port } = new URL(server);
  const sockets = new Set<Socket>();
  let isDown = false;
  const network: LossyNetwork = {
    losses: [],
    get isDown() {
      return isDown;
    },
    set isDown(down) {
      isDown = down;
      if (down) for (const socket of sockets) socket.destroy();
    },
  };

  const front = createServer((incoming, answer) => {
    if (answers(incoming, answer)) return;
    const isWrite = incoming.method !== 'GET' && incoming.url?.startsWith(`${basePathOf(server)}/v1/channels`) === true;
    const loss = isWrite ? network.losses.shift() : undefined;
    if (isDown || loss === 'request') return void incoming.socket.destroy();
    const { method, url: path, headers } = incoming;
    const lose = () => incoming.socket.destroy();
    const passed = request({ hostname, port, method, path, headers }, (answered) => {
      if (loss === 'answer') return void answered.resume().once('end', lose);
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
      answered.once('error', lose);
    });
    // The server was killed.
    passed.once('error', lose);
    incoming.pipe(passed);
  });
  front.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  front.on('upgrade', ({ method, url, rawHeaders }, socket, head) => {
    if (isDown) return void socket.destroy();
    const passed = connect(Number(port), hostname, () => {
      const lines = rawHeaders.map((part, at) => (at % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('');
      passed.write(`${method} ${url} HTTP/1.1\r\n${lines}\r\n`);
      passed.write(head);
      passed.pipe(socket).pipe(passed);
    });
    for (const [one, other] of [
      [socket, passed],
      [passed, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    url: proxyAddress((front.address() as AddressInfo).port, server),
    network,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      front.close();
    },
  };
}
