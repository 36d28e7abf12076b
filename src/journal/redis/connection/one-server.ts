import type { ServerFacts } from './server-settings.ts';

interface Member {
  /** Closes the connection and opens a new one. */
  drop(why: string): void;
}

/**
 * Keeps the connections of a node on one server. After a failover, one connection may already be on the new master while another
 * still reads from the old one, which has other entries: readers would be told that the journal lost what they have read.
 */
export class OneServer {
  readonly #members = new Map<Member, ServerFacts>();

  /**
   * Call before a connection is used. Returns whether it may be used: not if another connection uses a server that was promoted
   * from this one. Connections to other servers are dropped.
   */
  join(member: Member, facts: ServerFacts): boolean {
    this.#members.delete(member);
    const others = [...this.#members].filter(([, theirs]) => theirs.runId !== facts.runId);
    if (others.some(([, theirs]) => theirs.continuedId === facts.replicationId)) return false;
    this.#members.set(member, facts);
    for (const [other] of others) {
      this.#members.delete(other);
      other.drop('another server is the master now');
    }
    return true;
  }

  leave(member: Member): void {
    this.#members.delete(member);
  }
}
