import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { isReadRequest } from './answers.ts';
import { type Share, Shares } from './fair-shares.ts';
import { httpLimits, responseLimits } from './http-limits.ts';

/**
 * The TCP connections of a process. Each takes a file descriptor, and a process without free descriptors cannot accept any
 * connection. So the process accepts fewer connections than it has descriptors, and shares them among addresses. A few more are
 * reserved for operators and authors, so that they can act when all others are in use.
 */
export interface ConnectionBounds {
  /** Connections for everyone. */
  most: number;
  /** Additional connections, for operators and authors only. */
  reserved: number;
}

/** How many connections a process accepts with this limit of file descriptors. Undefined: the limit is unknown. */
export function connectionsFor(descriptors: number | undefined): ConnectionBounds {
  const { reservedConnections, otherDescriptors } = httpLimits;
  const most = (descriptors ?? Number.POSITIVE_INFINITY) - otherDescriptors - reservedConnections;
  return { most: Math.max(most, reservedConnections), reserved: reservedConnections };
}

/** The current limit of file descriptors of this process. Undefined without a limit. */
export function descriptorLimit(): number | undefined {
  const reporter = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  const { excludeNetwork } = reporter;
  // Otherwise the report looks up the name of each connected address, and blocks the process meanwhile.
  reporter.excludeNetwork = true;
  const report = reporter.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  reporter.excludeNetwork = excludeNetwork;
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

export interface ConnectionsOptions extends ConnectionBounds {
  /**
   * Whether the address is that of a trusted proxy. The shares of addresses do not apply to its connections, which carry many
   * clients.
   */
  isProxy(address: string): boolean;
  /** Whether the connection carries a request, a stream or a socket. Unused connections are closed first. */
  isUsed(socket: Socket): boolean;
  /** A connection was closed. `share`: its address held more than its share. `full`: no connection was free. */
  onCut(kind: 'share' | 'full'): void;
  /** Called when only reserved connections are left (`isFull`), and when enough others are free again. */
  onFull(isFull: boolean, count: number): void;
}

const inReserve = new WeakSet<Socket>();

/** Whether the connection belongs to the reserve. */
export function isReserved(socket: Socket): boolean {
  return inReserve.has(socket);
}

/**
 * Restricts connections of the reserve to operators and authors. Mount it after the health endpoints. `onRefused` is called for
 * each request of another client, also for a WebSocket handshake, whose upgrade is ignored.
 */
export function guardReserve(onRefused: () => void): RequestHandler {
  return (request, _response, next) => {
    if (!isReserved(request.socket)) return next();
    if (request.headers.authorization !== undefined && !isReadRequest(request)) return next();
    onRefused();
    throw new Refusal('rate-limited', {
      detail: 'The server has too many open connections.',
      retryAfter: responseLimits.slotRetrySeconds,
    });
  };
}

export function boundConnections(http: Server, options: ConnectionsOptions): void {
  const { most, reserved, isProxy, isUsed, onCut, onFull } = options;
  let isFull = false;
  const shares = new Shares<Socket>({
    most: most + reserved,
    drop(socket) {
      socket.destroy();
      onCut('share');
    },
    isDispensable: (socket) => !isUsed(socket),
  });
  const reportFull = (full: boolean) => {
    if (full === isFull) return;
    isFull = full;
    onFull(full, shares.held);
  };

  http.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (isProxy(address)) {
      shares.take();
      socket.once('close', () => shares.giveBack());
    } else {
      const share: Share<Socket> = shares.add(socket, address);
      socket.once('close', () => shares.remove(share));
    }
    if (shares.held <= most) {
      // The margin keeps the message from being repeated while the count moves around the limit.
      if (shares.held <= most - reserved) reportFull(false);
      return;
    }
    reportFull(true);
    if (shares.held > most + reserved) {
      onCut('full');
      socket.destroy();
      return;
    }
    inReserve.add(socket);
    // Closes a reserved connection that is not in use.
    const checkUse = setInterval(() => {
      if (isUsed(socket)) return;
      onCut('full');
      socket.destroy();
    }, httpLimits.reservedMs).unref();
    socket.once('close', () => clearInterval(checkUse));
  });
}
