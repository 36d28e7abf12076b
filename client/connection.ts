import { io, type Socket } from 'socket.io-client';
import type { CatchUp, Event } from '../src/protocol/model.ts';
import type { Problem } from '../src/protocol/problems.ts';
import { Emitter } from './emitter.ts';
import { freshToken, isProblem, passes, type TokenSource } from './http.ts';
import { partsOf } from './portable.ts';
import { connecting, pauseMs } from './reconnect.ts';

/**
 * The link to a server over Socket.IO: dials, comes back after a loss with backoff and jitter, and moves to another node when this one
 * says that it is going away. It knows no channel, so that several readers could share one. A dead link is noticed by Socket.IO's pings.
 */
export type SubscribeAnswer = ({ ok: true } & CatchUp) | { ok: false; problem: Problem };

interface FromServer {
  event(event: Event): void;
  store(store: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: string }): void;
  drain(draining: { withinMs: number }): void;
}
interface FromClient {
  subscribe(request: { channelId: string; after?: string; limit?: number }, answer: (said: SubscribeAnswer) => void): void;
}
type Link = Socket<FromServer, FromClient>;

export interface ConnectionEvents {
  /** A link stands, the first one or another: whatever was asked on the one before will not be answered. */
  up: [];
  /** The link was lost, or could not be made, and another attempt will follow. */
  down: [];
  /** The server will not have us: no further attempt is made. */
  refused: [Problem];
  event: [Event];
  store: [{ reachable: boolean; since: string }];
  unsubscribed: [{ channelId: string; reason: string }];
}

export interface ConnectionOptions {
  url: string;
  token?: TokenSource | undefined;
  random?: (() => number) | undefined;
}

/** Without an answer to the handshake after this long an attempt has failed. */
const dialMs = 10_000;
/** A subscribe is not answered: a server that catches up many readers at once may need a while. */
const answerMs = 30_000;
/** A link that was lost sooner than this does not count as a success: the next pause is the longer one. */
const steadyMs = 10_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #random: () => number;
  readonly #told = new Emitter<ConnectionEvents>();
  /** The link in use; undefined between two attempts. */
  #link: Link | undefined;
  /** The link being made, beside or instead of the one in use. */
  #dialled: Link | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #upAt = 0;
  /** A token was refused, and a fresh one was not yet. */
  #renewed = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  get up(): boolean {
    return this.#link?.connected === true;
  }

  /** Whether a token that has run out can be replaced by a fresh one. */
  get renewable(): boolean {
    return typeof this.#options.token === 'function' && !this.#renewed;
  }

  on<K extends keyof ConnectionEvents>(name: K, listener: (...told: ConnectionEvents[K]) => void): () => void {
    return this.#told.on(name, listener);
  }

  open(): void {
    if (!this.#closed && this.#link === undefined && this.#dialled === undefined) this.#dialSoon(0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    hangUp(this.#dialled);
    hangUp(this.#link);
    this.#dialled = undefined;
    this.#link = undefined;
  }

  /** Makes an attempt now instead of waiting out the pause: the network is said to be back. */
  hurry(): void {
    if (!this.#closed && !this.up && this.#dialled === undefined && this.#timer !== undefined) this.#dialSoon(0);
  }

  /** Makes another link with a fresh token. */
  renew(): void {
    this.#renewed = true;
    this.#dialSoon(0);
  }

  /** The subscription holds, the token with it: what failed before no longer counts. */
  proved(): void {
    this.#renewed = false;
  }

  /**
   * Asks for a subscription. `answered` is called in the tick in which the answer arrives, before any event that came with it;
   * with undefined if there was none.
   */
  subscribe(
    request: { channelId: string; after?: string; limit?: number },
    answered: (said: SubscribeAnswer | undefined) => void,
  ): void {
    const link = this.#link;
    if (link === undefined || !link.connected) return answered(undefined);
    link.timeout(answerMs).emit('subscribe', request, (error: Error | null, said: SubscribeAnswer) => {
      if (link === this.#link) answered(error === null ? said : undefined);
    });
  }

  #dialSoon(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#dial();
    }, ms);
  }

  async #dial(): Promise<void> {
    let token: string | undefined;
    try {
      token = await freshToken(this.#options.token);
    } catch {
      return this.#failed(undefined);
    }
    if (this.#closed || this.#dialled !== undefined) return;
    // Socket.IO reads a path in the address as a namespace; a server below a path is meant.
    const { origin, path } = partsOf(this.#options.url);
    const link: Link = io(origin, {
      path: `${path}/socket.io`,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: dialMs,
      ...(token !== undefined && { auth: { token } }),
    });
    this.#dialled = link;
    link.on('connect', () => this.#stands(link));
    link.on('connect_error', (error: Error & { data?: unknown }) => {
      if (link === this.#dialled) this.#failed(isProblem(error.data) ? error.data : undefined);
    });
    // Cut between the handshake and the namespace's answer, Socket.IO tells a disconnect and no error.
    link.on('disconnect', () => (link === this.#dialled ? this.#failed(undefined) : this.#lost(link)));
    const ifUsed =
      <K extends 'event' | 'store' | 'unsubscribed'>(name: K) =>
      (...told: ConnectionEvents[K]) => {
        if (link === this.#link) this.#told.emit(name, ...told);
      };
    link.on('event', ifUsed('event'));
    link.on('store', ifUsed('store'));
    link.on('unsubscribed', ifUsed('unsubscribed'));
    link.on('drain', ({ withinMs }) => {
      if (link === this.#link && this.#dialled === undefined) this.#dialSoon(this.#random() * Math.max(0, Number(withinMs) || 0));
    });
  }

  #stands(link: Link): void {
    if (link !== this.#dialled) return hangUp(link);
    hangUp(this.#link);
    this.#link = link;
    this.#dialled = undefined;
    this.#upAt = Date.now();
    this.#told.emit('up');
  }

  #lost(link: Link): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    if (Date.now() - this.#upAt > steadyMs) this.#attempt = 0;
    this.#told.emit('down');
    if (this.#dialled === undefined && !this.#closed) this.#again(0);
  }

  /** No link came of the attempt. A link that is still there was told to go, and goes now. */
  #failed(problem: Problem | undefined): void {
    hangUp(this.#dialled);
    hangUp(this.#link);
    this.#dialled = undefined;
    this.#link = undefined;
    if (this.#closed) return;
    if (problem !== undefined && !passes(problem) && !(problem.code === 'token-invalid' && this.renewable)) {
      this.close();
      this.#told.emit('refused', problem);
      return;
    }
    // Refused for good, not because it could not be checked at the moment.
    if (problem?.code === 'token-invalid' && !passes(problem)) this.#renewed = true;
    this.#told.emit('down');
    this.#again((problem?.retryAfter ?? 0) * 1_000);
  }

  #again(atLeastMs: number): void {
    this.#dialSoon(pauseMs(this.#attempt, this.#random(), connecting, atLeastMs));
    this.#attempt += 1;
  }
}

function hangUp(link: Link | undefined): void {
  link?.removeAllListeners();
  link?.disconnect();
  link?.io.engine?.close();
}
