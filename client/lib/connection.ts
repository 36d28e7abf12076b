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
 * The connection to a server over the best available transport. Dials, reconnects with backoff and jitter, and moves to another
 * node when the current one drains. `transports/transport-selector.ts` decides what to do; this file does it.
 */
export interface ConnectionCallbacks {
  /** A link is up, the first or another one. Requests on the previous link will not be answered. */
  up(): void;
  /** The link was lost or could not be made. Another attempt follows. */
  down(): void;
  /** The server refuses the reader. No further attempt is made. */
  refused(problem: Problem): void;
  event(event: Event): void;
  store(store: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: string }): void;
  /** There is something to request. */
  missed(): void;
}

export interface ConnectionOptions {
  url: string;
  token?: TokenSource | undefined;
  session?: false | undefined;
  random?: (() => number) | undefined;
  now?: (() => number) | undefined;
  /** The transports that may be used, in any order. Default: all. */
  transports?: readonly Transport[] | undefined;
  retryBetterMs?: number | undefined;
}

/**
 * The transport that last worked for each server, for the life of the page or process, so that the next reader need not find out
 * again. A reader with restricted transports does not change it.
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
  /** The active link. */
  #link: Link | undefined;
  /** Links being dialled, beside or instead of the active one. */
  readonly #attempts = new Map<Transport, Link>();
  #selectorState: SelectorState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt: number;
  /** How far the clock was set back in total, and the last time read. */
  #clockCorrectionMs = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  /** A token was refused, and no fresh token has been accepted yet. */
  #tokenWasRenewed = false;
  #isOpen = false;
  #isClosed = false;

  /** `request` returns what to request now. Throws if `url` is not an http(s) URL. */
  constructor(options: ConnectionOptions, http: Http, request: () => SubscribeRequest, callbacks: ConnectionCallbacks) {
    // Throws here, where the app can catch the error. Nobody could catch the error of a dial attempt.
    parseServerUrl(options.url);
    this.#options = options;
    this.#http = http;
    this.#buildRequest = request;
    this.#callbacks = callbacks;
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

  /** The active transport. */
  get transport(): Transport | undefined {
    return this.#selectorState.active;
  }

  /** Milliseconds since the server was last heard, or since the connection was opened. */
  get silentMs(): number {
    return this.#time() - this.#heardAt;
  }

  /** When the server last sent something, by the current clock, as RFC 3339. */
  get lastHeardAt(): string {
    return new Date(this.#now() - this.silentMs).toISOString();
  }

  /** Whether an expired token can be replaced by a fresh one. */
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

  /**
   * Connects now instead of waiting, and tries better transports than the active one. `network`: the network may have changed.
   */
  wake(network: boolean): void {
    if (network) lastWorking.clear();
    if (this.#isOpen) this.#dispatch({ type: 'wake', network });
  }

  /** Closes every link. The next one is made by `wake`. */
  rest(): void {
    if (this.#isOpen) this.#dispatch({ type: 'rest' });
  }

  /** The link does not answer: dials another one now. */
  reconnect(): void {
    this.#dispatch({ type: 'lost', silent: false });
    this.#dispatch({ type: 'wake', network: false });
  }

  /** Dials another link with a fresh token. */
  reconnectWithFreshToken(): void {
    this.#tokenWasRenewed = true;
    this.#dispatch({ type: 'begin' });
  }

  /** The server accepted the token: earlier refusals no longer count. */
  confirmToken(): void {
    this.#tokenWasRenewed = false;
  }

  /** Like `Link.subscribe`. If the link is lost in the meantime, `down` is called and the callback is not. */
  subscribe(request: SubscribeRequest, answered: SubscribeCallback, withinMs: number): void {
    const link = this.#link;
    if (link === undefined) return answered(undefined);
    link.subscribe(request, (response) => link === this.#link && answered(response), withinMs);
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

  /**
   * The clock, corrected so that it never runs backwards. Setting the clock back must neither prolong a wait nor make data look
   * fresher.
   */
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
    // When the timer fires, the alarm counts as due even if the clock was set back.
    this.#timer = setTimeout(() => this.#dispatch({ type: 'time' }, Math.max(at, this.#time())), Math.max(0, at - now));
  }

  #closeAttempt(transport: Transport): void {
    this.#attempts.get(transport)?.close();
    this.#attempts.delete(transport);
  }

  #dial(transport: Transport): void {
    const { url, token, session } = this.#options;
    const callbacks = this.#callbacks;
    const ifUsed =
      <T extends unknown[]>(call: (...args: T) => void) =>
      (...args: T) => {
        if (link === this.#link) call(...args);
      };
    const ifAttempting =
      <T extends unknown[]>(call: (...args: T) => void) =>
      (...args: T) => {
        if (link === this.#attempts.get(transport)) call(...args);
      };
    // A link makes no callback before its constructor has returned.
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
        event: ifUsed(callbacks.event),
        store: ifUsed(callbacks.store),
        unsubscribed: ifUsed(callbacks.unsubscribed),
        missed: ifUsed(callbacks.missed),
      },
    });
    // The app may have closed the connection while it was asked for a token.
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
