import { randomUUID } from 'node:crypto';
import { limits } from '../../protocol/wire-limits.ts';
import type { Log } from '../announcer.ts';
import type { Revocation, Revoked } from '../revoked-tokens.ts';
import { RevokedTokens } from '../revoked-tokens.ts';
import { factsOfRevocation, serverActor } from '../server-journal.ts';
import { serverArguments } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { registry } from './keys.ts';

const keys = [registry.revoked, registry.revokedVersion];
const writeKeys = [...keys, registry.server];

export interface RevocationsParts {
  writes: Connection;
  commands: Connection;
  now: () => number;
  log: Log;
}

/**
 * The tokens that were revoked on any node. Each node keeps all of them in memory, and reads them again when their version in the
 * store changed. A message from another node only makes it compare at once. If the store was restored to an older state, nodes
 * write the lost revocations back.
 */
export class RedisRevocations {
  readonly #parts: RevocationsParts;
  readonly #revoked: RevokedTokens;
  #version = '?';
  /** The number of revocations that this node wrote. */
  #taken = 0;

  constructor(parts: RevocationsParts) {
    this.#parts = parts;
    this.#revoked = new RevokedTokens(parts.now);
  }

  get size(): number {
    return this.#revoked.size;
  }

  has(jti: string): boolean {
    return this.#revoked.has(jti);
  }

  /** Writes a revocation. Call `taken` once enough replicas have the write. Only then does `has` report it. */
  async write({ jti, until }: Revocation, by: string): Promise<Revoked> {
    const { writes, now } = this.#parts;
    const at = now();
    const entryArguments = serverArguments([factsOfRevocation(jti, until, { now: at, by })]);
    const args = [at, jti, until ?? 'inf', randomUUID(), limits.revokedTokens, ...entryArguments];
    return (await writes.run('revoke-token', writeKeys, args)) as Revoked;
  }

  taken(revocation: Revocation): void {
    this.#revoked.add([revocation]);
    // Otherwise a store that loses this write, and so has the version that was read last, would look unchanged.
    this.#taken += 1;
    this.#version = '?';
  }

  /** When it resolves, this node knows every token that was revoked before the call. Throws if the store did not answer. */
  async compare(): Promise<void> {
    const taken = this.#taken;
    const answer = (await this.#parts.commands.run('revoked-tokens', keys, [this.#version])) as string[] | null;
    if (answer === null) return;
    const [version = '', ...flat] = answer;
    const kept = Array.from({ length: flat.length / 2 }, (_, at): Revocation => {
      const until = flat[2 * at + 1] as string;
      return { jti: flat[2 * at] as string, until: until === 'inf' ? null : Number(until) };
    });
    this.#revoked.add(kept);
    this.#version = taken === this.#taken ? version : '?';
    await this.#putBack(this.#revoked.missingFrom(kept));
  }

  async #putBack(lost: readonly Revocation[]): Promise<void> {
    if (lost.length === 0) return;
    this.#parts.log.warn({ tokens: lost.length }, 'token revocations that Redis had lost were written again');
    const read = this.#version;
    // If a write fails, everything is read and compared again.
    this.#version = '?';
    await Promise.all(lost.map((revocation) => this.write(revocation, serverActor)));
    this.#version = read;
  }
}
