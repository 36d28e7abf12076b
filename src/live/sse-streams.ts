import type { Request, RequestHandler, Response } from 'express';
import { acquireReadable } from '../access/channel-access.ts';
import type { Identity } from '../access/identity.ts';
import { Requester } from '../access/requester.ts';
import { problemFor } from '../http/answers.ts';
import { chargesItself, type Rates } from '../http/rates.ts';
import { credentialsOf } from '../http/request-identity.ts';
import type { Reachability } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { EndedReason } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { parse, streamQuerySchema } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AdmissionControl } from './admission-control.ts';
import { cursorFrom } from './read-parameters.ts';
import { ReaderConnection } from './reader-connection.ts';
import type { OpenReader, Readers } from './readers.ts';
import { catchUpMessage, retryDelayMs, retryField, StreamPipe, sseMessage, storeMessage, streamHeaders } from './sse-messages.ts';
import { catchUpAndJoin, countCatchUp, Subscription } from './subscription.ts';

/**
 * Server-Sent Events: one channel as a response that does not end. An EventSource reconnects with its cursor whenever the
 * response ends, and gives up for good at any status except 200.
 */
export interface LiveContext {
  streams: ChannelStreams;
  readers: Readers;
  admission: Pick<AdmissionControl, 'end'>;
  identity: Pick<Identity, 'statusOf'>;
  rates: Pick<Rates, 'connection' | 'chargeResponse'>;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  random: () => number;
  log: { warn(fields: object, message: string): void };
  metrics: Pick<Metrics, 'catchUps' | 'catchUpSeconds' | 'eventsDelivered' | 'subscriptionsEnded'>;
}

/** For `GET /channels/:channelId/stream`. */
export function stream(context: LiveContext): RequestHandler {
  return async (req, res) => {
    const channelId = String(req.params.channelId);
    const { after, posts } = queryIn(req);
    const requester = new Requester(credentialsOf(res), context.identity.statusOf);
    if (req.method === 'HEAD') {
      (await acquireReadable(context.streams, requester, channelId)).release();
      res.writeHead(200, streamHeaders).end();
      return;
    }
    // The client may have disconnected while the token was checked: `close` is not emitted again.
    if (res.closed) return;
    context.readers.requireNotDraining();
    res.once('close', context.rates.connection(req.ip ?? ''));
    // Only the catch-up counts towards the rate of requests, not the events pushed after it.
    chargesItself(res);
    await new EventStream(res, channelId, requester, context).run(after, posts);
  };
}

function queryIn(req: Request): { after: Position | undefined; posts: number } {
  const last = req.headers['last-event-id'];
  const { after, posts } = parse(streamQuerySchema, req.query);
  return { after: cursorFrom(typeof last === 'string' ? last : after), posts };
}

const ping = sseMessage('ping', {});
const pingMs = limits.pingSeconds * 1_000;

