import { acquireReadable } from '../../access/channel-access.ts';
import type { Credentials, Identity } from '../../access/identity.ts';
import { Requester } from '../../access/requester.ts';
import { problemFor } from '../../http/answers.ts';
import { responseLimits } from '../../http/http-limits.ts';
import type { Rates } from '../../http/rates.ts';
import type { Reachability } from '../../journal/engine.ts';
import type { Position } from '../../protocol/cursor.ts';
import type { EndedReason } from '../../protocol/model.ts';
import { type Problem, type ProblemCode, problem, Refusal } from '../../protocol/problems.ts';
import { parse, subscribeSchema, unsubscribeSchema } from '../../protocol/schemas.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { EncodedCatchUp } from '../../streams/catch-up.ts';
import type { ChannelStreams, StreamLease } from '../../streams/channel-streams.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { liveLimits } from '../live-limits.ts';
import { cursorFrom } from '../read-parameters.ts';
import { ReaderConnection } from '../reader-connection.ts';
import type { OpenReader, Readers } from '../readers.ts';
import { catchUpAndJoin, countCatchUp, Subscription, subscriptionEnded } from '../subscription.ts';
import type { Acknowledgement, ClientSocket, MessageHandler } from './messages.ts';

/** The session of one client over a socket: its subscriptions, and its catch-ups, which run one at a time. */
export interface SocketSessionContext {
  streams: ChannelStreams;
  identity: Pick<Identity, 'statusOf'>;
  readers: Pick<Readers, 'add' | 'remove' | 'busy'>;
  rates: Pick<Rates, 'requests' | 'chargeResponse'>;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  /** Runs a function in the next turn of the event loop. Default: `setImmediate`. */
  defer?: (run: () => void) => void;
  log: { warn(fields: object, message: string): void };
  metrics: Pick<Metrics, 'catchUps' | 'catchUpSeconds' | 'problems' | 'subscriptionsEnded' | 'rejections'>;
}

export class SocketSession implements OpenReader, MessageHandler {
  readonly transport = 'socket';
  readonly #connection: ReaderConnection;
  readonly #socket: ClientSocket;
  readonly requester: Requester;
  readonly #context: SocketSessionContext;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Catch-ups run one after the other. This is the last one in the queue. */
  #last: Promise<void> | undefined;
  /** Subscribes without an answer yet. */
  #pending: readonly PendingSubscribe[] = [];
  #misuses = 0;
  /** Set for clients with credentials. */
  readonly #onRefused: ((code: ProblemCode) => void) | undefined;

  constructor(
    socket: ClientSocket,
    credentials: Credentials,
    context: SocketSessionContext,
    onRefused?: (code: ProblemCode) => void,
  ) {
    this.#onRefused = onRefused;
    this.#socket = socket;
    this.requester = new Requester(credentials, context.identity.statusOf);
    this.#context = context;
    const { readers, now, defer } = context;
    this.#connection = new ReaderConnection(socket.pipe, { now, busy: readers.busy, ...(defer && { defer }) });
    readers.add(this);
  }

