import { type Asking, isUnjudged, principalIn } from '../edge/identity.ts';
import type { ChannelRead, Journal } from '../engine/engine.ts';
import type { Feeds, Held } from '../fanout/feeds.ts';
import { type Position, parseCursor } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import { missing, type ProblemCode, type ProblemDetails, Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead } from '../protocol/rights.ts';
import { channelIdSchema, postIdSchema } from '../protocol/schemas.ts';

/** What readers name in a request, and whether they may have it. Unknown channels and those of the desk answer alike to strangers. */
type FoundChannel = Extract<ChannelRead, { status: 'found' }>;

/** The channel, if the asker may know of it; else a refusal. */
export async function knownChannel(journal: Journal, asking: Asking, channelId: string): Promise<FoundChannel> {
  const who = principalIn(asking);
  if (!channelIdSchema.safeParse(channelId).success) throw new Refusal('not-found', missing.channel);
  const read = await journal.channel(channelId, mayKnow(who, { id: channelId, access: 'desk' }));
  if (read.status === 'found' && mayKnow(who, read.channel)) return read;
  if (read.status === 'deleted' && mayKnow(who, { id: channelId, access: read.access })) throw new Refusal('channel-deleted');
  throw refusalFor(asking, 'not-found', missing.channel);
}

/** The channel, if the asker may read its posts; else a refusal. */
export async function readableChannel(journal: Journal, asking: Asking, channelId: string): Promise<FoundChannel> {
  const read = await knownChannel(journal, asking, channelId);
  mustRead(asking, read.channel);
  return read;
}

/** A refusal where one may not read the posts of the channel as it is. */
export function mustRead(asking: Asking, channel: Channel): void {
  const who = principalIn(asking);
  if (mayRead(who, channel)) return;
  if (!mayKnow(who, channel)) throw refusalFor(asking, 'not-found', missing.channel);
  throw refusalFor(asking, who === undefined ? 'token-missing' : 'forbidden');
}

/** The feed of a channel that was read before; a refusal if the channel has gone since. */
export function mustHold(held: Awaited<ReturnType<Feeds['hold']>>): Held {
  if (held === undefined) throw new Refusal('not-found', missing.channel);
  if ('deleted' in held) throw new Refusal('channel-deleted');
  return held;
}

/** Who may be another than a stranger is told to come back. */
function refusalFor(asking: Asking, code: ProblemCode, details?: ProblemDetails): Refusal {
  return isUnjudged(asking) ? asking.refusal : new Refusal(code, details);
}

/**
 * The position that a client's cursor stands for; undefined where it sent none. What is no cursor is refused, the empty text too,
 * alike on every transport.
 */
export function cursorFrom(text: string | null | undefined): Position | undefined {
  if (text === undefined || text === null) return undefined;
  const position = parseCursor(text);
  if (position === undefined) throw new Refusal('invalid-cursor');
  return position;
}

/** The id of a post in a path. What cannot be one is not there. */
export function postIdOf(text: string | undefined): string {
  if (text === undefined || !postIdSchema.safeParse(text).success) throw new Refusal('not-found', missing.post);
  return text;
}