class EventStream implements OpenReader {
  readonly transport = 'stream';
  /** Pings are sent by the sweep. */
  readonly needsSweep = true;
  readonly connection: ReaderConnection;
  readonly #response: Response;
  readonly #pipe: StreamPipe;
  readonly #channelId: string;
  readonly requester: Requester;
  readonly #context: LiveContext;
  #subscription: Subscription | undefined;
  #pingedAt: number;
  /** A state of the store that is still to be sent. */
  #unsentReach: Reachability | undefined;
  /** Wakes `#awaitStore`. */
  #wakeOnReach = (): void => {};
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(res: Response, channelId: string, requester: Requester, context: LiveContext) {
    // The response has no socket while another response is being sent on the same connection.
    if (res.socket === null) throw new Refusal('invalid-body', { detail: 'A stream needs a connection of its own.' });
    this.#response = res;
    this.#pipe = new StreamPipe(res, res.socket);
    this.#channelId = channelId;
    this.requester = requester;
    this.#context = context;
    this.#pingedAt = context.now();
    const { readers, now } = context;
    this.connection = new ReaderConnection(this.#pipe, { now, busy: readers.busy });
    readers.add(this);
    res.once('close', () => {
      readers.remove(this);
      this.close();
    });
  }

  get subscriptions(): number {
    return this.#subscription === undefined ? 0 : 1;
  }

  /**
   * Resolves when the stream is live or has ended. Throws only if the stream has not begun, so that the response is a problem.
   */
  async run(after: Position | undefined, posts: number): Promise<void> {
    try {
      await this.#awaitStore();
      for (let cursor = after; this.#pipe.open && this.#subscription === undefined; ) {
        if (this.#pipe.hasBegun) await this.connection.whenReady();
        cursor = await this.#catchUp(cursor, posts);
      }
    } catch (error) {
      if (!this.#pipe.hasBegun) throw error;
      if (!this.#pipe.open) return;
      if (problemFor(error) === undefined) this.#context.log.warn({ err: error }, 'stream failed');
      // The client reconnects with its cursor, and the response is then the problem.
      this.#end();
    }
  }

  sweep(now: number): void {
    this.#subscription?.sweep();
    if (!this.#pipe.hasBegun || now - this.#pingedAt < pingMs) return;
    if (!this.connection.ready) return this.connection.busy();
    this.#pingedAt = now;
    this.#pipe.write(ping);
  }

  onReachChanged(reach: Reachability): void {
    this.#wakeOnReach();
    if (!this.#pipe.hasBegun || !this.#pipe.open) return;
    if (this.connection.ready) return this.#send(storeMessage(reach));
    if (this.#unsentReach === undefined) void this.connection.whenReady().then(() => this.#sendUnsentReach());
    this.#unsentReach = reach;
  }

  endRevoked(): void {
    // `run` refuses a stream that has not begun, and the response is a problem.
    if (!this.#pipe.hasBegun) return;
    if (!this.connection.ready) return this.#pipe.terminate();
    this.#unsubscribed('revoked');
  }

  /** Ends the stream at a random moment, because an EventSource does not choose one itself. */
  askToDisconnect(withinMs: number): void {
    const { random } = this.#context;
    const at = random() * withinMs;
    // A client that reconnects while this node still runs would be refused.
    const retry = retryField(retryDelayMs(withinMs - at + random() * withinMs, random));
    this.#drainTimer = setTimeout(() => this.#end(retry, sseMessage('drain', { withinMs })), at).unref();
  }

  cut(): void {
    // A client that accepts no bytes would not accept the last message either.
    if (this.#pipe.hasBegun && !this.connection.ready) return this.#pipe.terminate();
    this.#end(retryField(retryDelayMs(0, this.#context.random)), sseMessage('drain', { withinMs: 0 }));
  }

  close(): void {
    clearTimeout(this.#drainTimer);
    this.#leave();
    this.#wakeOnReach();
    this.connection.onClosed();
    if (this.#pipe.open) this.#pipe.terminate();
  }

  /** If the store is unreachable, begins the stream with a message that says so, and waits until the store is reachable. */
  async #awaitStore(): Promise<void> {
    const { readers } = this.#context;
    if (readers.unreachable !== undefined) this.#send(storeMessage(readers.unreachable));
    while (readers.unreachable !== undefined && this.#pipe.open) {
      await new Promise<void>((resolve) => {
        this.#wakeOnReach = resolve;
      });
    }
  }

  /** Sends a catch-up, and joins the channel stream unless there is more. Returns the position at the end of the catch-up. */
  async #catchUp(after: Position | undefined, posts: number): Promise<Position | undefined> {
    const { streams } = this.#context;
    const began = this.#context.now();
    const held = await acquireReadable(streams, this.requester, this.#channelId);
    const subscription = new Subscription(held, this.connection, this.requester, (reason) => this.#unsubscribed(reason));
    const query = { after, limit: limits.catchUpMost, posts };
    const parts = { stream: held.stream, requester: this.requester, reader: subscription, wanted: () => this.#pipe.open };
    try {
      const { position } = await catchUpAndJoin({ ...query, ...parts }, (answer) => {
        if (!answer.more) this.#subscription = subscription;
        countCatchUp(this.#context, answer, began);
        const block = catchUpMessage(answer);
        this.#send(block);
        this.#context.rates.chargeResponse(this.#response.req.ip ?? '', block.length);
      });
      return position;
    } finally {
      if (this.#subscription !== subscription) subscription.leave();
    }
  }

  #sendUnsentReach(): void {
    const reach = this.#unsentReach;
    this.#unsentReach = undefined;
    if (reach !== undefined && this.#pipe.open) this.#send(storeMessage(reach));
  }

  #unsubscribed(reason: EndedReason): void {
    this.#context.metrics.subscriptionsEnded.inc({ reason });
    this.#end(sseMessage('unsubscribed', { channelId: this.#channelId, reason }));
  }

  #send(block: Buffer): void {
    if (this.#pipe.hasBegun) return this.#pipe.write(block);
    this.#pipe.begin(retryField(retryDelayMs(0, this.#context.random)), block);
    this.#context.admission.end(this.#response);
  }

  /** Sends the last messages, if any, and ends the response. */
  #end(...blocks: Buffer[]): void {
    if (!this.#pipe.open) return;
    clearTimeout(this.#drainTimer);
    this.#leave();
    for (const block of blocks) this.#send(block);
    this.#pipe.cut();
    // If the client does not accept the last bytes in time, the connection is terminated.
    this.connection.busy();
  }

  #leave(): void {
    this.#subscription?.leave();
    this.#subscription = undefined;
  }
}
