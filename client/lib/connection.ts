import { type Event, type Transport, transports } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { type Http, passes, type TokenSource } from './http.ts';
import { partsOf } from './platform.ts';
import type { Answered, Dial, Failure, Link, SubscribeRequest } from './transports/link.ts';
import { dialPoll } from './transports/poll.ts';
import { dialSocket } from './transports/socket.ts';
import { dialStream } from './transports/stream.ts';
import { alarmAt, type ChoiceState, choose, type Happened, startChoosing } from './transports/transport-selector.ts';

/**
 * The connection to a server, over whichever way is open: dials, comes back after a loss with backoff and jitter, and moves to another
 * node when this one says that it is going away. What to do is decided in `transports/choose.ts`; here it is done.
 */
export interface Told {
  /** A link stands, the first one or another: whatever was asked on the one before will not be answered. */
  up(): void;
  /** The link was lost, or could not be made, and another attempt will follow. */
  down(): void;
  /** The server will not have us: no further attempt is made. */
  refused(problem: Problem): void;
  event(event: Event): void;
  store(store: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: string }): void;
  /** There is something to ask for. */
  missed(): void;
}

export interface ConnectionOptions {
  url: string;
  token?: TokenSource | undefined;
  session?: false | undefined;
  random?: (() => number) | undefined;
  now?: (() => number) | undefined;
  /** The ways that may be taken, whatever their order here; all of them where it is not given. */
  transports?: readonly Transport[] | undefined;
  retryBetterMs?: number | undefined;
}

/**
 * The way that worked last to each server, for as long as the page or the program lives: another reader, of another channel or after a
 * while, need not find out again. What a reader uses that may not use every way tells nothing.
 */
const worked = new Map<string, Transport>();
const mostServers = 20;

function remember(url: string, way: Transport): void {
  worked.delete(url);
  worked.set(url, way);
  for (const [longestAgo] of worked) if (worked.size > mostServers) worked.delete(longestAgo);
}

