import type { Socket } from 'node:net';
import type { Socket as EngineSocket } from 'engine.io';
import type { Page } from '../../../client/lib/timeline/timeline-pages.ts';
import { readableChannel } from '../../../src/access/channel-access.ts';
import type { Engine, Journal } from '../../../src/journal/engine.ts';
import { oneShotCatchUp, readOneShot } from '../../../src/live/one-shot-catch-up.ts';
import type { Acknowledgement, ClientSocket, MessageHandler, ServerMessages } from '../../../src/live/socket/messages.ts';
import { SocketPipe } from '../../../src/live/socket/socket-pipe.ts';
import { SocketSession } from '../../../src/live/socket/socket-session.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import { formatCursor } from '../../../src/protocol/cursor.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import { readerView } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import type { EncodedCatchUp } from '../../../src/streams/catch-up.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { FairScheduler } from '../../../src/streams/fair-scheduler.ts';
import { channelId } from './contents.ts';
import { NodeEngine } from './node-engine.ts';
import type { Setting } from './setting.ts';

/** One server process: the real channel streams and socket sessions over a modelled store, with links as sockets. */
export type Told =
  | { type: 'event'; event: Event }
  | { type: 'unsubscribed'; reason: string }
  | { type: 'drain'; withinMs: number }
  | {
      type: 'answer';
      number: number;
      said: ({ ok: true } & CatchUp) | { ok: false; problem: Problem };
    };

/** Observes everything a node hands out, in the same tick. */
export interface Watcher {
  handed(told: Told): void;
}

const silent = { info() {}, warn() {} };
const uncounted = {
  catchUps: { inc() {} },
  catchUpSeconds: { observe() {} },
  problems: { inc() {} },
  subscriptionsEnded: { inc() {} },
  rejections: { inc() {} },
} as unknown as ConstructorParameters<typeof SocketSession>[2]['metrics'];

export class SimNode {
  readonly id: string;
  readonly engine: NodeEngine;
  readonly streams: ChannelStreams;
  readonly sockets = new Set<ServerSocket>();
  isDraining = false;
  /** Reads of the channel by requests rather than channel streams, one per request. */
  #routeReads = 0;
  readonly #setting: Setting;

  constructor(id: string, setting: Setting) {
    this.id = id;
    this.#setting = setting;
    this.engine = new NodeEngine(id, setting);
    this.streams = new ChannelStreams({
      engine: this.engine as unknown as Engine,
      random: () => setting.random.fraction(),
      log: silent,
      delivered() {},
      startTimer: (ms, run) => this.engine.later(ms, run),
      scheduler: new FairScheduler((run) => void this.engine.later(0, run)),
    });
  }

  get isUp(): boolean {
    return !this.engine.isClosed;
  }

  /** Reads of the journal, without the one of each request. */
  get reads(): number {
    return this.engine.asked.reads - this.#routeReads;
  }

  connect(who: Principal | undefined, deliver: (told: Told) => void, watcher: Watcher, hungUp: () => void): ServerSocket {
    const { engine } = this;
    const socket = new ServerSocket(this.#setting, engine, deliver, watcher, hungUp);
    this.sockets.add(socket);
    const { scheduler } = this.#setting;
    socket.talk = new SocketSession(socket, who, {
      streams: this.streams,
      readers: { add() {}, remove() {}, busy: new Set() },
      identity: { statusOf: () => 'good' },
      rates: { requests() {}, chargeResponse() {} },
      now: () => scheduler.now,
      defer: (run) => void engine.later(0, run),
      log: silent,
      metrics: uncounted,
    });
    return socket;
  }

  /** Answers `GET events` like the route. Throws `JournalUnavailable` or a refusal. */
  async poll(who: Principal | undefined, after: Position | undefined): Promise<EncodedCatchUp> {
    await this.engine.heeded();
    this.#routeReads += 1;
    const { replay, snapshot } = this.#setting.chances;
    const parts = { engine: this.engine as unknown as Journal, streams: this.streams };
    const query = { after, limit: replay, posts: snapshot };
    const { encoded } = await readOneShot(parts, who, channelId, (stream) => oneShotCatchUp(stream, query));
    return encoded;
  }

  /** Answers `GET posts` like the route. */
  async page(who: Principal | undefined, before: number): Promise<Page | undefined> {
    await this.engine.heeded();
    const query = { before, limit: 3, bytes: limits.answerBytes };
    return await this.streams.guarded(async () => {
      await this.#mustRead(who);
      const read = await this.engine.posts(channelId, query);
      await this.#mustRead(who);
      return read && { posts: read.posts.map(readerView), cursor: formatCursor(read.position), more: read.more };
    });
  }

  async #mustRead(who: Principal | undefined): Promise<void> {
    this.#routeReads += 1;
    await readableChannel(this.engine as unknown as Journal, who, channelId);
  }

  /** Ends the process without a message to anyone. */
  crash(): void {
    this.engine.crash();
    for (const socket of [...this.sockets]) socket.cut();
    this.sockets.clear();
  }

  drain(withinMs: number): void {
    this.isDraining = true;
    for (const socket of this.sockets) socket.send({ type: 'drain', withinMs });
  }

  async close(): Promise<void> {
    for (const socket of [...this.sockets]) socket.cut();
    this.sockets.clear();
    this.streams.close();
    await this.engine.close();
  }
}

