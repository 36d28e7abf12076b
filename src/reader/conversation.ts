import { problemFor } from '../edge/answers.ts';
import type { Identity } from '../edge/identity.ts';
import type { Reach } from '../engine/engine.ts';
import type { Feeds } from '../fanout/feeds.ts';
import type { Position } from '../protocol/cursor.ts';
import { limits } from '../protocol/limits.ts';
import type { EndedReason } from '../protocol/model.ts';
import { type Problem, problem, Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import { parse, subscribeSchema, unsubscribeSchema } from '../protocol/schemas.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { cursorFrom } from './access.ts';
import { Asker } from './asker.ts';
import { Connection } from './connection.ts';
import { CatchUpAnswer } from './encoder.ts';
import { readerLimits } from './limits.ts';
import type { ClientSocket, ProblemAnswer } from './messages.ts';
import type { OpenReader } from './readers.ts';
import { SocketPipe } from './socket-pipe.ts';
import { answerAndJoin, countCatchUp, holdFor, Subscription, subscriptionEnded } from './subscription.ts';

/**
 * What one client and the server say to each other over a socket (contract, 3): subscriptions, one catch-up at a time, and the end of
 * both when a token runs out.
 */
export interface ConversationContext {
  feeds: Feeds;
  identity: Pick<Identity, 'standing'>;
  now: () => number;
  /** Runs something in the next turn; `setImmediate` where it is not given. */
  soon?: (run: () => void) => void;
  log: { warn(fields: object, message: string): void };
  metrics: Pick<Metrics, 'catchUps' | 'problems' | 'subscriptionsEnded' | 'rejections'>;
}

export class Conversation implements OpenReader {
  readonly transport = 'socket';
  readonly connection: Connection;
  readonly #socket: ClientSocket;
  readonly asker: Asker;
  readonly #context: ConversationContext;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Catch-ups go one after the other: this one is the last of the queue, while there is one. */
  #last: Promise<void> | undefined;
  /** Subscribes that are not answered yet. */
  readonly #wishes = new Set<Wish>();
  #misuses = 0;

  constructor(socket: ClientSocket, who: Principal | undefined, context: ConversationContext) {
    this.#socket = socket;
    this.asker = new Asker(who, context.identity.standing);
    this.#context = context;
    this.connection = new Connection(new SocketPipe(socket.conn), context.now, context.soon);
    socket.on('subscribe', (request: unknown, answer: unknown) => this.#onSubscribe(request, answer));
    socket.on('unsubscribe', (request: unknown, answer: unknown) => this.#onUnsubscribe(request, answer));
    socket.onAny((name: string, ...rest: unknown[]) => {
      if (name !== 'subscribe' && name !== 'unsubscribe') this.#misuse(rest.at(-1), 'There is no such message.');
    });
    socket.on('disconnect', () => this.close());
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  sweep(): void {
    for (const subscription of this.#subscriptions.values()) subscription.sweep();
  }

  tellReach(reach: Reach): void {
    this.#socket.emit('store', reach);
  }

  endRevoked(): void {
    for (const wish of this.#wishes) wish.withdrawn = true;
    for (const channelId of this.#subscriptions.keys()) {
      this.#drop(channelId);
      this.#tellEnd(channelId, 'revoked');
    }
    this.#socket.disconnect(true);
    // A close frame waits behind bytes that are not taken, and may not be answered.
    this.connection.terminateSoon();
  }

  /** Its client picks the moment. */
  askToLeave(withinMs: number): void {
    this.#socket.emit('drain', { withinMs });
  }

  cut(): void {
    this.connection.cut();
  }

  close(): void {
    for (const wish of this.#wishes) wish.withdrawn = true;
    for (const channelId of this.#subscriptions.keys()) this.#drop(channelId);
    this.connection.closed();
  }

  #onSubscribe(request: unknown, answer: unknown): void {
    if (typeof answer !== 'function') return this.#misuse(answer, '');
    const say = answer as (said: CatchUpAnswer | ProblemAnswer) => void;
    const refuse = (error: unknown) => say({ ok: false, problem: this.#problemOf(error) });
    try {
      const wish = this.#parsed(() => wishFrom(request));
      if (this.#wishes.size >= readerLimits.waitingSubscribes) {
        throw new Refusal('rate-limited', { detail: 'Too many subscribes are waiting.', retryAfter: 1 });
      }
      this.#wishes.add(wish);
      this.#last = this.#inTurn(this.#last, wish, say).catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  async #inTurn(
    earlier: Promise<void> | undefined,
    wish: Wish,
    say: (said: CatchUpAnswer | ProblemAnswer) => void,
  ): Promise<void> {
    try {
      await earlier;
      if (!this.connection.ready) await this.connection.whenReady();
      await this.#subscribe(wish, say);
    } finally {
      this.#wishes.delete(wish);
      if (this.#wishes.size === 0) this.#last = undefined;
    }
  }

  async #subscribe(wish: Wish, say: (said: CatchUpAnswer | ProblemAnswer) => void): Promise<void> {
    const { channelId, cursor, posts } = wish;
    if (wish.withdrawn) throw subscriptionEnded();
    this.#drop(channelId);
    if (this.#subscriptions.size >= limits.socketChannels) {
      // No wait would help: so it is none of the problems that say so.
      throw new Refusal('invalid-body', {
        detail: `A socket takes up to ${limits.socketChannels} channels. Unsubscribe from one, or open another socket.`,
      });
    }
    const { feeds, metrics } = this.#context;
    const held = await holdFor(this.asker, feeds, channelId);
    const subscription = new Subscription(held, this.connection, this.asker, (reason) => this.#ended(channelId, reason));
    try {
      if (wish.withdrawn) throw subscriptionEnded();
      this.#subscriptions.set(channelId, subscription);
      const query = { after: cursor, limit: limits.catchUpMost, posts };
      const parts = { feed: held.feed, asker: this.asker, reader: subscription, wanted: () => !wish.withdrawn };
      await answerAndJoin({ ...query, ...parts }, (answer) => {
        // Joined in this very tick, unless there is more: then the client asks again, and nothing is held meanwhile.
        if (answer.more) this.#drop(channelId);
        countCatchUp(metrics, answer);
        say(new CatchUpAnswer(answer, this.connection));
      });
    } catch (error) {
      if (this.#subscriptions.get(channelId) === subscription) this.#subscriptions.delete(channelId);
      subscription.leave();
      throw error;
    }
  }

  #onUnsubscribe(request: unknown, answer: unknown): void {
    const say = typeof answer === 'function' ? answer : () => {};
    try {
      const { channelId } = this.#parsed(() => parse(unsubscribeSchema, request));
      // Also what was asked for before and is not answered yet.
      for (const wish of this.#wishes) if (wish.channelId === channelId) wish.withdrawn = true;
      this.#drop(channelId);
      say({ ok: true });
    } catch (error) {
      say({ ok: false, problem: this.#problemOf(error) });
    }
  }

  #drop(channelId: string): void {
    this.#subscriptions.get(channelId)?.leave();
    this.#subscriptions.delete(channelId);
  }

  #ended(channelId: string, reason: EndedReason): void {
    this.#subscriptions.delete(channelId);
    this.#tellEnd(channelId, reason);
  }

  #tellEnd(channelId: string, reason: EndedReason): void {
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

  #misuse(answer: unknown, detail: string): void {
    if (typeof answer === 'function') answer({ ok: false, problem: problem('invalid-body', { detail }) });
    this.#countMisuse();
  }

  #countMisuse(): void {
    this.#misuses += 1;
    if (this.#misuses < limits.socketMisuses) return;
    if (this.#misuses === limits.socketMisuses) this.#context.metrics.rejections.inc({ kind: 'misused' });
    setImmediate(() => this.#socket.disconnect(true));
  }

  #problemOf(error: unknown): Problem {
    const known = problemFor(error);
    if (known === undefined) this.#context.log.warn({ err: error }, 'subscribe failed');
    const said = known ?? problem('internal-error', { retryAfter: 1 });
    this.#context.metrics.problems.inc({ code: said.code });
    return said;
  }
}

/** A subscribe that is under way. */
interface Wish {
  channelId: string;
  cursor: Position | undefined;
  posts: number;
  /** The client unsubscribed, or left. */
  withdrawn: boolean;
}

function wishFrom(request: unknown): Wish {
  const { channelId, after, limit = limits.pageDefault } = parse(subscribeSchema, request);
  return { channelId, cursor: cursorFrom(after), posts: limit, withdrawn: false };
}
