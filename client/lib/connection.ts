import { type Event, type Transport, transports } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { type Http, isTransient, type TokenSource } from './http.ts';
import { parseServerUrl } from './platform.ts';
import type { Dial, Link, LinkFailure, SubscribeCallback, SubscribeRequest } from './transports/link.ts';
import { dialPoll } from './transports/poll.ts';
import { dialSocket } from './transports/socket.ts';
import { dialStream } from './transports/stream.ts';
import {
  initialSelectorState,
  nextAlarmAt,
  type SelectorEvent,
  type SelectorState,
  selectTransport,
} from './transports/transport-selector.ts';

/**
 * The connection to a server, over whichever way is open: dials, comes back after a loss with backoff and jitter, and moves to another
 * node when this one says that it is going away. What to do is decided in `transports/choose.ts`; here it is done.
 */
export interface ConnectionCallbacks {
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
const lastWorking = new Map<string, Transport>();
const maxServers = 20;

function rememberTransport(url: string, transport: Transport): void {
  lastWorking.delete(url);
  lastWorking.set(url, transport);
  for (const [longestAgo] of lastWorking) if (lastWorking.size > maxServers) lastWorking.delete(longestAgo);
}

const dials: Record<Transport, Dial> = { socket: dialSocket, stream: dialStream, poll: dialPoll };

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #http: Http;
  readonly #buildRequest: () => SubscribeRequest;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #callbacks: ConnectionCallbacks;
  /** The link in use. */
  #link: Link | undefined;
  /** Links being made, beside or instead of the one in use. */
  readonly #attempts = new Map<Transport, Link>();
  #selectorState: SelectorState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt: number;
  /** By how much the clock was put back, and what it told last. */
  #clockCorrectionMs = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  /** A token was refused, and a fresh one was not yet. */
  #tokenWasRenewed = false;
  #isOpen = false;
  #isClosed = false;

  /** `request`: what would be asked for now. Throws where `url` is no address of the web. */
  constructor(options: ConnectionOptions, http: Http, request: () => SubscribeRequest, told: ConnectionCallbacks) {
    // Said to the app, and not found out by an attempt that can tell nobody.
    parseServerUrl(options.url);
    this.#options = options;
    this.#http = http;
    this.#buildRequest = request;
    this.#callbacks = told;
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? Date.now;
    this.#heardAt = this.#time();
    const { transports: wanted, url } = options;
    this.#selectorState = wanted
      ? initialSelectorState(transports.filter((transport) => wanted.includes(transport)))
      : initialSelectorState(transports, lastWorking.get(url));
  }

  get up(): boolean {
    return this.#link !== undefined;
  }

  /** The way in use. */
  get transport(): Transport | undefined {
    return this.#selectorState.active;
  }

  /** Milliseconds since anything was heard of the server, or since it was to be reached. */
  get silentMs(): number {
    return this.#time() - this.#heardAt;
  }