/** The server's end of a socket: what a socket session sees, over the parts of engine.io that the pipe uses. */
export class ServerSocket implements ClientSocket {
  isOpen = true;
  readonly address = '192.0.2.1';
  isPaid = true;
  /** The highest offset handed to this socket. */
  handedTo = -1;
  /** The socket whose readiness was checked last, to find out which socket a reader belongs to. */
  static asked: ServerSocket | undefined;
  readonly pipe: SocketPipe;
  talk: MessageHandler | undefined;
  readonly #setting: Setting;
  readonly #engine: NodeEngine;
  readonly #deliver: (told: Told) => void;
  readonly #watcher: Watcher;
  readonly #hungUp: () => void;
  readonly #ready = new Set<() => void>();
  /** Messages that engine.io has not sent yet. */
  #waiting: Told[] = [];
  /** Whether some unsent bytes belong to engine.io, which has to be told when they are sent. */
  #isEngines = false;
  /** Callbacks that wait until earlier bytes are sent. */
  #behind: (() => void)[] = [];
  #takes = true;

  constructor(setting: Setting, engine: NodeEngine, deliver: (told: Told) => void, watcher: Watcher, hungUp: () => void) {
    this.#setting = setting;
    this.#engine = engine;
    this.#deliver = deliver;
    this.#watcher = watcher;
    this.#hungUp = hungUp;
    const self = this;
    const socket = {
      get writableLength() {
        ServerSocket.asked = self;
        return self.#takes ? 0 : 1;
      },
      write: (frames: Buffer, taken?: () => void) => {
        if (taken !== undefined) this.#behind.push(taken);
        for (const event of eventsIn(frames)) this.#hand({ type: 'event', event });
        this.#flush();
      },
    };
    const connection = {
      get readyState() {
        return self.isOpen ? 'open' : 'closed';
      },
      get writeBuffer() {
        return self.#waiting;
      },
      close: () => this.cut(),
      transport: {
        socket: {
          get readyState() {
            return self.isOpen ? 1 : 3;
          },
        },
        on: (_name: 'ready', listener: () => void) => void this.#ready.add(listener),
        off: (_name: 'ready', listener: () => void) => void this.#ready.delete(listener),
      },
    };
    this.pipe = new SocketPipe(connection as unknown as EngineSocket, socket as unknown as Socket);
  }

  emit<Name extends keyof ServerMessages>(name: Name, said: ServerMessages[Name]): void {
    this.send({ type: name, ...said } as Told);
  }

  acknowledge(number: number, said: Acknowledgement): void {
    this.send({ type: 'answer', number, said: said as Extract<Told, { type: 'answer' }>['said'] });
  }

  acknowledgeCatchUp(number: number, { json }: EncodedCatchUp): void {
    this.send({ type: 'answer', number, said: { ok: true, ...(JSON.parse(json) as CatchUp) } });
  }

  disconnect(): void {
    this.cut();
  }

  /** Handles a `subscribe` from the client. */
  hearSubscribe(number: number, after: string | undefined, limit: number): void {
    const request = { channelId, ...(after !== undefined && { after }), limit };
    this.#engine.comes(() => {
      if (this.isOpen) this.talk?.onMessage('subscribe', [request], number);
    });
  }

  send(told: Told): void {
    if (!this.isOpen) return;
    this.#hand(told);
    if (this.#takes) this.#flush();
    if (!this.#takes) this.#isEngines = true;
  }

  /** Ends the connection. Each side notices at its own time. */
  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.talk?.close();
    this.#hungUp();
  }

  #hand(told: Told): void {
    if (told.type === 'event') this.handedTo = Math.max(this.handedTo, told.event.offset);
    if (told.type === 'answer' && told.said.ok)
      this.handedTo = Math.max(told.said.covers.to, told.said.reset ? -1 : this.handedTo);
    this.#watcher.handed(told);
    this.#waiting.push(told);
  }

  /** Sends what was handed over. Now and then the connection is busy for a while. */
  #flush(): void {
    const { random, chances, scheduler } = this.#setting;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const told of waiting) this.#deliver(told);
    if (!this.#takes || !random.chance(chances.busy)) return;
    this.#takes = false;
    scheduler.later(random.chance(0.03) ? random.between(400, 18_000) : random.between(1, 400), () =>
      this.#engine.comes(() => this.drains()),
    );
  }

  /** Ends a busy phase. */
  drains(): void {
    if (!this.isOpen || this.#takes) return;
    this.#takes = true;
    this.#flush();
    if (!this.#takes) return;
    const behind = this.#behind;
    this.#behind = [];
    for (const taken of behind) taken();
    if (!this.#isEngines) return;
    this.#isEngines = false;
    for (const listener of [...this.#ready]) listener();
  }
}

/** The events in the WebSocket frames that the server wrote. */
function* eventsIn(frames: Buffer): Generator<Event> {
  for (let at = 0; at < frames.length; ) {
    const short = (frames[at + 1] as number) & 0x7f;
    const begin = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    const length = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : Number(frames.readBigUInt64BE(at + 2));
    const text = frames.toString('utf8', begin, begin + length);
    yield JSON.parse(text.slice('42["event",'.length, -1)) as Event;
    at = begin + length;
  }
}
