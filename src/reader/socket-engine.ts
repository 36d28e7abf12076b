import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as EngineServer, type Socket as EngineSocket } from 'engine.io';
import { limits } from '../protocol/limits.ts';

/**
 * The server of engine.io for WebSockets alone, which carries its clients with less: whoever connects has been looked at already, so no
 * request is parsed or checked a second time, no answer is made up for middleware that is not there, what a handshake says goes out in one
 * write, and of its request nothing stays.
 *
 * With `socket-pipe.ts` this is the one place that knows the insides of engine.io; `test/unit/socket-engine.test.ts` fails where they have
 * moved.
 */
export class SocketEngine extends EngineServer {
  constructor() {
    super({
      transports: ['websocket'],
      pingInterval: limits.pingSeconds * 1_000,
      pingTimeout: limits.pingTimeoutSeconds * 1_000,
      maxHttpBufferSize: limits.socketMessageBytes,
      perMessageDeflate: false,
      allowUpgrades: false,
    });
  }

  /** Node draws many of these at a time. */
  override generateId(): string {
    return randomUUID();
  }

  /** For a request that asks for `EIO=4&transport=websocket`. */
  override handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asked = request as AskedRequest;
    asked._query = query;
    socket.cork();
    insideOf(this).ws.handleUpgrade(asked, socket, head, (webSocket) => {
      // Until engine.io listens itself.
      webSocket.on('error', ignored);
      asked.websocket = webSocket;
      // Whoever fails here has been told why by then.
      const done = () => socket.uncork();
      insideOf(this)
        .handshake('websocket', asked, () => socket.destroy())
        .then(done, done);
    });
    // Where there was no upgrade, its refusal waits.
    if (asked.websocket === undefined) socket.uncork();
  }
}

/** Lets go of the request that a connection began with: some kilobytes a reader, in headers alone. */
export function forgetRequest(connection: EngineSocket): void {
  const inside = connection as unknown as { request: unknown };
  inside.request = forgotten;
}

/** As engine.io has it while it takes it up. */
type AskedRequest = IncomingMessage & { _query: Record<string, string>; websocket?: WebSocket };

interface WebSocket {
  on(name: 'error', listener: () => void): void;
}

interface Inside {
  handshake(transport: 'websocket', request: AskedRequest, refuse: () => void): Promise<void>;
  readonly ws: {
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, then: (webSocket: WebSocket) => void): void;
  };
}

const query: Record<string, string> = Object.freeze({ EIO: '4', transport: 'websocket' });
/** What engine.io and Socket.IO may still look at of a request. */
const forgotten = Object.freeze({ headers: Object.freeze({}), url: '', _query: query, connection: Object.freeze({}) });

function insideOf(engine: EngineServer): Inside {
  return engine as unknown as Inside;
}

function ignored(): void {}
