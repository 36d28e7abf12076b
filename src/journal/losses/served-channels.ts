import { formatCursor, isSamePosition, type Position, parseCursor } from '../../protocol/cursor.ts';
import { type Access, accesses } from '../../protocol/model.ts';
import { channelIdSchema } from '../../protocol/schemas.ts';

/** The last position of a channel that a server served, and who may know of the channel. */
export interface Served {
  readonly position: Position;
  readonly access: Access;
}

export type Loss = 'missing' | 'behind';

/** Where a channel ends in the store. */
export type Found = Position | 'deleted' | 'missing';

/**
 * What the store lost of a channel, by a read that began after `served` was noted. Undefined if nothing is lost. A deletion is
 * recorded in the store. Another epoch is another history, which somebody began on purpose: the channel was created again,
 * imported or repaired. `before`: where the channel ended when it was found `behind`. Once it has grown from there, its history
 * goes on without what was lost.
 */
export function lossOf(served: Position, found: Found, before?: Found): Loss | undefined {
  if (found === 'deleted') return undefined;
  if (found === 'missing') return 'missing';
  if (found.epoch !== served.epoch || found.offset > served.offset) return undefined;
  if (found.offset === served.offset && found.check === served.check) return undefined;
  const hasGrown = typeof before === 'object' && found.epoch === before.epoch && found.offset > before.offset;
  return hasGrown ? undefined : 'behind';
}

interface Entry extends Served {
  /** Rises each time that any channel is served. Kept here because moving an entry of a large map costs much more. */
  turn: number;
}

/** The channels that a server served, at most `most`. With more, about a hundredth is forgotten: those served longest ago. */
export class ServedChannels {
  readonly #most: number;
  readonly #channels = new Map<string, Entry>();
  #turn = 0;
  /** Rises with every change of what is remembered. */
  changes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#channels.size;
  }

  /** The same object as before if nothing but `touch` was called for the channel in between. */
  get(channelId: string): Served | undefined {
    return this.#channels.get(channelId);
  }

  /** From the channel that was served longest ago on. */
  get ids(): string[] {
    const entries = [...this.#channels].sort(([, one], [, other]) => one.turn - other.turn);
    return entries.map(([channelId]) => channelId);
  }

  /** Notes a position. A read that began earlier may end later, so an earlier position of the same history changes nothing. */
  note(channelId: string, position: Position, access?: Access): void {
    const before = this.#channels.get(channelId);
    const isLater = before === undefined || before.position.epoch !== position.epoch || position.offset > before.position.offset;
    // Hides a channel until it is known who may know of it.
    this.set(channelId, isLater ? position : before.position, access ?? before?.access ?? 'desk');
  }

  /** Notes a position, even an earlier one. */
  set(channelId: string, position: Position, access: Access): void {
    const before = this.#channels.get(channelId);
    if (before !== undefined && before.access === access && isSamePosition(before.position, position)) return;
    this.#turn += 1;
    this.#channels.set(channelId, { position, access, turn: before?.turn ?? this.#turn });
    this.changes += 1;
    if (this.#channels.size > this.#most) this.#makeRoom();
  }

  /** The channel is the one that was served last. */
  touch(channelId: string): void {
    const served = this.#channels.get(channelId);
    if (served === undefined) return;
    this.#turn += 1;
    served.turn = this.#turn;
  }

  forget(channelId: string): void {
    if (this.#channels.delete(channelId)) this.changes += 1;
  }

  /** Several at once, because each time all of them are looked at. */
  #makeRoom(): void {
    const turns = Float64Array.from(this.#channels.values(), ({ turn }) => turn).sort();
    const newestToForget = turns[Math.floor(this.#most / 100)] ?? 0;
    for (const [channelId, { turn }] of this.#channels) if (turn <= newestToForget) this.#channels.delete(channelId);
  }

  /** The id of a channel, its last position as a cursor, and its access. Undefined if the channel is not remembered. */
  lineOf(channelId: string): string | undefined {
    const served = this.#channels.get(channelId);
    return served && `${channelId} ${formatCursor(served.position)} ${served.access}`;
  }

  /**
   * Adds a channel that another process, or an earlier one, has served, unless it is known. Passes over what cannot be read. Returns
   * whether the line is what `lineOf` returns now.
   */
  add(line: string): boolean {
    const [channelId = '', cursor = '', access] = line.split(' ');
    const position = parseCursor(cursor);
    const known = accesses.find((one) => one === access);
    if (position === undefined || known === undefined || !channelIdSchema.safeParse(channelId).success) return false;
    if (!this.#channels.has(channelId)) this.set(channelId, position, known);
    return this.lineOf(channelId) === line;
  }
}