  /** When that was, by the clock as it is now. RFC 3339. */
  get lastHeardAt(): string {
    return new Date(this.#now() - this.silentMs).toISOString();
  }

  /** Whether a token that has run out can be replaced by a fresh one. */
  get canRenewToken(): boolean {
    return typeof this.#options.token === 'function' && !this.#tokenWasRenewed;
  }

  open(): void {
    this.#isOpen = true;
    this.#heardAt = this.#time();
    this.#dispatch({ type: 'begin' });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = undefined;
    for (const link of this.#attempts.values()) link.close();
    this.#attempts.clear();
  }

  /** Tries to connect now instead of waiting out the pause, and better ways than the one in use. `network`: it may be another one. */
  wake(network: boolean): void {
    if (network) lastWorking.clear();
    if (this.#isOpen) this.#dispatch({ type: 'wake', network });
  }

  /** Lets every link go, and makes none before it is woken. */
  rest(): void {
    if (this.#isOpen) this.#dispatch({ type: 'rest' });
  }

  /** The link gives no answer: makes another one now. */
  reconnect(): void {
    this.#dispatch({ type: 'lost', silent: false });
    this.#dispatch({ type: 'wake', network: false });
  }

  /** Makes another link with a fresh token. */
  reconnectWithFreshToken(): void {
    this.#tokenWasRenewed = true;
    this.#dispatch({ type: 'begin' });
  }

  /** The subscription holds, the token with it: what failed before no longer counts. */
  confirmToken(): void {
    this.#tokenWasRenewed = false;
  }

  /** As `Link.subscribe`. Where the link is lost meanwhile, `down` says so, and nothing is answered. */
  subscribe(request: SubscribeRequest, answered: SubscribeCallback, withinMs: number): void {
    const link = this.#link;
    if (link === undefined) return answered(undefined);
    link.subscribe(request, (said) => link === this.#link && answered(said), withinMs);
  }

  #dispatch(event: SelectorEvent, now = this.#time()): void {
    if (this.#isClosed) return;
    const { state, giveUp, dial, use, down } = selectTransport(this.#selectorState, event, {
      now,
      random: this.#random(),
      betterFirstMs: this.#options.retryBetterMs,
    });
    this.#selectorState = state;
    this.#setTimer(now);
    for (const transport of giveUp) this.#closeAttempt(transport);
    if (use !== undefined || down) {
      this.#link?.close();
      this.#link = use && this.#attempts.get(use);
      if (use !== undefined) this.#attempts.delete(use);
    }
    if (use !== undefined && this.#options.transports === undefined) rememberTransport(this.#options.url, use);
    for (const transport of dial) this.#dial(transport);
    if (down) this.#callbacks.down();
    if (use !== undefined) this.#callbacks.up();
  }

  /** The clock, without its steps back: a device that corrects its clock waits no longer for that, and nothing becomes younger. */
  #time(): number {
    const at = this.#now() + this.#clockCorrectionMs;
    if (at < this.#lastTime) this.#clockCorrectionMs += this.#lastTime - at;
    this.#lastTime = Math.max(this.#lastTime, at);
    return this.#lastTime;
  }

  #setTimer(now: number): void {
    clearTimeout(this.#timer);
    const at = nextAlarmAt(this.#selectorState);
    if (at === undefined) return;
    // It is due when it rings, whatever the clock says by then.
    this.#timer = setTimeout(() => this.#dispatch({ type: 'time' }, Math.max(at, this.#time())), Math.max(0, at - now));
  }

  #closeAttempt(transport: Transport): void {
    this.#attempts.get(transport)?.close();
    this.#attempts.delete(transport);
  }

  #dial(transport: Transport): void {
    const { url, token, session } = this.#options;
    const told = this.#callbacks;
    const ifUsed =
      <T extends unknown[]>(tell: (...told: T) => void) =>
      (...told: T) => {
        if (link === this.#link) tell(...told);
      };
    const ifAttempting =
      <T extends unknown[]>(tell: (...told: T) => void) =>
      (...told: T) => {
        if (link === this.#attempts.get(transport)) tell(...told);
      };
    // Tells nothing before it is made.
    const link: Link = dials[transport]({
      url,
      token,
      session,
      http: this.#http,
      request: this.#buildRequest(),
      callbacks: {
        up: ifAttempting(() => {
          this.#heardAt = this.#time();
          this.#dispatch({ type: 'up', candidate: transport });
        }),
        failed: ifAttempting((why) => this.#onFailed(transport, why)),
        activity: ifUsed(() => {
          this.#heardAt = this.#time();
        }),
        lost: ifUsed((silent) => this.#dispatch({ type: 'lost', silent })),
        drain: ifUsed((withinMs) => this.#dispatch({ type: 'drain', withinMs })),
        event: ifUsed(told.event),
        store: ifUsed(told.store),
        unsubscribed: ifUsed(told.unsubscribed),
        missed: ifUsed(told.missed),
      },
    });
    // The app may have closed it when it was asked for a token.
    if (this.#isClosed) link.close();
    else this.#attempts.set(transport, link);
  }

  #onFailed(transport: Transport, why: LinkFailure): void {
    this.#closeAttempt(transport);
    if (why.kind !== 'refused') return this.#dispatch({ type: 'failed', candidate: transport, why: why.kind });
    const { problem } = why;
    const isForGood = !isTransient(problem);
    if (isForGood && !(problem.code === 'token-invalid' && this.canRenewToken)) {
      this.close();
      return this.#callbacks.refused(problem);
    }
    if (isForGood) this.#tokenWasRenewed = true;
    this.#dispatch({ type: 'failed', candidate: transport, why: 'asked-to-wait', waitMs: (problem.retryAfter ?? 0) * 1_000 });
  }
}
