import { type ChannelRead, type Journal, JournalUnavailable } from '../journal/engine.ts';
import type { Access, Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead, type Principal } from '../protocol/rights.ts';
import { channelIdSchema } from '../protocol/schemas.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { ChannelStreams, StreamLease } from '../streams/channel-streams.ts';
import { type Asking, isUnjudged, principalIn } from './identity.ts';
import { Asker } from './requester.ts';

/**
 * May this requester read this channel? Decided here, and nowhere else, for sockets, streams, polls, pages, feeds, frames and exports.
 *
 * - The journal decides for a request that is answered once, before it reads and again afterwards: access may have been closed meanwhile.
 * - A feed that is open lets in whoever it knows may read. It ends them in the tick in which it hears otherwise.
 * - Only the journal refuses: a refusal is final, and a feed may be behind, or follow a history that was lost. Where the feed would refuse
 *   and the journal would not, the client is told to retry, and the feed reads the journal.
 * - Existence is hidden. A channel of the desk, one that was deleted from there and one that never was get the same refusal, after the same
 *   single read of the journal, whether a feed of it is open or not.
 * - Whoever cannot be judged, or holds a token that is good no longer, has what strangers have. Everything else is refused with the reason.
 *
 * A refusal is thrown as a `Refusal`. `JournalUnavailable` is thrown if access cannot be judged now.
 */

/** A requester: judged when the request came, or over a connection, where the judgement can change at any moment. */
export type Requester = Asking | Asker;

type Channels = Pick<Journal, 'channel'>;
type FoundChannel = Extract<ChannelRead, { status: 'found' }>;

/** `closed`: the requester may know of the channel, and not read its posts. */
export type IfOpen<T> = { status: 'open'; channel: Channel; found: T } | { status: 'closed'; channel: Channel };

/** The channel, if the requester may know of it. */
export async function knownChannel(journal: Channels, who: Requester, channelId: string): Promise<FoundChannel> {
  if (!channelIdSchema.safeParse(channelId).success) throw new Refusal('not-found', missing.channel);
  const read = await journal.channel(channelId, mayKnow(principal(who), { id: channelId, access: 'desk' }));
  if (read.status === 'deleted') throw deleted(who, channelId, read.access);
  if (read.status === 'missing' || !mayKnow(principal(who), read.channel)) throw unknown(who);
  return read;
}

/** The channel, if the requester may read its posts. */
export async function readableChannel(journal: Channels, who: Requester, channelId: string): Promise<FoundChannel> {
  const read = await knownChannel(journal, who, channelId);
  mustRead(who, read.channel);
  return read;
}

/** Throws the refusal of one who may not read the posts of the channel as it is. */
export function mustRead(who: Requester, channel: Channel): void {
  if (!isOpen(who, channel)) throw closed(who);
}

/** What was found where the channel is open to the requester. */
export function orRefuse<T>(who: Requester, read: IfOpen<T>): Extract<IfOpen<T>, { status: 'open' }> {
  if (read.status === 'closed') throw closed(who);
  return read;
}

/** What `read` brings from the journal, and the channel as it is after that. Nothing that was erased meanwhile is in it. */
export async function readIfOpen<T>(
  { engine, streams }: { engine: Channels; streams: ChannelStreams },
  who: Requester,
  channelId: string,
  read: (channelId: string) => Promise<T>,
): Promise<IfOpen<T>> {
  return await streams.guarded(async () => {
    const { channel: before } = await knownChannel(engine, who, channelId);
    if (!isOpen(who, before)) return { status: 'closed', channel: before };
    const found = await read(before.id);
    const { channel } = await knownChannel(engine, who, before.id);
    return isOpen(who, channel) ? { status: 'open', channel, found } : { status: 'closed', channel };
  });
}

