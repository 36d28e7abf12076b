import { type Asking, type Identity, isUnjudged, principalIn, refusalFor, type Standing } from '../edge/identity.ts';
import type { EndReason } from '../fanout/feed.ts';
import type { Access, Channel, EndedReason } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead, type Principal } from '../protocol/rights.ts';
import { mustRead } from './access.ts';

/**
 * Who asks over something that stays open, and what they may have at this moment: a token that was good when it was checked need not be
 * so any more.
 */
export class Asker {
  #asking: Asking;
  readonly #standing: Identity['standing'];

  constructor(asking: Asking, standing: Identity['standing']) {
    this.#asking = asking;
    this.#standing = standing;
  }

  /** A token was sent, or a session. */
  get isKnown(): boolean {
    return this.#asking !== undefined;
  }

  /** Of the token; `good` where none was sent. */
  get standing(): Standing {
    const who = principalIn(this.#asking);
    return who === undefined ? 'good' : this.#standing(who);
  }

  /** The token was revoked, or the session signed out: whatever was begun with it is to end. */
  get isOver(): boolean {
    const { standing } = this;
    return standing === 'revoked' || standing === 'signed-out';
  }

  /** Who asks, while the token is good. */
  get principal(): Principal | undefined {
    return this.standing === 'good' ? principalIn(this.#asking) : undefined;
  }

  /** Looks again at a session that could not be judged. Whether it could be now. */
  async judge(): Promise<boolean> {
    if (!isUnjudged(this.#asking)) return false;
    this.#asking = await this.#asking.again();
    return !isUnjudged(this.#asking);
  }

  /** Whether one may know of the channel also where it is of the desk. */
  mayKnowDesk(channelId: string): boolean {
    return mayKnow(this.principal, { id: channelId, access: 'desk' });
  }

  mayKnow(channel: Channel): boolean {
    return mayKnow(this.principal, channel);
  }

  mayRead(channel: Channel): boolean {
    return mayRead(this.principal, channel);
  }

  /**
   * Of whatever strangers may not read, who has a token that is good no longer is told so, and whose session cannot be judged is told to
   * come back: channels of the desk answer like unknown ones.
   */
  mustRead(channel: Channel): void {
    const refusal = this.#refusal();
    if (refusal !== undefined && !mayRead(undefined, channel)) throw refusal;
    mustRead(this.principal, channel);
  }

  /** Of a channel that is not there. */
  unknown(): Refusal {
    return this.#refusal() ?? new Refusal('not-found', missing.channel);
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
    if (reason !== 'forbidden') return reason;
    // Asked for again, it is answered with when to come back.
    if (isUnjudged(this.#asking)) return 'slow';
    if (this.isOver) return 'revoked';
    return this.standing === 'expired' ? 'expired' : reason;
  }

  /** What to say in the place of what strangers are told. */
  #refusal(): Refusal | undefined {
    return isUnjudged(this.#asking) ? this.#asking.refusal : refusalFor(this.standing);
  }
}
