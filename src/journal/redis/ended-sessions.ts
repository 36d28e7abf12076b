import { randomBytes } from 'node:crypto';
import type { ServerFacts } from '../../protocol/model.ts';
import type { SessionFacts } from '../../protocol/rights.ts';
import type { Log } from '../announcer.ts';
import { EndedSessions, type SessionEnd, sessionKeyBytes } from '../ended-sessions.ts';
import { factsOfSessionEnd } from '../server-journal.ts';
import { serverArguments } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { registry } from './keys.ts';

export interface RedisSessionsParts {
  writes: Connection;
  commands: Connection;
  now: () => number;
  log: Log;
}

/**
 * The sessions that were signed out on any node, and the key that signs sessions. Each node keeps all ended sessions in memory,
 * and reads new ones at every comparison with the store. A message from another node only makes it compare at once. If the store
 * was restored to an older state, nodes write the lost sessions back.
 */
export class RedisSessions {
  readonly #parts: RedisSessionsParts;
  readonly #ended: EndedSessions;
  #last = { number: 0, line: '' };
  /** The key in base64url. Empty until it is first requested on this node. */
  #key = '';

  constructor(parts: RedisSessionsParts) {
    this.#parts = parts;
    this.#ended = new EndedSessions(parts.now);
  }

  get size(): number {
    return this.#ended.size;
  }

  has(session: Omit<SessionFacts, 'until'>): boolean {
    return this.#ended.has(session);
  }

  /**
   * Writes the end of the session. Call the returned function once enough replicas have the write. Only then does `has` report
   * it.
   */
  async write(session: SessionFacts, by: string | null): Promise<() => void> {
    const end = this.#ended.plan(session);
    await this.#store(end, factsOfSessionEnd(session, { now: this.#parts.now(), by }));
    return () => this.#ended.apply(end);
  }

  async key(): Promise<Uint8Array> {
    if (this.#key === '') await this.#read(randomBytes(sessionKeyBytes).toString('base64url'));
    return new Uint8Array(Buffer.from(this.#key, 'base64url'));
  }

  /** When it resolves, this node knows every session that was ended before the call. Throws if the store did not answer. */
  async compare(): Promise<void> {
    await this.#read(this.#key);
  }

  async #read(key: string): Promise<void> {
    const { number, line } = this.#last;
    const answer = await this.#parts.commands.run('ended-sessions', [registry.ended, registry.sessionKey], [number, line, key]);
    const [kind, kept, ...flat] = answer as [string, string, ...string[]];
    if (key !== '') this.#key = kept;
    const lines = flat.filter((_, at) => at % 2 === 0);
    this.#ended.apply({ add: lines, remove: [] });
    if (lines.length > 0) this.#last = { line: lines.at(-1) as string, number: Number(flat.at(-1)) };
    else if (kind === 'all') this.#last = { number: 0, line: '' };
    if (kind === 'all') await this.#putBack(this.#ended.missingFrom(lines));
  }

  async #putBack(lost: readonly string[]): Promise<void> {
    if (lost.length === 0) return;
    this.#parts.log.warn({ sessions: lost.length }, 'ended sessions that Redis had lost were written again');
    await this.#store({ add: lost, remove: [] }, []);
  }

  async #store({ add, remove }: SessionEnd, facts: readonly ServerFacts[]): Promise<void> {
    const args = [...serverArguments(facts), remove.length, ...remove, ...add];
    await this.#parts.writes.run('end-session', [registry.ended, registry.server], args);
  }
}
