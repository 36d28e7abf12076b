import type { Request, Response } from 'express';
import { acquireReadable } from '../access/channel-access.ts';
import { refusalFor } from '../access/identity.ts';
import { Requester } from '../access/requester.ts';
import { sendJson } from '../http/answers.ts';
import { credentialsOf, setsCookie } from '../http/request-identity.ts';
import { JournalUnavailable, type Reachability } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import type { EncodedCatchUp } from '../streams/catch-up.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { StreamLease } from '../streams/channel-streams.ts';
import { encodeOnce, type Format } from '../streams/encoded-events.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { OpenReader } from './readers.ts';
import type { LiveContext } from './sse-streams.ts';
import { catchUpAndJoin, countCatchUp } from './subscription.ts';

/**
 * Long polling: if the catch-up has no events, the response is held until there are some, or until the wait is over. While the
 * response is held, the poll is a reader of the channel stream that is never ready. So the stream writes nothing to it, and the
 * first event wakes it.
 */
export interface PollQuery {
  after: Position | undefined;
  limit: number;
  posts: number;
  waitMs: number;
}

export async function poll(context: LiveContext, req: Request, res: Response, { waitMs, ...query }: PollQuery): Promise<void> {
  const { streams, identity, readers, admission, rates, metrics } = context;
  // A response that sets a cookie is sent at once: by the time a held response arrives, the browser may have signed out or in again.
  const isHeld = waitMs > 0 && req.method === 'GET' && !setsCookie(res);
  // The client may have disconnected while the token was checked: `close` is not emitted again.
  if (res.closed) return;
  readers.requireNotDraining();
  if (isHeld) res.once('close', rates.connection(req.ip ?? ''));
  const began = context.now();
  const requester = new Requester(credentialsOf(res), identity.statusOf);
  const poll = new Poll(await acquireReadable(streams, requester, String(req.params.channelId)), requester, context);
  readers.add(poll);
  if (res.closed) poll.finish();
  res.once('close', () => poll.finish());
  try {
    const { answer, waited } = await poll.answer(query, isHeld ? waitMs : 0, () => admission.end(res));
    if (res.closed) return;
    countCatchUp(context, answer, waited ? undefined : began);
    if (waited) metrics.eventsDelivered.inc({ transport: 'poll' }, answer.events);
    // Makes the next poll connect to another node.
    if (readers.isDraining) res.set('Connection', 'close');
    sendJson(res, bytesOf(answer), { cache: 'none' });
  } finally {
    readers.remove(poll);
    poll.close();
  }
}

/** Encoded once for all polls that wait at the same cursor. */
const bytesOf = encodeOnce(({ json }: EncodedCatchUp) => Buffer.from(json));

/** Nothing is ever pushed to a poll, because it is never ready. */
const noFormat: Format = { name: 'poll', frame: () => Buffer.alloc(0) };

class Poll implements StreamReader, OpenReader {
  readonly transport = 'poll';
  readonly subscriptions = 1;
  readonly format = noFormat;
  readonly ready = false;
  /** An HTTP response costs about as much as this many frames. */
  readonly weight = 20;
  offset = -1;
  readonly #held: StreamLease;
  readonly #stream: ChannelStream;
  readonly requester: Requester;
  readonly #random: () => number;
  /** The poll responds even without events. */
  #isFinished = false;
  #failure: unknown;
  #wake = (): void => {};
  #timer: NodeJS.Timeout | undefined;
  /** Separate from `#timer`, so that a poll whose wait ends earlier still responds then. */
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(held: StreamLease, requester: Requester, { random }: Pick<LiveContext, 'random'>) {
    this.#held = held;
    this.#stream = held.stream;
    this.requester = requester;
    this.#random = random;
  }

  /**
   * Returns the catch-up, and in `waited` whether the poll had to wait. Calls `onHeld` before it waits. Throws a `Refusal` or
   * `JournalUnavailable`.
   */
  async answer(
    query: Omit<PollQuery, 'waitMs'>,
    waitMs: number,
    onHeld: () => void,
  ): Promise<{ answer: EncodedCatchUp; waited: boolean }> {
    if (waitMs === 0) this.#isFinished = true;
    else this.#finishAfter(waitMs);
    const parts = { stream: this.#stream, requester: this.requester, reader: this, wanted: () => true };
    for (let waited = false; ; waited = true) {
      // Created before the catch-up, so that a change right after the poll has joined wakes it.
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const answer = await catchUpAndJoin({ ...query, ...parts }, () => {});
      const isEmpty = answer.mode === 'replay' && answer.events === 0 && !answer.more;
      if (isEmpty && !this.#isFinished && this.#failure === undefined) {
        onHeld();
        await woken;
      }
      this.#stream.leave(this);
      if (this.#failure !== undefined) throw this.#failure;
      if (!isEmpty || this.#isFinished) return { answer, waited };
    }
  }

  /** Responds now, without events if there are none. */
  finish(): void {
    this.#isFinished = true;
    this.#wake();
  }

  mayRead(channel: Channel): boolean {
    return this.requester.mayRead(channel);
  }

  write(): void {}

  lag(): void {
    this.#wake();
  }

  /** Makes the poll catch up again. That finds the reason: another history, lost access, or a deleted channel. */
  end(): void {
    this.#wake();
  }

  terminate(): void {
    this.#wake();
  }

  get needsSweep(): boolean {
    return this.requester.hasCredentials;
  }

  sweep(): void {
    if (!this.requester.hasLostAccess(this.#stream.channel)) return;
    this.#failUnlessGood();
  }

  endRevoked(): void {
    this.#failUnlessGood();
  }

  /**
   * Fails the poll, so that the client retries: the events that the client lacks may have been erased by the time the store is
   * reachable.
   */
  onReachChanged({ reachable }: Reachability): void {
    if (!reachable) this.#fail(new JournalUnavailable('The journal became unreachable.', 'unchanged'));
  }

  /** Responds at a random moment, so that not all polls move to another node at once. */
  askToDisconnect(withinMs: number): void {
    this.#drainTimer = setTimeout(() => this.finish(), this.#random() * withinMs).unref();
  }

  cut(): void {
    this.finish();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#drainTimer);
    this.finish();
    this.#stream.leave(this);
    this.#held.release();
  }

  #finishAfter(ms: number): void {
    this.#timer = setTimeout(() => this.finish(), ms).unref();
  }

  #failUnlessGood(): void {
    const refusal = refusalFor(this.requester.status);
    if (refusal !== undefined) this.#fail(refusal);
  }

  #fail(failure: unknown): void {
    this.#failure ??= failure;
    this.#wake();
  }
}
