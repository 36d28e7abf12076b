import type { Channel, EndedReason } from '../protocol/model.ts';
import type { Refusal } from '../protocol/problems.ts';
import { mayRead, type Principal } from '../protocol/rights.ts';
import type { EndReason } from '../streams/stream-reader.ts';
import { type Asking, type Identity, isUnjudged, principalIn, refusalFor, type Standing } from './identity.ts';

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

  mayRead(channel: Channel): boolean {
    return mayRead(this.principal, channel);
  }

  /** Why one has no more than strangers have; undefined where that is all there is to it. */
  get refusal(): Refusal | undefined {
    return isUnjudged(this.#asking) ? this.#asking.refusal : refusalFor(this.standing);
  }

  /** Whether what was begun with the token may not go on without it. */
  hasLost(channel: Channel): boolean {
    return this.standing === 'expired' && !mayRead(undefined, channel);
  }

  /** Why a subscription ended, as the reader is told it. */
  told(reason: EndReason): EndedReason {
    if (reason !== 'forbidden') return reason;
    // Asked for again, it is answered with when to come back.
    if (isUnjudged(this.#asking)) return 'slow';
    if (this.isOver) return 'revoked';
    return this.standing === 'expired' ? 'expired' : reason;
  }
}
