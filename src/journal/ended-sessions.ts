import type { SessionFacts } from '../protocol/rights.ts';
import { limits } from '../protocol/wire-limits.ts';

/**
 * The sessions that were signed out, held in memory so that every use of a session can be checked. The list is bounded per
 * subject and in total. At a bound, a cutoff replaces the oldest sessions. The cutoff ends every session of the subject that
 * began no later (at the total bound: of every subject), so the replaced sessions stay ended.
 */

/** Length of the key that signs sessions. */
export const sessionKeyBytes = 32;

/** A change to the stored list, applied in one atomic step. */
export interface SessionEnd {
  add: readonly string[];
  remove: readonly string[];
}

/** In a cutoff, stands for every session or every subject. Neither an id nor a subject can have this value. */
const all = '*';

interface OfSubject {
  /** Sessions that began at or before this time are ended. */
  cutoff: number;
  lines: Map<string, SessionFacts>;
}

export class EndedSessions {
  readonly #now: () => number;
  readonly #subjects = new Map<string, OfSubject>();
  readonly #ids = new Set<string>();
  #size = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of lines, including cutoffs. */
  get size(): number {
    return this.#size;
  }

  has({ subject, id, begunAt }: Omit<SessionFacts, 'until'>): boolean {
    return this.#ids.has(id) || this.#isCutOff(subject, begunAt);
  }

  /** The change that ends the session. Takes effect with `apply`. */
  plan(session: SessionFacts): SessionEnd {
    if (this.has(session)) return { add: [], remove: [] };
    const add = [lineOf(session)];
    const own = [...(this.#subjects.get(session.subject)?.lines.values() ?? [])];
    const remove = this.#makeRoom(own, session.subject, limits.endedSessionsOfSubject, add);
    if (this.#size - remove.length + add.length > limits.endedSessions) {
      const everyone = [...this.#subjects.values()].flatMap(({ lines }) => [...lines.values()]);
      // Drops a tenth at once, so that the next calls need not search the whole list.
      remove.push(...this.#makeRoom(everyone, all, Math.ceil(limits.endedSessions * 0.9), add));
    }
    return { add, remove: [...new Set(remove)] };
  }

  /** Applies a change that the store has written. */
  apply({ add, remove }: SessionEnd): void {
    for (const line of remove) this.#drop(line);
    for (const line of add) this.#take(line);
    if (this.#size <= limits.endedSessions) return;
    // Another node has dropped expired sessions from the store, so they are dropped here too.
    for (const { lines } of [...this.#subjects.values()]) {
      for (const [line, session] of lines) if (this.#hasLapsed(session)) this.#drop(line);
    }
  }

  /** Lines in effect that are missing from the given lines of a store. */
  missingFrom(lines: readonly string[]): string[] {
    const there = new Set(lines);
    const here = [...this.#subjects.values()].flatMap((of) => [...of.lines]);
    return here.filter(([line, session]) => !there.has(line) && !this.#hasLapsed(session)).map(([line]) => line);
  }

  #isCutOff(subject: string, begunAt: number): boolean {
    return begunAt <= this.#cutoff(subject) || begunAt <= this.#cutoff(all);
  }

  #cutoff(subject: string): number {
    return this.#subjects.get(subject)?.cutoff ?? Number.NEGATIVE_INFINITY;
  }

  /** Lines to remove so that two more fit: expired ones, then the oldest. Adds their cutoff to `add`. */
  #makeRoom(sessions: readonly SessionFacts[], subject: string, most: number, add: string[]): string[] {
    if (sessions.length < most) return [];
    const lapsed = sessions.filter((session) => this.#hasLapsed(session));
    const counting = sessions.filter((session) => !this.#hasLapsed(session)).sort((one, other) => one.begunAt - other.begunAt);
    if (counting.length < most) return lapsed.map(lineOf);
    const begunAt = counting[counting.length - most + 1]?.begunAt ?? 0;
    const covered = counting.filter((session) => session.begunAt <= begunAt);
    add.push(lineOf({ subject, id: all, begunAt, until: Math.max(...covered.map(({ until }) => until)) }));
    return [...lapsed, ...covered].map(lineOf);
  }

  #take(line: string): void {
    const session = sessionOf(line);
    if (session === undefined) return;
    const { subject, id, begunAt } = session;
    // The line was read before a cutoff replaced it.
    if (id !== all && this.#isCutOff(subject, begunAt)) return;
    const of = this.#subjects.get(subject) ?? { cutoff: Number.NEGATIVE_INFINITY, lines: new Map<string, SessionFacts>() };
    this.#subjects.set(subject, of);
    if (!of.lines.has(line)) this.#size += 1;
    of.lines.set(line, session);
    if (id !== all) return void this.#ids.add(id);
    if (begunAt <= of.cutoff) return;
    of.cutoff = begunAt;
    const covered = subject === all ? [...this.#subjects.values()] : [of];
    for (const { lines } of covered) {
      for (const [other, { begunAt: at }] of lines) if (other !== line && at <= begunAt) this.#drop(other);
    }
  }

  #drop(line: string): void {
    const session = sessionOf(line);
    const of = session && this.#subjects.get(session.subject);
    if (session === undefined || !of?.lines.delete(line)) return;
    this.#size -= 1;
    this.#ids.delete(session.id);
    if (session.id === all) of.cutoff = Math.max(Number.NEGATIVE_INFINITY, ...cutoffsIn(of.lines));
    if (of.lines.size === 0) this.#subjects.delete(session.subject);
  }

  #hasLapsed({ until }: SessionFacts): boolean {
    return until <= this.#now();
  }
}

function cutoffsIn(lines: ReadonlyMap<string, SessionFacts>): number[] {
  return [...lines.values()].filter(({ id }) => id === all).map(({ begunAt }) => begunAt);
}

function lineOf({ subject, id, begunAt, until }: SessionFacts): string {
  return `${subject} ${id} ${begunAt} ${until}`;
}

function sessionOf(line: string): SessionFacts | undefined {
  const [subject, id, begunAt, until] = line.split(' ');
  if (!subject || !id || !begunAt || !until) return undefined;
  return { subject, id, begunAt: Number(begunAt), until: Number(until) };
}
