import { problemFor } from '../edge/answers.ts';
import { catchUp } from '../fanout/catch-up.ts';
import type { Feeds } from '../fanout/feeds.ts';
import type { Position } from '../protocol/cursor.ts';
import { limits } from '../protocol/limits.ts';
import type { Channel } from '../protocol/model.ts';
import { type Problem, problem, Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead, type Principal } from '../protocol/rights.ts';
import { parse, subscribeSchema, unsubscribeSchema } from '../protocol/schemas.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { cursorFrom, mustRead } from './access.ts';
import { Connection, Subscription } from './connection.ts';
import { Json } from './encoder.ts';
import { readerLimits } from './limits.ts';
import type { ClientSocket, EndedReason, ProblemAnswer } from './messages.ts';

/**
 * What one client and the server say to each other over a socket (contract, 3): subscriptions, one catch-up at a time, and the end of
 * both when a token runs out.
 */
export interface ConversationContext {
  feeds: Feeds;
  now: () => number;
  /** Runs something in the next turn; `setImmediate` where it is not given. */
  soon?: (run: () => void) => void;
  log: { warn(fields: object, message: string): void };
  metrics: Pick<Metrics, 'catchUps' | 'problems'>;
}

export class Conversation {
  readonly connection: Connection;
  readonly #socket: ClientSocket;
  readonly #who: Principal | undefined;
  readonly #context: ConversationContext;
  readonly #subscriptions = new Map<string, { subscription?: Subscription; release: () => void }>();
  /** Catch-ups go one after the other: this one is the last of the queue. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Subscribes that are not answered yet. */
  readonly #wishes = new Set<Wish>();
  #misuses = 0;

  constructor(socket: ClientSocket, who: Principal | undefined, context: ConversationContext) {
    this.#socket = socket;
    this.#who = who;
    this.#context = context;
    this.connection = new Connection(socket, context.now, context.soon);
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

  close(): void {
    for (const wish of this.#wishes) wish.withdrawn = true;
    for (const channelId of [...this.#subscriptions.keys()]) this.#drop(channelId);
    this.connection.closed();
  }

  /** Ends what the token was needed for, once it has expired. */
  sweep(now: number): void {
    if (this.#who === undefined || now < this.#who.expiresAt) return;
    for (const [channelId, { subscription }] of this.#subscriptions) {
      if (subscription !== undefined && subscription.feed.channel.access !== 'public') this.#end(channelId, 'expired');
    }
  }

  #onSubscribe(request: unknown, answer: unknown): void {
    if (typeof answer !== 'function') return this.#misuse(answer, '');
    const say = answer as (said: Json | ProblemAnswer) => void;
    const refuse = (error: unknown) => say({ ok: false, problem: this.#problemOf(error) });
    try {
      const wish = this.#parsed(() => wishFrom(request));
      if (this.#wishes.size >= readerLimits.waitingSubscribes) {
        throw new Refusal('rate-limited', { detail: 'Too many subscribes are waiting.', retryAfter: 1 });
      }
      this.#wishes.add(wish);
      this.#queue = this.#queue
        .then(() => this.connection.whenReady())
        .then(() => this.#subscribe(wish, say))
        .catch(refuse)
        .finally(() => this.#wishes.delete(wish));
    } catch (error) {
      refuse(error);
    }
  }

  async #subscribe(wish: Wish, say: (said: Json | ProblemAnswer) => void): Promise<void> {
    const { channelId, cursor, posts } = wish;
    if (wish.withdrawn) throw ended();
    this.#drop(channelId);
    if (this.#subscriptions.size >= limits.socketChannels) {
      // No wait would help: so it is none of the problems that say so.
      throw new Refusal('invalid-body', {
        detail: `A socket takes up to ${limits.socketChannels} channels. Unsubscribe from one, or open another socket.`,
      });
    }
    const held = await this.#context.feeds.hold(channelId);
    if (held === undefined) throw this.#unknown();
    if ('deleted' in held) {
      throw mayKnow(this.#now(), { id: channelId, access: held.deleted }) ? new Refusal('channel-deleted') : this.#unknown();
    }
    const { feed, release } = held;
    const place: { subscription?: Subscription; release: () => void } = { release };
    try {
      this.#mustRead(feed.channel);
      if (wish.withdrawn) throw ended();
      this.#subscriptions.set(channelId, place);

      const mayReadNow = (channel: Channel) => mayRead(this.#now(), channel);
      const subscription = new Subscription(feed, this.connection, mayReadNow, (reason) => this.#end(channelId, reason));
      const query = { after: cursor, limit: limits.catchUpMost, posts };
      let standing = feed.channel;
      const outcome = await catchUp(
        feed,
        query,
        ({ json, mode, reset, more }) => {
          // Joined in this very tick, unless there is more: then the client asks again, and nothing is held meanwhile.
          if (more) this.#drop(channelId);
          else place.subscription = subscription;
          this.#context.metrics.catchUps.inc({ mode: reset ? 'reset' : mode });
          say(new Json(`{"ok":true,${json.slice(1)}`));
        },
        {
          reader: subscription,
          wanted: (channel) => {
            standing = channel;
            return !wish.withdrawn && mayReadNow(channel);
          },
        },
      );
      if (outcome === 'gone') throw new Refusal('channel-deleted');
      if (outcome === 'unwanted') {
        this.#mustRead(standing);
        throw ended();
      }
    } catch (error) {
      if (this.#subscriptions.get(channelId) === place) this.#subscriptions.delete(channelId);
      release();
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

  /** Who asks, while the token is good. */
  #now(): Principal | undefined {
    return this.#who !== undefined && this.#context.now() < this.#who.expiresAt ? this.#who : undefined;
  }

  get #expired(): boolean {
    return this.#who !== undefined && this.#now() === undefined;
  }

  /** Who has a token that ran out is told so, of whatever strangers may not read: channels of the desk answer like unknown ones. */
  #mustRead(channel: Channel): void {
    if (this.#expired && !mayRead(undefined, channel)) throw this.#unknown();
    mustRead(this.#now(), channel);
  }

  #unknown(): Refusal {
    return this.#expired ? new Refusal('token-invalid', { detail: 'The token has expired.' }) : new Refusal('not-found');
  }

  #drop(channelId: string): void {
    const place = this.#subscriptions.get(channelId);
    if (place === undefined) return;
    this.#subscriptions.delete(channelId);
    place.subscription?.leave();
    place.release();
  }

  #end(channelId: string, reason: EndedReason): void {
    this.#drop(channelId);
    const expired = reason === 'forbidden' && this.#expired;
    this.#socket.emit('unsubscribed', { channelId, reason: expired ? 'expired' : reason });
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
    if (this.#misuses >= limits.socketMisuses) setImmediate(() => this.#socket.disconnect(true));
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

function ended(): Refusal {
  return new Refusal('not-found', { detail: 'The subscription was ended while it was being made.' });
}