  onMessage(name: unknown, args: readonly unknown[], id: number | undefined): void {
    // More than one argument is invalid, so the schema gets the whole list.
    const request = args.length > 1 ? args : args[0];
    if (name === 'unsubscribe') this.#onUnsubscribe(request, id);
    else if (name !== 'subscribe') this.#misuse(id, 'There is no such message.');
    else if (id === undefined) this.#countMisuse();
    else this.#onSubscribe(request, id);
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  get needsSweep(): boolean {
    return this.requester.hasCredentials;
  }

  sweep(): void {
    for (const subscription of this.#subscriptions.values()) subscription.sweep();
  }

  onReachChanged(reach: Reachability): void {
    this.#socket.emit('store', reach);
  }

  endRevoked(): void {
    for (const pending of this.#pending) pending.withdrawn = true;
    for (const channelId of this.#subscriptions.keys()) {
      this.#drop(channelId);
      this.#sendUnsubscribed(channelId, 'revoked');
    }
    this.#socket.disconnect();
    // The close frame may wait behind bytes that the client does not accept, or the client may leave it unanswered.
    this.#connection.terminateSoon();
  }

  /** The client chooses when to disconnect. */
  askToDisconnect(withinMs: number): void {
    this.#socket.emit('drain', { withinMs });
  }

  cut(): void {
    this.#connection.cut();
  }

  close(): void {
    for (const pending of this.#pending) pending.withdrawn = true;
    for (const channelId of this.#subscriptions.keys()) this.#drop(channelId);
    this.#connection.onClosed();
    this.#context.readers.remove(this);
  }

  #onSubscribe(request: unknown, id: number): void {
    const refuse = (error: unknown) => this.#refuse(id, error);
    try {
      const pending = this.#parsed(() => pendingSubscribeFrom(request));
      if (this.#pending.length >= liveLimits.waitingSubscribes) {
        throw new Refusal('rate-limited', {
          detail: 'Too many subscribes are waiting.',
          retryAfter: responseLimits.momentRetrySeconds,
        });
      }
      if (!this.#socket.isPaid) this.#context.rates.requests(this.#socket.address);
      this.#socket.isPaid = false;
      this.#pending = [...this.#pending, pending];
      this.#last = this.#inTurn(this.#last, pending, id).catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  async #inTurn(earlier: Promise<void> | undefined, pending: PendingSubscribe, id: number): Promise<void> {
    try {
      await earlier;
      // After the client has disconnected, `whenReady` would never resolve.
      if (!pending.withdrawn && !this.#connection.ready) await this.#connection.whenReady();
      await this.#subscribe(pending, id);
    } finally {
      this.#pending = this.#pending.filter((other) => other !== pending);
      if (this.#pending.length === 0) this.#last = undefined;
    }
  }

  async #subscribe(pending: PendingSubscribe, id: number): Promise<void> {
    const { channelId, cursor, posts } = pending;
    if (pending.withdrawn) throw subscriptionEnded();
    this.#drop(channelId);
    if (this.#subscriptions.size >= limits.socketChannels) {
      // Not a problem with `retryAfter`, because waiting does not help.
      throw new Refusal('invalid-body', {
        detail: `A socket takes up to ${limits.socketChannels} channels. Unsubscribe from one, or open another socket.`,
      });
    }
    const began = this.#context.now();
    const held = await this.#hold(channelId);
    const subscription = new Subscription(held, this.#connection, this.requester, (reason) => this.#ended(channelId, reason));
    try {
      if (pending.withdrawn) throw subscriptionEnded();
      this.#subscriptions.set(channelId, subscription);
      const query = { after: cursor, limit: limits.catchUpMost, posts };
      const parts = { stream: held.stream, requester: this.requester, reader: subscription, wanted: () => !pending.withdrawn };
      await catchUpAndJoin({ ...query, ...parts }, (answer) => {
        // Without more, the subscription joins in this tick. If there is more, the client subscribes again, and the stream is
        // released until then.
        if (answer.more) this.#drop(channelId);
        countCatchUp(this.#context, answer, began);
        this.#socket.acknowledgeCatchUp(id, answer);
        this.#context.rates.chargeResponse(this.#socket.address, bytesIn(answer));
      });
    } catch (error) {
      if (this.#subscriptions.get(channelId) === subscription) this.#subscriptions.delete(channelId);
      subscription.leave();
      throw error;
    }
  }

  /**
   * Acquires the stream of a channel. If access is refused because the session could not be verified when the socket connected,
   * verifies the session again: a socket may stay open for days.
   */
  async #hold(channelId: string): Promise<StreamLease> {
    const { streams } = this.#context;
    try {
      return await acquireReadable(streams, this.requester, channelId);
    } catch (error) {
      if (!(error instanceof Refusal) || !(await this.requester.verifyAgain())) throw error;
      return await acquireReadable(streams, this.requester, channelId);
    }
  }

  #onUnsubscribe(request: unknown, id: number | undefined): void {
    try {
      const { channelId } = this.#parsed(() => parse(unsubscribeSchema, request));
      // Also withdraws subscribes that have no answer yet.
      for (const pending of this.#pending) if (pending.channelId === channelId) pending.withdrawn = true;
      this.#drop(channelId);
      if (id !== undefined) this.#socket.acknowledge(id, { ok: true });
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  #drop(channelId: string): void {
    this.#subscriptions.get(channelId)?.leave();
    this.#subscriptions.delete(channelId);
  }

  #ended(channelId: string, reason: EndedReason): void {
    this.#subscriptions.delete(channelId);
    this.#sendUnsubscribed(channelId, reason);
  }

  #sendUnsubscribed(channelId: string, reason: EndedReason): void {
    this.#context.metrics.subscriptionsEnded.inc({ reason });
    this.#socket.emit('unsubscribed', { channelId, reason });
  }

  #parsed<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.#countMisuse();
      throw error;
    }
  }

  #misuse(id: number | undefined, detail: string): void {
    if (id !== undefined) this.#socket.acknowledge(id, { ok: false, problem: problem('invalid-body', { detail }) });
    this.#countMisuse();
  }

  #refuse(id: number | undefined, error: unknown): void {
    const answer: Acknowledgement = { ok: false, problem: this.#problemOf(error) };
    if (id !== undefined) this.#socket.acknowledge(id, answer);
  }

  #countMisuse(): void {
    this.#misuses += 1;
    if (this.#misuses < limits.socketMisuses) return;
    if (this.#misuses === limits.socketMisuses) this.#context.metrics.rejections.inc({ kind: 'misused' });
    setImmediate(() => this.#socket.disconnect());
  }

  #problemOf(error: unknown): Problem {
    const known = problemFor(error);
    if (known === undefined) this.#context.log.warn({ err: error }, 'subscribe failed');
    const sent = known ?? problem('internal-error', { retryAfter: responseLimits.momentRetrySeconds });
    this.#context.metrics.problems.inc({ code: sent.code });
    this.#onRefused?.(sent.code);
    return sent;
  }
}

/** Counted once for all readers who get the same answer. */
function bytesIn(answer: EncodedCatchUp): number {
  let bytes = counted.get(answer);
  if (bytes === undefined) {
    bytes = Buffer.byteLength(answer.json);
    counted.set(answer, bytes);
  }
  return bytes;
}

const counted = new WeakMap<EncodedCatchUp, number>();

/** A subscribe without an answer yet. */
interface PendingSubscribe {
  channelId: string;
  cursor: Position | undefined;
  posts: number;
  /** The client unsubscribed or disconnected. */
  withdrawn: boolean;
}

function pendingSubscribeFrom(request: unknown): PendingSubscribe {
  const { channelId, after, limit = limits.pageDefault } = parse(subscribeSchema, request);
  return { channelId, cursor: cursorFrom(after), posts: limit, withdrawn: false };
}
