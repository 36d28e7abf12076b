import { connect, type Socket } from 'node:net';
import type { RawReader, RawReaderOptions } from './socket-reader.ts';

/**
 * A cheap reader of Server-Sent Events: a TCP connection that finds the ends of blocks and parses as little of a block as
 * possible.
 */
export function openStreamReader({ url, onEvent, onLost }: RawReaderOptions): RawReader {
  let socket: Socket | undefined;
  let closed = false;
  return {
    subscribe(channelId, after) {
      const { hostname, port, host } = new URL(url);
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const path = `/v1/channels/${channelId}/stream${after === undefined ? '' : `?after=${after}`}`;
      let missed = 0;
      let pending: Buffer | undefined;
      let isLive = false;

      const hear = (block: Buffer) => {
        if (isLive) {
          if (block[0] === i) onEvent(block);
          else if (!block.includes('event: ping')) onLost();
          return;
        }
        const data = block.indexOf('event: catchup\ndata: ');
        if (data === -1) return;
        const answer = JSON.parse(block.toString('utf8', data + 21)) as { more: boolean; events?: unknown[] };
        missed += answer.events?.length ?? 0;
        isLive = !answer.more;
        if (isLive) resolve(missed);
      };
      const take = (bytes: Buffer) => {
        const all = pending === undefined ? bytes : Buffer.concat([pending, bytes]);
        let from = 0;
        for (let to = all.indexOf('\n\n'); to !== -1; to = all.indexOf('\n\n', from)) {
          hear(all.subarray(from, to));
          from = to + 2;
        }
        pending = from === all.length ? undefined : all.subarray(from);
      };

      socket = connect({ host: hostname, port: Number(port) });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      socket.on('data', take);
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('The stream ended.'));
        if (!closed) onLost();
      });
      return promise;
    },
    close() {
      closed = true;
      socket?.destroy();
    },
  };
}

const i = 0x69;
