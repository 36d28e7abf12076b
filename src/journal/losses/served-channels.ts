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

/** The channels that a server served, at most `most`. With more, the one that was served longest ago is forgotten. */
export class ServedChannels {
  readonly #most: number;
  /** The channel that was served last is at the end. */
  readonly #channels = new Map<string, Served>();
  /** Rises with every change. */
  changes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#channels.size;
  }

  get(channelId: string): Served | undefined {
    return this.#channels.get(channelId);
  }

  /** From the channel that was served longest ago on. */
  get ids(): string[] {
    return [...this.#channels.keys()];
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
    this.#channels.set(channelId, { position, access });
    this.changes += 1;
    if (this.#channels.size > this.#most) this.#channels.delete(this.#channels.keys().next().value as string);
  }

  /** The channel is the one that was served last. */
  touch(channelId: string): void {
    const served = this.#channels.get(channelId);
    if (served === undefined) return;
    this.#channels.delete(channelId);
    this.#channels.set(channelId, served);
  }

  forget(channelId: string): void {
    if (this.#channels.delete(channelId)) this.changes += 1;
  }

  /** Adds the channels that another process, or an earlier one, has served. A line that cannot be read is passed over. */
  add(text: string): void {
    for (const line of text.split('\n')) {
      const [channelId = '', cursor = '', access] = line.split(' ');
      const position = parseCursor(cursor);
      const known = accesses.find((one) => one === access);
      if (position === undefined || known === undefined || !channelIdSchema.safeParse(channelId).success) continue;
      if (!this.#channels.has(channelId)) this.set(channelId, position, known);
    }
  }

  /** One line for each channel: its id, its last position as a cursor, and its access. */
  get text(): string {
    const lines = [...this.#channels].map(([id, { position, access }]) => `${id} ${formatCursor(position)} ${access}\n`);
    return lines.join('');
  }
}
