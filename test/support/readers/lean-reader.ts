import { Agent } from 'node:https';
import { WebSocket } from 'ws';

/**
 * A reader that follows docs/reference/protocol.md with as little work as possible, so that thousands fit into a test: a WebSocket
 * with just enough of Engine.IO and Socket.IO. When the server drains, it opens the next connection before it leaves this one. When a
 * connection breaks, it reconnects with its cursor.
 */
export interface LeanReader {
  close(): void;
}

export interface LeanReaderOptions {
  url: string;
  channelId: string;
  /** Everything up to `offset` is known at the beginning of a subscription. */
  onStart(offset: number): void;
  onEvent(change: { from: number; offset: number }): void;
  /** Whether a connection is subscribed. */
  onLive(isLive: boolean): void;
}

interface Answer {
  ok: boolean;
  more: boolean;
  cursor: string;
  mode: 'snapshot' | 'replay';
  covers: { to: number };
  events?: { from: number; offset: number }[];
}

/** Half of this to half as much again passes before a reader reconnects. */
const retryMs = 1_000;

/** Resumes TLS sessions, as browsers do. */
const agent = new Agent();

export function openLeanReader({ url, channelId, onStart, onEvent, onLive }: LeanReaderOptions): LeanReader {
  let cursor: string | undefined;
  let current: WebSocket | undefined;
  let closed = false;

  const connect = () => {
    if (closed) return;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
      ...(url.startsWith('https') && { agent }),
    });
    let isSubscribed = false;
    const subscribe = () => {
      if (current !== socket) {
        // From here on, only this connection counts.
        const left = current;
        current = socket;
        onLive(false);
        left?.terminate();
      }
      const from = cursor === undefined ? { limit: 1 } : { after: cursor };
      socket.send(`420${JSON.stringify(['subscribe', { channelId, ...from }])}`);
    };
    const answered = (answer: Answer) => {
      if (!answer.ok) return socket.terminate();
      if (answer.mode === 'snapshot') onStart(answer.covers.to);
      for (const event of answer.events ?? []) onEvent(event);
      cursor = answer.cursor;
      if (answer.more) return subscribe();
      isSubscribed = true;
      onLive(true);
    };
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text === '2') socket.send('3');
      else if (text.startsWith('0')) socket.send('40');
      else if (text.startsWith('40')) subscribe();
      else if (text.startsWith('430')) answered((JSON.parse(text.slice(3)) as [Answer])[0]);
      else if (text.startsWith('42["event"') && isSubscribed && current === socket) {
        const [, event] = JSON.parse(text.slice(2)) as [string, { from: number; offset: number; cursor: string }];
        onEvent(event);
        cursor = event.cursor;
      } else if (text.startsWith('42["drain"')) {
        const [, { withinMs }] = JSON.parse(text.slice(2)) as [string, { withinMs: number }];
        setTimeout(connect, Math.random() * withinMs * 0.8);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      // Another connection has replaced this one, or still works.
      if (current !== socket && current !== undefined) return;
      current = undefined;
      onLive(false);
      setTimeout(connect, (0.5 + Math.random()) * retryMs);
    });
  };
  connect();
  return {
    close() {
      closed = true;
      current?.terminate();
    },
  };
}
