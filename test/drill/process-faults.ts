import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket as WebSocketClient } from 'ws';
import { needs } from '../support/runner/machine.ts';
import { openDisturbance } from './disturb.ts';
import { type Fault, startWatched } from './scene.ts';

/** Faults of the process of a server and of its machine. */

/** The limit of open files, and how many connections are opened. */
const [descriptors, connections] = [200, 400];
/** The process is busy for so long, then free for a moment, again and again. */
const [busyMs, freeMs] = [700, 100];

const withDescriptors = ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh'];
const addressOf = (count: number) => `127.20.${count >> 8}.${count & 255}`;

export const processFaults: readonly Fault[] = [
  {
    name: 'no-descriptors',
    what: 'A crowd opens more connections than the limit of open files allows.',
    metric: 'pressbox_connections',
    message: 'the open file limit is reached: new connections are refused',
    alert: 'PressboxConnectionsFull',
    missing: () => undefined,
    async start(room) {
      const watched = await startWatched(room, { starter: withDescriptors });
      const strike = () => {
        // Each from another address, because one address gets half of the connections at most.
        for (let count = 0; count < connections; count += 1) {
          const to = { port: Number(new URL(watched.url).port), host: '127.0.0.1', localAddress: addressOf(count) };
          const socket = connect(to).on('error', () => undefined);
          // A request whose end never comes uses the connection.
          socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
          room.defer(() => void socket.destroy());
        }
      };
      return { servers: [watched], strike };
    },
  },
  {
    name: 'connections-full',
    what: 'More readers connect by WebSocket than the limit of open files allows.',
    metric: 'pressbox_connections',
    message: 'the open file limit is reached: new connections are refused',
    alert: 'PressboxConnectionsFull',
    missing: () => undefined,
    async start(room) {
      const watched = await startWatched(room, { starter: withDescriptors });
      // One after the other: those that find no room are refused with 429 and leave, so the reserve is never used up.
      const strike = async () => {
        for (let count = 0; count < descriptors; count += 1) await connectReader(room, watched.url, addressOf(count));
      };
      return { servers: [watched], strike };
    },
  },
  {
    name: 'clock-jump',
    what: 'The system clock jumps ahead by ten minutes.',
    metric: 'pressbox_clock_jumps_total',
    message: 'the system clock jumped',
    alert: 'PressboxClockJumped',
    missing: () => (needs.compiler.find() === undefined ? needs.compiler.advice : undefined),
    async start(room) {
      const disturbance = room.use(await openDisturbance());
      const watched = await startWatched(room, { env: disturbance.env });
      return { servers: [watched], strike: () => disturbance.set({ aheadMs: 600_000 }) };
    },
  },
  {
    name: 'busy-loop',
    what: `The process is busy for ${busyMs} ms at a time.`,
    metric: 'nodejs_eventloop_lag_p99_seconds',
    message: 'the process is too busy: readers and authors wait',
    alert: 'PressboxEventLoopLate',
    missing: () => undefined,
    async start(room) {
      const inspected = await startInspected(room);
      const busy = `const until = performance.now() + ${busyMs}; while (performance.now() < until);`;
      const loop = `setTimeout(function again() { ${busy} setTimeout(again, ${freeMs}); }, ${freeMs})`;
      return { servers: [inspected.watched], strike: () => inspected.evaluate(loop) };
    },
  },
  {
    name: 'endless-loop',
    what: 'The process hangs in an endless loop.',
    metric: 'up',
    message: undefined,
    alert: 'PressboxDown',
    missing: () => undefined,
    async start(room) {
      const inspected = await startInspected(room);
      return { servers: [inspected.watched], strike: () => inspected.evaluate('setTimeout(() => { for (;;); }, 100)') };
    },
  },
];

/** A server in which an expression can be evaluated, by the debugger of Node. */
async function startInspected(room: AsyncDisposableStack) {
  let address = '';
  const onLine = (line: string) => {
    address ||= /^Debugger listening on (ws:\S+)/.exec(line)?.[1] ?? '';
  };
  const watched = await startWatched(room, { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' }, onLine });
  const debugging = new WebSocket(address);
  await once(debugging, 'open');
  room.defer(() => debugging.close());
  return {
    watched,
    evaluate(expression: string) {
      debugging.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
    },
  };
}

/** Connects a reader, who stays connected if the server has room. */
async function connectReader(room: AsyncDisposableStack, url: string, localAddress: string): Promise<void> {
  const target = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocketClient(target, { localAddress });
  room.defer(() => socket.terminate());
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    const [type] = data.toString();
    if (type === '0') socket.send('40');
    if (type === '2') socket.send('3');
  });
  await new Promise<void>((resolve) => socket.once('open', () => resolve()).once('error', () => resolve()));
}
