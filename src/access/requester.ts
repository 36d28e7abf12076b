import type { Channel, EndedReason } from '../protocol/model.ts';
import type { Refusal } from '../protocol/problems.ts';
import { mayRead, type Principal } from '../protocol/rights.ts';
import type { EndReason } from '../streams/stream-reader.ts';
import { type CredentialStatus, type Credentials, type Identity, isUnverified, principalIn, refusalFor } from './identity.ts';

/**
 * The requester of an open connection, and what the credentials permit at this moment: a token that was valid when it was checked
 * may have expired or been revoked.
 */
export class Requester {
  #credentials: Credentials;
  readonly #statusOf: Identity['statusOf'];

  constructor(credentials: Credentials, statusOf: Identity['statusOf']) {
    this.#credentials = credentials;
    this.#statusOf = statusOf;
  }

  /** Whether a token or a session was sent. */
  get hasCredentials(): boolean {
    return this.#credentials !== undefined;
  }

  /** `good` for an anonymous requester and for a session that cannot be checked. */
  get status(): CredentialStatus {
    const who = principalIn(this.#credentials);
    return who === undefined ? 'good' : this.#statusOf(who);
  }

  /** The token was revoked or the session was signed out: everything that was opened with it must end. */
  get isRevoked(): boolean {
    const { status } = this;
    return status === 'revoked' || status === 'signed-out';
  }

  /** The principal, while the token is valid. */
  get principal(): Principal | undefined {
    return this.status === 'good' ? principalIn(this.#credentials) : undefined;
  }

  /** Tries again to check a session that could not be checked. Resolves to whether it was checked now. */
  async verifyAgain(): Promise<boolean> {
    if (!isUnverified(this.#credentials)) return false;
    this.#credentials = await this.#credentials.verifyAgain();
    return !isUnverified(this.#credentials);
  }

  mayRead(channel: Channel): boolean {
    return mayRead(this.principal, channel);
  }

  /** Why the requester has no more rights than an anonymous one. Undefined for an anonymous requester. */
  get refusal(): Refusal | undefined {
    return isUnverified(this.#credentials) ? this.#credentials.refusal : refusalFor(this.status);
  }

  /** Whether the token has expired and the channel cannot be read without one. */
  hasLostAccess(channel: Channel): boolean {
    return this.status === 'expired' && !mayRead(undefined, channel);
  }

  /** The reason that a reader gets when a subscription ends. */
  endedReasonFor(reason: EndReason): EndedReason {
    if (reason !== 'forbidden') return reason;
    // After `slow` the client subscribes again, and gets a refusal with a time to retry.
    if (isUnverified(this.#credentials)) return 'slow';
    if (this.isRevoked) return 'revoked';
    return this.status === 'expired' ? 'expired' : reason;
  }
}
