import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { isRead } from './answers.ts';
import { type Share, Shares } from './fair-shares.ts';
import { httpLimits, responseLimits } from './http-limits.ts';

/**
 * TCP connections of a process. Each takes a file descriptor, and a process that has none left takes up no connection at all: so fewer are
 * taken than there are descriptors, shared among addresses. Beyond that a few are kept for operators and authors, who would mend it.
 */
export interface ConnectionBounds {
  /** That are taken up. */
  most: number;
  /** Beyond these, for whoever may use the reserve. */
  reserved: number;
}

/** What a process with this limit of file descriptors takes up. Undefined: no limit is known. */
export function connectionsFor(descriptors: number | undefined): ConnectionBounds {
  const { reservedConnections, otherDescriptors } = httpLimits;
  const most = (descriptors ?? Number.POSITIVE_INFINITY) - otherDescriptors - reservedConnections;
  return { most: Math.max(most, reservedConnections), reserved: reservedConnections };
}

/** The limit of file descriptors of this process, as it stands now; undefined where there is none. */
export function descriptorLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

export interface ConnectionsOptions extends ConnectionBounds {
  /** Whether a peer is a proxy that is believed: it has no share, since it speaks for many. */
  isProxy(address: string): boolean;
  /** Whether something is asked or followed over it. What is not goes first. */
  isUsed(socket: Socket): boolean;
  /** `share`: its address held most. `full`: no connection was left. */
  onCut(kind: 'share' | 'full'): void;
  /** The reserve is used, or no longer. */
  onFull(isFull: boolean, count: number): void;
}

const inReserve = new WeakSet<Socket>();

/** Whether a connection was taken up beyond the bound, for those alone who may use the reserve. */
export function isReserved(socket: Socket): boolean {
  return inReserve.has(socket);
}

/** Lets operators and authors alone use a connection of the reserve. Mount it behind what operators ask. */
export function guardReserve(): RequestHandler {
  return (request, _response, next) => {
    if (!isReserved(request.socket)) return next();
    if (request.headers.authorization !== undefined && !isRead(request)) return next();
    throw new Refusal('rate-limited', {
      detail: 'As many connections are open as may be.',
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
      // Not at the bound itself, where it would be told again and again.
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
    // Nobody keeps the reserve who does not use it.
    const checkUse = setInterval(() => {
      if (!isUsed(socket)) socket.destroy();
    }, httpLimits.reservedMs).unref();
    socket.once('close', () => clearInterval(checkUse));
  });
}
