import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { vi } from 'vitest';

/**
 * A real Socket.IO and HTTP server that sends what a test tells it to, for messages that a healthy server rarely sends: drains, ended
 * subscriptions, refusals. It records requests.
 */
export interface Asked {
  socket: Socket;
  request: { channelId: string; after?: string; limit?: number };
  answer(said: unknown): void;
}

export interface ScriptedServer extends AsyncDisposable {
  url: string;
  io: Server;
  /** Every subscribe, in order. */
  subscribes: Asked[];
  /** Connections in order. */
  sockets: Socket[];
  /** Waits for the nth subscribe. */
  subscribe(nth: number): Promise<Asked>;
}

export async function startScriptedServer(
  options: {
    /** Throws to refuse a connection. */
    admit?: (token: unknown) => void;
    onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  } = {},
): Promise<ScriptedServer> {
  const http = createServer((request, response) => {
    if (options.onRequest) options.onRequest(request, response);
    else response.writeHead(404).end();
  });
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  const server: ScriptedServer = {
    url: '',
    io,
    subscribes: [],
    sockets: [],
    async subscribe(nth) {
      return await vi.waitUntil(() => server.subscribes[nth - 1], { interval: 5 });
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await io.close();
    },
  };
  io.use((socket, next) => {
    try {
      options.admit?.(socket.handshake.auth.token);
      next();
    } catch (error) {
      next(error as Error);
    }
  });
  io.on('connection', (socket) => {
    server.sockets.push(socket);
    socket.on('subscribe', (request, answer) => server.subscribes.push({ socket, request, answer }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return server;
}
