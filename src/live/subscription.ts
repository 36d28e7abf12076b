import { refusalForDeleted, requireReadable } from '../access/channel-access.ts';
import type { Requester } from '../access/requester.ts';
import type { Channel, EndedReason } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { type CatchUpQuery, catchUp, type EncodedCatchUp } from '../streams/catch-up.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { StreamLease } from '../streams/channel-streams.ts';
import type { Format } from '../streams/encoded-events.ts';
import type { EndReason, StreamReader } from '../streams/stream-reader.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Pipe, ReaderConnection } from './reader-connection.ts';

/** The code that sockets, streams and polls share: a catch-up, then the events of the channel stream. */

export interface CatchUpRequest extends CatchUpQuery {
  stream: ChannelStream;
  requester: Requester;
  /** Joins the channel stream at the end of the catch-up. */
  reader: StreamReader;
  /** Whether the client still waits for the answer. */
  wanted(): boolean;
}

/**
 * Calls `respond` once with the catch-up, and returns it. Unless there is more, the reader joins the channel stream in the same tick. Throws
 * a `Refusal` or `JournalUnavailable` if `respond` was not called.
 */
export async function catchUpAndJoin(
  request: CatchUpRequest,
  respond: (answer: EncodedCatchUp) => void,
): Promise<EncodedCatchUp> {
  const { stream, requester, reader, wanted } = request;
  let lastSeen = stream.channel;
  let answered: EncodedCatchUp | undefined;
  const send = (answer: EncodedCatchUp) => {
    answered = answer;
    respond(answer);
  };
  const outcome = await catchUp(stream, request, send, {
    reader,
    wanted: (channel) => {
      lastSeen = channel;
      return wanted() && requester.mayRead(channel);
    },
  });
  if (outcome === 'gone') throw refusalForDeleted(requester, stream);
  if (answered !== undefined) return answered;
  requireReadable(requester, lastSeen);
  throw subscriptionEnded();
}

/**
 * Call it once for each catch-up that is sent. `began`: when it was requested, by the clock `now`. Left out if the answer
 * waited for news.
 */
export function countCatchUp(
  { now, metrics }: { now: () => number; metrics: Pick<Metrics, 'catchUps' | 'catchUpSeconds'> },
  { mode, reset }: Pick<EncodedCatchUp, 'mode' | 'reset'>,
  began?: number,
): void {
  metrics.catchUps.inc({ mode: reset ? 'reset' : mode });
  if (began !== undefined) metrics.catchUpSeconds.observe((now() - began) / 1_000);
}

/** The refusal of a subscribe whose client unsubscribed or disconnected before the answer. */
export function subscriptionEnded(): Refusal {
  return new Refusal('not-found', { detail: 'The subscription was ended while it was being made.' });
}

/** One channel on one connection. */
export class Subscription implements StreamReader {
  offset = -1;
  readonly format: Format;
  readonly stream: ChannelStream;
  readonly #held: StreamLease;
  readonly #connection: ReaderConnection;
  readonly #pipe: Pipe;
  readonly #requester: Requester;
  readonly #ended: (reason: EndedReason) => void;

  /** `ended` is called when the server ends the subscription, after the subscription has left the channel stream. */
  constructor(held: StreamLease, connection: ReaderConnection, requester: Requester, ended: (reason: EndedReason) => void) {
    this.#held = held;
    this.stream = held.stream;
    this.format = connection.pipe.format;
    this.#connection = connection;
    this.#pipe = connection.pipe;
    this.#requester = requester;
    this.#ended = ended;
  }

  get weight(): number {
    return 1;
  }

  get ready(): boolean {
    return this.#pipe.ready;
  }

  mayRead(channel: Channel): boolean {
    return this.#requester.mayRead(channel);
  }

  write(frames: Buffer): void {
    this.#pipe.write(frames);
  }

  lag(): void {
    this.#connection.lag(this);
  }

  pump(): void {
    this.stream.pump(this);
  }

  /** Stops delivery and releases the channel stream. Safe to call twice. */
  leave(): void {
    this.stream.leave(this);
    this.#connection.forgetSubscription(this);
    this.#held.release();
  }

  end(reason: EndReason): void {
    this.leave();
    this.#ended(this.#requester.endedReasonFor(reason));
  }

  terminate(): void {
    this.leave();
    this.#connection.terminate();
  }

  /** Ends the subscription if it needs a token and the token has expired. */
  sweep(): void {
    // If the subscription has not joined yet, the answer to the subscribe is the refusal.
    if (this.offset === -1 || !this.#requester.hasLostAccess(this.stream.channel)) return;
    this.leave();
    this.#ended('expired');
  }
}
