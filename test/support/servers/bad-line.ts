import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { proxyAddress } from './addresses.ts';

/**
 * A bad network between a client and a server: a TCP proxy on the loopback that can cut connections in the middle of a frame, delay bytes
 * and stall. Bytes that pass are unchanged and in order.
 */
export interface Line extends AsyncDisposable {
  readonly url: string;
  /** The URL of the server to which new connections go. */
  target: string;
  /** Connections open now. */
  readonly connections: number;
  /** Delay of bytes from the server, milliseconds. */
  delayMs: number;
  /** Bandwidth in each direction, shared by all connections in turn. Further bytes queue without a bound, as in a network. */
  bytesPerSecond: number;
  /** No bytes pass in either direction, and new connections wait. */
  stalled: boolean;
  /** The next connection on which the server sends this text is cut right after it. */
  cutAfter: string | undefined;
  /** Open connections whose client has sent this text stay open and receive nothing more. Returns their number. */
  deafen(text: string): number;
  /** Resets every connection. Queued bytes are lost. */
  cut(): void;
}

/** How many characters from a client are kept. */
const saidMost = 1_048_576;

export async function startLine(target: string): Promise<Line> {
  let goesTo = target;
  const pairs = new Set<Pair>();
  let delayMs = 0;
  let bytesPerSecond = Number.POSITIVE_INFINITY;
  let stalled = false;
  let cutAfter: string | undefined;
  const [up, down] = [new Carrier(() => bytesPerSecond), new Carrier(() => bytesPerSecond)];

  const listener = createServer({ allowHalfOpen: false }, (client) => {
    const { hostname, port } = new URL(goesTo);
    const server = connect({ host: hostname, port: Number(port) });
    const pair: Pair = { client, server, queues: [], said: '', deaf: false };
    pair.queues = [
      forward(client, server, { carrier: up, delay: () => 0, stalled: () => stalled }),
      forward(server, client, { carrier: down, delay: () => delayMs, stalled: () => stalled || pair.deaf }),
    ];
    client.on('data', (chunk: Buffer) => {
      pair.said = (pair.said + chunk.toString('latin1')).slice(0, saidMost);
    });
    server.on('data', (chunk: Buffer) => {
      if (cutAfter === undefined || !chunk.includes(cutAfter)) return;
      cutAfter = undefined;
      server.destroy();
      // Queued bytes still arrive.
      client.end();
    });
    pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const queue of pair.queues) queue.end();
        client.destroy();
        server.destroy();
      });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const cut = () => {
    for (const { client, server } of [...pairs]) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  return {
    url: proxyAddress((listener.address() as AddressInfo).port, target),
    get target() {
      return goesTo;
    },
    set target(url) {
      goesTo = url;
    },
    get connections() {
      return pairs.size;
    },
    get delayMs() {
      return delayMs;
    },
    set delayMs(ms) {
      delayMs = ms;
    },
    get bytesPerSecond() {
      return bytesPerSecond;
    },
    set bytesPerSecond(rate) {
      bytesPerSecond = rate;
    },
    get stalled() {
      return stalled;
    },
    set stalled(is) {
      stalled = is;
      for (const { queues } of pairs) for (const queue of queues) queue.pump();
    },
    get cutAfter() {
      return cutAfter;
    },
    set cutAfter(text) {
      cutAfter = text;
    },
    deafen(text) {
      const deafened = [...pairs].filter(({ said }) => said.includes(text));
      for (const pair of deafened) pair.deaf = true;
      return deafened.length;
    },
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
    },
  };
}

interface Pair {
  client: Socket;
  server: Socket;
  queues: Queue[];
  /** The first bytes from the client. */
  said: string;
  deaf: boolean;
}

interface Queue {
  /** Forwards bytes that are due. */
  pump(): void;
  end(): void;
}

interface Manner {
  carrier: Carrier;
  delay: () => number;
  stalled: () => boolean;
}

/** Bytes that a slow link carries at once. */
const portionBytes = 512;

/** One direction of a line: one portion at a time, from the connections in turn. */
class Carrier {
  /** Bytes per second. */
  readonly #rate: () => number;
  readonly #waiting = new Map<object, { chunk: Buffer; carried: (portion: Buffer) => void }[]>();
  #timer: NodeJS.Timeout | undefined;
  /** The time at which the current portion has passed. */
  #freeAt = 0;

  constructor(rate: () => number) {
    this.#rate = rate;
  }

  carry(connection: object, chunk: Buffer, carried: (portion: Buffer) => void): void {
    if (!Number.isFinite(this.#rate()) && this.#waiting.size === 0) return carried(chunk);
    this.#waiting.set(connection, [...(this.#waiting.get(connection) ?? []), { chunk, carried }]);
    if (this.#timer !== undefined) return;
    this.#freeAt = performance.now();
    this.#next();
  }

  forget(connection: object): void {
    this.#waiting.delete(connection);
  }

  #next(): void {
    this.#timer = undefined;
    const [turn] = this.#waiting;
    if (turn === undefined) return;
    const [connection, [first, ...others]] = turn as [object, [{ chunk: Buffer; carried: (portion: Buffer) => void }]];
    const portion = first.chunk.subarray(0, portionBytes);
    const rest = first.chunk.subarray(portionBytes);
    const left = rest.length > 0 ? [{ ...first, chunk: rest }, ...others] : others;
    // Move it to the end of the queue, so that the other connections come first.
    this.#waiting.delete(connection);
    if (left.length > 0) this.#waiting.set(connection, left);
    // Time in which this process was blocked must not make the line slower.
    this.#freeAt += (portion.length / this.#rate()) * 1_000;
    this.#timer = setTimeout(
      () => {
        first.carried(portion);
        this.#next();
      },
      Math.max(0, this.#freeAt - performance.now()),
    );
  }
}

/** Forwards chunks in order, each after its delay. */
function forward(from: Socket, to: Socket, { carrier, delay, stalled }: Manner): Queue {
  const waiting: { chunk: Buffer; at: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const pump = () => {
    clearTimeout(timer);
    while (!stalled()) {
      const first = waiting[0];
      if (first === undefined) return;
      const ms = first.at - performance.now();
      if (ms > 0) {
        timer = setTimeout(pump, ms);
        return;
      }
      waiting.shift();
      if (to.writable) to.write(first.chunk);
    }
  };
  from.on('data', (chunk: Buffer) => {
    carrier.carry(from, chunk, (portion) => {
      waiting.push({ chunk: portion, at: performance.now() + delay() });
      pump();
    });
  });
  return {
    pump,
    end() {
      clearTimeout(timer);
      carrier.forget(from);
      waiting.length = 0;
    },
  };
}