const dials: Record<Transport, Dial> = { socket: dialSocket, stream: dialStream, poll: dialPoll };

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #http: Http;
  readonly #request: () => SubscribeRequest;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #told: Told;
  /** The link in use. */
  #link: Link | undefined;
  /** Links being made, beside or instead of the one in use. */
  readonly #dialled = new Map<Transport, Link>();
  #choice: ChoiceState;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #heardAt: number;
  /** By how much the clock was put back, and what it told last. */
  #behindMs = 0;
  #last = Number.NEGATIVE_INFINITY;
  /** A token was refused, and a fresh one was not yet. */
  #renewed = false;
  #opened = false;
  #closed = false;

  /** `request`: what would be asked for now. Throws where `url` is no address of the web. */
  constructor(options: ConnectionOptions, http: Http, request: () => SubscribeRequest, told: Told) {
    // Said to the app, and not found out by an attempt that can tell nobody.
    partsOf(options.url);
    this.#options = options;
    this.#http = http;
    this.#request = request;
    this.#told = told;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? Date.now;
    this.#heardAt = this.#time();
    const { transports: wanted, url } = options;
    this.#choice = wanted
      ? startChoosing(transports.filter((way) => wanted.includes(way)))
      : startChoosing(transports, worked.get(url));
  }

  get up(): boolean {
    return this.#link !== undefined;
  }

  /** The way in use. */
  get transport(): Transport | undefined {
    return this.#choice.using;
  }

  /** Milliseconds since anything was heard of the server, or since it was to be reached. */
  get silentMs(): number {
    return this.#time() - this.#heardAt;
  }

  /** When that was, by the clock as it is now. RFC 3339. */
  get heardAt(): string {
    return new Date(this.#now() - this.silentMs).toISOString();
  }

  /** Whether a token that has run out can be replaced by a fresh one. */
  get renewable(): boolean {
    return typeof this.#options.token === 'function' && !this.#renewed;
  }

  open(): void {
    this.#opened = true;
    this.#heardAt = this.#time();
    this.#do({ type: 'begin' });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#alarm);
    this.#link?.close();
    this.#link = undefined;
    for (const link of this.#dialled.values()) link.close();
    this.#dialled.clear();
  }

  /** Tries to connect now instead of waiting out the pause, and better ways than the one in use. `network`: it may be another one. */
  wake(network: boolean): void {
    if (network) worked.clear();
    if (this.#opened) this.#do({ type: 'wake', network });
  }

  /** Lets every link go, and makes none before it is woken. */
  rest(): void {
    if (this.#opened) this.#do({ type: 'rest' });
  }

  /** The link gives no answer: makes another one now. */
  redo(): void {
    this.#do({ type: 'lost', silent: false });
    this.#do({ type: 'wake', network: false });
  }

  /** Makes another link with a fresh token. */
  renew(): void {
    this.#renewed = true;
    this.#do({ type: 'begin' });
  }

  /** The subscription holds, the token with it: what failed before no longer counts. */
  proved(): void {
    this.#renewed = false;
  }

  /** As `Link.subscribe`. Where the link is lost meanwhile, `down` says so, and nothing is answered. */
  subscribe(request: SubscribeRequest, answered: Answered, withinMs: number): void {
    const link = this.#link;
    if (link === undefined) return answered(undefined);
    link.subscribe(request, (said) => link === this.#link && answered(said), withinMs);
  }

  #do(happened: Happened, now = this.#time()): void {
    if (this.#closed) return;
    const { state, giveUp, dial, use, down } = choose(this.#choice, happened, {
      now,
      random: this.#random(),
      betterFirstMs: this.#options.retryBetterMs,
    });
    this.#choice = state;
    this.#setAlarm(now);
    for (const way of giveUp) this.#giveUp(way);
    if (use !== undefined || down) {
      this.#link?.close();
      this.#link = use && this.#dialled.get(use);
      if (use !== undefined) this.#dialled.delete(use);
    }
    if (use !== undefined && this.#options.transports === undefined) remember(this.#options.url, use);
    for (const way of dial) this.#dial(way);
    if (down) this.#told.down();
    if (use !== undefined) this.#told.up();
  }

  /** The clock, without its steps back: a device that corrects its clock waits no longer for that, and nothing becomes younger. */
  #time(): number {
    const at = this.#now() + this.#behindMs;
    if (at < this.#last) this.#behindMs += this.#last - at;
    this.#last = Math.max(this.#last, at);
    return this.#last;
  }

  #setAlarm(now: number): void {
    clearTimeout(this.#alarm);
    const at = alarmAt(this.#choice);
    if (at === undefined) return;
    // It is due when it rings, whatever the clock says by then.
    this.#alarm = setTimeout(() => this.#do({ type: 'time' }, Math.max(at, this.#time())), Math.max(0, at - now));
  }

  #giveUp(way: Transport): void {
    this.#dialled.get(way)?.close();
    this.#dialled.delete(way);
  }

  #dial(way: Transport): void {
    const { url, token, session } = this.#options;
    const told = this.#told;
    const ifUsed =
      <T extends unknown[]>(tell: (...told: T) => void) =>
      (...told: T) => {
        if (link === this.#link) tell(...told);
      };
    const ifDialled =
      <T extends unknown[]>(tell: (...told: T) => void) =>
      (...told: T) => {
        if (link === this.#dialled.get(way)) tell(...told);
      };
    // Tells nothing before it is made.
    const link: Link = dials[way]({
      url,
      token,
      session,
      http: this.#http,
      request: this.#request(),
      told: {
        up: ifDialled(() => {
          this.#heardAt = this.#time();
          this.#do({ type: 'up', way });
        }),
        failed: ifDialled((why) => this.#onFailed(way, why)),
        heard: ifUsed(() => {
          this.#heardAt = this.#time();
        }),
        lost: ifUsed((silent) => this.#do({ type: 'lost', silent })),
        drain: ifUsed((withinMs) => this.#do({ type: 'drain', withinMs })),
        event: ifUsed(told.event),
        store: ifUsed(told.store),
        unsubscribed: ifUsed(told.unsubscribed),
        missed: ifUsed(told.missed),
      },
    });
    // The app may have closed it when it was asked for a token.
    if (this.#closed) link.close();
    else this.#dialled.set(way, link);
  }

  #onFailed(way: Transport, why: Failure): void {
    this.#giveUp(way);
    if (why.kind !== 'refused') return this.#do({ type: 'failed', way, why: why.kind });
    const { problem } = why;
    const isForGood = !passes(problem);
    if (isForGood && !(problem.code === 'token-invalid' && this.renewable)) {
      this.close();
      return this.#told.refused(problem);
    }
    if (isForGood) this.#renewed = true;
    this.#do({ type: 'failed', way, why: 'asked-to-wait', waitMs: (problem.retryAfter ?? 0) * 1_000 });
  }
}
