import { type Identity, refusalFor, type Standing } from '../edge/identity.ts';
import type { EndReason } from '../fanout/feed.ts';
import type { Access, Channel, EndedReason } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead, type Principal } from '../protocol/rights.ts';
import { mustRead } from './access.ts';

/**
 * Who asks over something that stays open, and what they may have at this moment: a token that was good when it was checked need not be
 * so any more.
 */
export class Asker {
  readonly #who: Principal | undefined;
  readonly #standing: Identity['standing'];

  constructor(who: Principal | undefined, standing: Identity['standing']) {
    this.#who = who;
    this.#standing = standing;
  }

  /** A token was sent. */
  get isKnown(): boolean {
    return this.#who !== undefined;
  }

  /** Of the token; `good` where none was sent. */
  get standing(): Standing {
    return this.#who === undefined ? 'good' : this.#standing(this.#who);
  }

  /** Who asks, while the token is good. */
  get principal(): Principal | undefined {
    return this.standing === 'good' ? this.#who : undefined;
  }

  mayKnow(channel: Channel): boolean {
    return mayKnow(this.principal, channel);
  }

  mayRead(channel: Channel): boolean {
    return mayRead(this.principal, channel);
  }

  /** Who has a token that is good no longer is told so, of whatever strangers may not read: channels of the desk answer like unknown ones. */
  mustRead(channel: Channel): void {
    if (this.standing !== 'good' && !mayRead(undefined, channel)) throw this.unknown();
    mustRead(this.principal, channel);
  }

  /** Of a channel that is not there. */
  unknown(): Refusal {
    return refusalFor(this.standing) ?? new Refusal('not-found');
  }

  /** Of a channel that was deleted. */
  deleted(channelId: string, access: Access): Refusal {
    return mayKnow(this.principal, { id: channelId, access }) ? new Refusal('channel-deleted') : this.unknown();
  }

  /** Whether what was begun with the token may not go on without it. */
  hasLost(channel: Channel): boolean {
    return this.standing === 'expired' && channel.access !== 'public';
  }

  /** Why a subscription ended, as the reader is told it. */
  told(reason: EndReason): EndedReason {
    const { standing } = this;
    return reason === 'forbidden' && standing !== 'good' ? standing : reason;
  }
}
