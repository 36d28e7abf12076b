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
 * Catching up with a wait (contract, 2): where there is nothing to tell the answer is held, for a time, until there is. Between the
 * question and the answer a poll is a reader of the feed who is never ready, and so is woken by the first change.
 */
export interface PollQuery {
  after: Position | undefined;
  limit: number;
  posts: number;
  waitMs: number;
}

export async function poll(context: LiveContext, req: Request, res: Response, { waitMs, ...query }: PollQuery): Promise<void> {
  const { streams, identity, readers, admission, rates, metrics } = context;
  // A cookie is answered at once: the browser may have signed out, or in anew, when a held answer comes.
  const isHeld = waitMs > 0 && req.method === 'GET' && !setsCookie(res);
  // While the token was looked at the client may have gone: nobody would say so again.
  if (res.closed) return;
  readers.requireNotDraining();
  if (isHeld) res.once('close', rates.connection(req.ip ?? ''));
  const requester = new Requester(credentialsOf(res), identity.statusOf);
  const poll = new Poll(await acquireReadable(streams, requester, String(req.params.channelId)), requester, context);
  readers.add(poll);
  if (res.closed) poll.finish();
  res.once('close', () => poll.finish());
  try {
    const { answer, waited } = await poll.answer(query, isHeld ? waitMs : 0, () => admission.end(res));
    if (res.closed) return;
    countCatchUp(metrics, answer);
    if (waited) metrics.eventsDelivered.inc({ transport: 'poll' }, answer.events);
    // The next question goes to another node.
    if (readers.isDraining) res.set('Connection', 'close');
    sendJson(res, bytesOf(answer), { cache: 'none' });
  } finally {
    readers.remove(poll);
    poll.close();
  }
}

/** Those who wait at the same cursor are answered with the same bytes. */
const bytesOf = encodeOnce(({ json }: EncodedCatchUp) => Buffer.from(json));

/** Nothing is ever pushed to who is never ready. */
const noFormat: Format = { name: 'poll', frame: () => Buffer.alloc(0) };

class Poll implements StreamReader, OpenReader {
  readonly transport = 'poll';
  readonly subscriptions = 1;
  readonly format = noFormat;
  readonly ready = false;
  /** A whole answer of HTTP takes as long as frames for so many. */
  readonly weight = 20;
  offset = -1;
  readonly #held: StreamLease;
  readonly #stream: ChannelStream;
  readonly requester: Requester;
  readonly #random: () => number;
  /** The answer must go out as it is. */
  #isFinished = false;
  #failure: unknown;
  #wake = (): void => {};
  #timer: NodeJS.Timeout | undefined;
  /** Beside it: who was to be answered sooner still is. */
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(held: StreamLease, requester: Requester, { random }: Pick<LiveContext, 'random'>) {
    this.#held = held;
    this.#stream = held.stream;
    this.requester = requester;
    this.#random = random;
  }

  /** What was missed; `waited` where it was not there at once, and `onHeld` called then. Throws a `Refusal` or `JournalUnavailable`. */
  async answer(
    query: Omit<PollQuery, 'waitMs'>,
    waitMs: number,
    onHeld: () => void,
  ): Promise<{ answer: EncodedCatchUp; waited: boolean }> {
    if (waitMs === 0) this.#isFinished = true;
    else this.#finishAfter(waitMs);
    const parts = { stream: this.#stream, requester: this.requester, reader: this, wanted: () => true };
    for (let waited = false; ; waited = true) {
      // From before the question: what changes once it has joined must wake it.
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

  /** The answer goes out as it is, without events if there are none. */
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

  /** It asks again, and so is told what stands now: another history, that it may not read any more, or that there is nothing. */
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

  /** Late news that it lacks may have been erased since: it is better told to come back. */
  onReachChanged({ reachable }: Reachability): void {
    if (!reachable) this.#fail(new JournalUnavailable('The journal became unreachable.', 'unchanged'));
  }

  /** Not all at once, or they would all ask another node at that moment. */
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