/** What `read` brings from the channel's feed, with the channel as the feed knew it. The `channel` beside it is the newest state known. */
export async function readStreamIfOpen<T extends { channel: Channel }>(
  { engine, streams }: { engine: Channels; streams: ChannelStreams },
  who: Requester,
  channelId: string,
  read: (stream: ChannelStream) => Promise<T | 'gone'>,
): Promise<IfOpen<T>> {
  const { channel: before } = await streams.guarded(() => knownChannel(engine, who, channelId));
  if (!isOpen(who, before)) return { status: 'closed', channel: before };
  const found = await withStream(streams, who, channelId, async (stream) => {
    const answer = await read(stream);
    if (answer !== 'gone') await mustAdmit(engine, who, stream, () => answer.channel);
    return answer;
  });
  return { status: 'open', channel: found.channel.revision < before.revision ? before : found.channel, found };
}

/** The feed of a channel that the requester may read, to go on from. */
export async function holdReadable(streams: ChannelStreams, who: Requester, channelId: string): Promise<StreamLease> {
  const open = streams.acquireOpen(channelId);
  if (open !== undefined && mayRead(principal(who), open.stream.channel)) return open;
  open?.release();
  const followed = await streams.currentChannel(channelId);
  if (followed === undefined || !mayKnow(principal(who), followed)) await knownChannel(streams, who, channelId);
  const held = await hold(streams, who, channelId);
  try {
    await mustAdmit(streams, who, held.stream, () => held.stream.channel);
    return held;
  } catch (error) {
    held.release();
    throw error;
  }
}

/** What `read` brings from the feed of a channel whose requester was judged before. */
export async function withStream<T>(
  streams: ChannelStreams,
  who: Requester,
  channelId: string,
  read: (stream: ChannelStream) => Promise<T | 'gone'>,
): Promise<T> {
  const { stream, release } = await hold(streams, who, channelId);
  try {
    const found = await read(stream);
    if (found === 'gone') throw goneFrom(who, stream);
    return found;
  } finally {
    release();
  }
}

/** The refusal of one who asked for a feed's channel, which is gone. */
export function goneFrom(who: Requester, { channelId, channel }: ChannelStream): Refusal {
  return deleted(who, channelId, channel.access);
}

/** Whether the requester may read the posts. False means that the requester may know of the channel, and that the refusal is final. */
function isOpen(who: Requester, channel: Channel): boolean {
  if (mayRead(principal(who), channel)) return true;
  const reason = reasonOf(who);
  if (reason !== undefined) throw reason;
  if (!mayKnow(principal(who), channel)) throw unknown(who);
  return false;
}

/** `standing`: the channel as the feed has it. It may be behind, or of a history that was lost. */
async function mustAdmit(journal: Channels, who: Requester, stream: ChannelStream, standing: () => Channel): Promise<void> {
  if (mayRead(principal(who), standing())) return;
  await readableChannel(journal, who, stream.channelId);
  if (mayRead(principal(who), standing())) return;
  stream.checkJournal();
  throw new JournalUnavailable('The channel was changed a moment ago, and is read again.', 'unchanged');
}

async function hold(streams: ChannelStreams, who: Requester, channelId: string): Promise<StreamLease> {
  const held = await streams.acquire(channelId);
  if (held === undefined) throw unknown(who);
  if ('deleted' in held) throw deleted(who, channelId, held.deleted);
  return held;
}

function deleted(who: Requester, channelId: string, access: Access): Refusal {
  return mayKnow(principal(who), { id: channelId, access }) ? new Refusal('channel-deleted') : unknown(who);
}

function closed(who: Requester): Refusal {
  return new Refusal(principal(who) === undefined ? 'token-missing' : 'forbidden');
}

function unknown(who: Requester): Refusal {
  return reasonOf(who) ?? new Refusal('not-found', missing.channel);
}

/** The principal of the requester at this moment. */
function principal(who: Requester): Principal | undefined {
  return who instanceof Asker ? who.principal : principalIn(who);
}

/** What the requester is told in place of what a stranger is told. */
function reasonOf(who: Requester): Refusal | undefined {
  if (who instanceof Asker) return who.refusal;
  return isUnjudged(who) ? who.refusal : undefined;
}
