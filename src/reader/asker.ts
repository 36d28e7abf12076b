import type { EndReason } from '../fanout/feed.ts';
import type { Access, Channel } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead, type Principal } from '../protocol/rights.ts';
import { mustRead } from './access.ts';
import type { EndedReason } from './messages.ts';

/**
 * Who asks over something that stays open, and what they may have at this moment: a token that was good when it was checked need not be
 * so any more.
 */
export class Asker {
  readonly #who: Principal | undefined;
  readonly #now: () => number;

  constructor(who: Principal | undefined, now: () => number) {
    this.#who = who;
    this.#now = now;
  }

  /** Who asks, while the token is good. */
  get principal(): Principal | undefined {
    return this.#who !== undefined && this.#now() < this.#who.expiresAt ? this.#who : undefined;
  }

  /** Had a token, and is a stranger now. */
  get hasExpired(): boolean {
    return this.#who !== undefined && this.principal === undefined;
  }

  mayRead(channel: Channel): boolean {
    return mayRead(this.principal, channel);
  }

  /** Who has a token that ran out is told so, of whatever strangers may not read: channels of the desk answer like unknown ones. */
  mustRead(channel: Channel): void {
    if (this.hasExpired && !mayRead(undefined, channel)) throw this.unknown();
    mustRead(this.principal, channel);
  }

  /** Of a channel that is not there. */
  unknown(): Refusal {
    return this.hasExpired ? new Refusal('token-invalid', { detail: 'The token has expired.' }) : new Refusal('not-found');
  }

  /** Of a channel that was deleted. */
  deleted(channelId: string, access: Access): Refusal {
    return mayKnow(this.principal, { id: channelId, access }) ? new Refusal('channel-deleted') : this.unknown();
  }

  /** Whether what was begun with the token may not go on without it. */
  hasLost(channel: Channel): boolean {
    return this.hasExpired && channel.access !== 'public';
  }

  /** Why a subscription ended, as the reader is told it. */
  told(reason: EndReason): EndedReason {
    return reason === 'forbidden' && this.hasExpired ? 'expired' : reason;
  }
}
