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

/** What sockets, streams and polls do alike on the feed that they hold: answer what was missed, and go on with what follows. */

export interface CatchUpRequest extends CatchUpQuery {
  stream: ChannelStream;
  requester: Requester;
  /** Who goes on from the answer. */
  reader: StreamReader;
  /** Still waits for the answer. */
  wanted(): boolean;
}

/**
 * Calls `respond` once with what was missed, and returns it; unless there is more, the reader joins the feed in the tick of that call.
 * Throws a refusal or `JournalUnavailable`; `respond` was not called then.
 */
export async function catchUpAndJoin(
  question: CatchUpRequest,
  respond: (answer: EncodedCatchUp) => void,
): Promise<EncodedCatchUp> {
  const { stream, requester, reader, wanted } = question;
  let standing = stream.channel;
  let answered: EncodedCatchUp | undefined;
  const say = (answer: EncodedCatchUp) => {
    answered = answer;
    respond(answer);
  };
  const outcome = await catchUp(stream, question, say, {
    reader,
    wanted: (channel) => {
      standing = channel;
      return wanted() && requester.mayRead(channel);
    },
  });
  if (outcome === 'gone') throw refusalForDeleted(requester, stream);
  if (answered !== undefined) return answered;
  requireReadable(requester, standing);
  throw subscriptionEnded();
}

/** Once for each answer that is given out. */
export function countCatchUp(
  { catchUps }: Pick<Metrics, 'catchUps'>,
  { mode, reset }: Pick<EncodedCatchUp, 'mode' | 'reset'>,
): void {
  catchUps.inc({ mode: reset ? 'reset' : mode });
}

/** To who unsubscribed or left before the answer came. */
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

  /** `ended` is called where it ends by itself; it has left then. */
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

  /** Says no more, and lets the feed go. Safe to call twice. */
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

  /** Ends it where it needed a token that has run out. */
  sweep(): void {
    // Who has not joined yet is told by the answer.
    if (this.offset === -1 || !this.#requester.hasLostAccess(this.stream.channel)) return;
    this.leave();
    this.#ended('expired');
  }
}
