import { connect, createServer, type Socket } from 'node:net';
import { type Malformed, malformedMessages } from './malformed.ts';

/**
 * The attacker runs in a separate process, so that its own cost does not count as slowness of the server:
 *
 *     node test/support/attacks/attacker.ts '{"port":4000,"seeds":[1],"messages":1000,"seconds":10,"halfOpen":20,"slow":10,"token":"…"}'
 *
 * Without a port it attacks its own listener, which accepts everything and never answers. It sends the messages at a steady rate,
 * from loopback addresses that nothing else uses, and prints its counts as JSON.
 */
interface Attack {
  port?: number;
  seeds: number[];
  /** Messages per seed. */
  messages: number;
  seconds: number;
  halfOpen: number;
  slow: number;
  /** A valid token without any rights. */
  token: string;
}

const attack = JSON.parse(process.argv[2] ?? '') as Attack;
const { seeds, messages, seconds, token } = attack;
const endsAt = performance.now() + seconds * 1_000;
/**
 * Milliseconds in which the messages for one second of the attack must be sent. Messages that were not sent by then are dropped.
 */
const patience = 5_000;
/** `sockets` and `requests` count the connections opened for messages. */
const done = { sent: 0, sockets: 0, requests: 0, halfOpen: 0, slow: 0, refused: 0 };

const port = attack.port ?? (await startSink());
const stop = [keep(attack.halfOpen, openHalf), keep(attack.slow, openSlow)];
await sendAll();
while (performance.now() < endsAt) await pause(50);
for (const end of stop) end();
console.log(JSON.stringify(done));
process.exit(0);

async function startSink(): Promise<number> {
  const sink = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  return (sink.address() as { port: number }).port;
}

/** Opens a connection from the nth address of the attacker. */
function dial(nth: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.${1 + (nth % 2)}.${1 + (nth % 100)}` });
  return socket.on('error', () => {
    done.refused += 1;
  });
}

/** Sends every message of every seed, spread over the available time. */
async function sendAll(): Promise<void> {
  const total = seeds.length * messages;
  const beganAt = performance.now();
  const generators = seeds.map((seed) => malformedMessages(seed));
  const lanes = { http: newLane(), socket: newLane() };
  const waiting: Record<Malformed['over'], Malformed[]> = { http: [], socket: [] };
  let made = 0;
  // A busy machine may need longer than the attack to send all messages.
  const latest = beganAt + seconds * patience;
  while (done.sent < total && performance.now() < latest) {
    const due = Math.min(total, Math.ceil((total * (performance.now() - beganAt)) / (seconds * 950)));
    for (; made < due; made += 1) {
      const message = (generators[made % generators.length] as () => Malformed)();
      waiting[message.over].push(message);
    }
    for (const over of ['http', 'socket'] as const) {
      const queue = waiting[over];
      let taken = 0;
      while (taken < queue.length && lanes[over].send(over, (queue[taken] as Malformed).bytes)) taken += 1;
      queue.splice(0, taken);
      done.sent += taken;
    }
    await pause(5);
  }
  for (const lane of Object.values(lanes)) lane.end();
}

/** Connections of one kind, reused until the server closes them. */
function newLane() {
  const idle: Socket[] = [];
  let open = 0;
  const most = 500;
  const start = (over: Malformed['over']) => {
    open += 1;
    const kind = over === 'http' ? 'requests' : 'sockets';
    done[kind] += 1;
    const socket = dial(done[kind]);
    socket.setNoDelay(true);
    // A connection can be used again after an answer. After some silence it is given up.
    const free = () => {
      if (!socket.destroyed && !idle.includes(socket)) idle.push(socket);
    };
    const forgotten = setTimeout(() => socket.destroy(), 1_000);
    socket.on('data', () => {
      forgotten.refresh();
      free();
    });
    socket.once('connect', () => {
      if (over === 'http') return free();
      socket.write(
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]));
      if (attack.port === undefined) free();
    });
    socket.once('close', () => {
      clearTimeout(forgotten);
      open -= 1;
      const at = idle.indexOf(socket);
      if (at >= 0) idle.splice(at, 1);
    });
  };
  return {
    send(over: Malformed['over'], bytes: Buffer): boolean {
      const socket = over === 'http' ? idle.pop() : idle[Math.floor(Math.random() * idle.length)];
      if (socket === undefined || socket.destroyed) {
        for (let more = 0; more < 10 && open < most; more += 1) start(over);
        return false;
      }
      socket.write(bytes);
      if (over === 'http' && attack.port === undefined) setTimeout(() => idle.push(socket), 2);
      return true;
    },
    end: () => {
      for (const socket of idle) socket.destroy();
    },
  };
}

/** Keeps `count` connections of a kind open, and replaces those that the server closes. */
function keep(count: number, openOne: (nth: number) => Socket): () => void {
  let ended = false;
  const sockets = new Set<Socket>();
  const start = (nth: number) => {
    if (ended) return;
    const socket = openOne(nth);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      setTimeout(() => start(nth), 500 + (nth % 500));
    });
  };
  for (let nth = 0; nth < count; nth += 1) setTimeout(() => start(nth), nth);
  return () => {
    ended = true;
    for (const socket of sockets) socket.destroy();
  };
}

/** Sends nothing, the beginning of a request, or a WebSocket upgrade without joining. */
function openHalf(nth: number): Socket {
  done.halfOpen += 1;
  const socket = dial(nth);
  const half = ['', 'GET /v1/chan', 'GET /v1/channels HTTP/1.1\r\nHost: a\r\n'][nth % 4];
  if (half === undefined) {
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
  } else if (half !== '') socket.write(half);
  return socket.resume();
}

/** Sends headers byte by byte, a body byte by byte, or a request whose answer is never read. */
function openSlow(nth: number): Socket {
  done.slow += 1;
  const socket = dial(nth);
  if (nth % 3 === 0) {
    socket.write('GET /v1/channels/moon/snapshot HTTP/1.1\r\nHost: a\r\n\r\n');
    return socket.pause();
  }
  socket.write(
    nth % 3 === 1
      ? 'GET /v1/channels HTTP/1.1\r\nHost: a\r\nX: '
      : `POST /v1/channels HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`,
  );
  const drip = setInterval(() => socket.write('a'), 2_000);
  socket.once('close', () => clearInterval(drip));
  return socket.resume();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
