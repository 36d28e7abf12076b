import type { Channel, EndedReason } from '../protocol/model.ts';
import type { Refusal } from '../protocol/problems.ts';
import { mayRead, type Principal } from '../protocol/rights.ts';
import type { EndReason } from '../streams/stream-reader.ts';
import { type CredentialStatus, type Credentials, type Identity, isUnverified, principalIn, refusalFor } from './identity.ts';

/**
 * Who asks over something that stays open, and what they may have at this moment: a token that was good when it was checked need not be
 * so any more.
 */
export class Requester {
  #credentials: Credentials;
  readonly #statusOf: Identity['statusOf'];

  constructor(credentials: Credentials, statusOf: Identity['statusOf']) {
    this.#credentials = credentials;
    this.#statusOf = statusOf;
  }

  /** A token was sent, or a session. */
  get hasCredentials(): boolean {
    return this.#credentials !== undefined;
  }

  /** Of the token; `good` where none was sent. */
  get status(): CredentialStatus {
    const who = principalIn(this.#credentials);
    return who === undefined ? 'good' : this.#statusOf(who);
  }

  /** The token was revoked, or the session signed out: whatever was begun with it is to end. */
  get isRevoked(): boolean {
    const { status } = this;
    return status === 'revoked' || status === 'signed-out';
  }

  /** Who asks, while the token is good. */
  get principal(): Principal | undefined {
    return this.status === 'good' ? principalIn(this.#credentials) : undefined;
  }

  /** Looks again at a session that could not be judged. Whether it could be now. */
  async verifyAgain(): Promise<boolean> {
    if (!isUnverified(this.#credentials)) return false;
    this.#credentials = await this.#credentials.verifyAgain();
    return !isUnverified(this.#credentials);
  }

  mayRead(channel: Channel): boolean {
    return mayRead(this.principal, channel);
  }

  /** Why one has no more than strangers have; undefined where that is all there is to it. */
  get refusal(): Refusal | undefined {
    return isUnverified(this.#credentials) ? this.#credentials.refusal : refusalFor(this.status);
  }

  /** Whether what was begun with the token may not go on without it. */
  hasLostAccess(channel: Channel): boolean {
    return this.status === 'expired' && !mayRead(undefined, channel);
  }

  /** Why a subscription ended, as the reader is told it. */
  endedReasonFor(reason: EndReason): EndedReason {
    if (reason !== 'forbidden') return reason;
    // Asked for again, it is answered with when to come back.
    if (isUnverified(this.#credentials)) return 'slow';
    if (this.isRevoked) return 'revoked';
    return this.status === 'expired' ? 'expired' : reason;
  }
}
