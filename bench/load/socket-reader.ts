import { WebSocket } from 'ws';

/**
 * A cheap reader, so that thousands fit into the load generator: a WebSocket with just enough of Engine.IO 4 and Socket.IO 5 to
 * connect, subscribe and answer pings. It parses as little of a frame as possible.
 *
 * The first character of an Engine.IO packet is its type: `0` open, `2` ping, `3` pong, `4` message. In a message the Socket.IO
 * type follows: `0` connect, `2` event, `3` answer.
 */
export interface RawReader {
  /** Resolves with the number of missed events once the subscription is live. */
  subscribe(channelId: string, after?: string): Promise<number>;
  close(): void;
}

export interface RawReaderOptions {
  url: string;
  /** Gets the raw frame of an event, such as `42["event",{…}]`. */
  onEvent: (frame: Buffer) => void;
  onLost: () => void;
}

const open = 0x30;
const ping = 0x32;
const message = 0x34;
const connect = 0x30;
const event = 0x32;
const acknowledgement = 0x33;

export function connectSocketReader({ url, onEvent, onLost }: RawReaderOptions): Promise<RawReader> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<RawReader>();
  let answered: ((answer: Buffer) => void) | undefined;
  let refused: ((error: Error) => void) | undefined;
  let closed = false;

  const reader: RawReader = {
    async subscribe(channelId, after) {
      let missed = 0;
      for (let cursor = after; ; ) {
        const request = JSON.stringify([
          'subscribe',
          { channelId, ...(cursor === undefined ? { limit: 1 } : { after: cursor }) },
        ]);
        const frame = await new Promise<Buffer>((resolveAnswer, rejectAnswer) => {
          answered = resolveAnswer;
          refused = rejectAnswer;
          socket.send(`420${request}`);
        });
        const answer = answerIn(frame);
        missed += answer.events?.length ?? 0;
        if (!answer.more) return missed;
        cursor = answer.cursor;
      }
    },
    close() {
      closed = true;
      socket.terminate();
    },
  };

  socket.on('message', (data: Buffer) => {
    if (data[0] === message) {
      if (data[1] === event) return data.indexOf('"event"', 2) === 3 ? onEvent(data) : onLost();
      if (data[1] === acknowledgement) return answered?.(data);
      return data[1] === connect
        ? resolve(reader)
        : reject(new Error(`The server refused a reader: ${data.toString('utf8', 0, 200)}`));
    }
    if (data[0] === ping) socket.send('3');
    else if (data[0] === open) socket.send('40');
  });
  socket.on('error', (error) => reject(error));
  socket.on('close', () => {
    const error = new Error('The connection was closed.');
    reject(error);
    refused?.(error);
    if (!closed) onLost();
  });
  return promise;
}

/** Parses `430[{…}]`. Throws if the subscription was refused. */
function answerIn(frame: Buffer): { more: boolean; cursor: string; events?: unknown[] } {
  const [answer] = JSON.parse(frame.toString('utf8', frame.indexOf('['))) as [
    { ok: boolean; more: boolean; cursor: string; events?: unknown[]; problem?: { code: string } },
  ];
  if (!answer.ok) throw new Error(`A subscription was refused: ${answer.problem?.code}`);
  return answer;
}
