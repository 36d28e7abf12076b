import { type ChannelRead, type Journal, JournalUnavailable } from '../journal/engine.ts';
import type { Access, Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayKnow, mayRead, type Principal } from '../protocol/rights.ts';
import { channelIdSchema } from '../protocol/schemas.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import type { ChannelStreams, StreamLease } from '../streams/channel-streams.ts';
import { type Credentials, isUnverified, principalIn } from './identity.ts';
import { Requester } from './requester.ts';

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
export type CredentialsOrRequester = Credentials | Requester;

type Channels = Pick<Journal, 'channel'>;
type FoundChannel = Extract<ChannelRead, { status: 'found' }>;

/** `closed`: the requester may know of the channel, and not read its posts. */
export type IfOpen<T> = { status: 'open'; channel: Channel; found: T } | { status: 'closed'; channel: Channel };

/** The channel, if the requester may know of it. */
export async function visibleChannel(journal: Channels, who: CredentialsOrRequester, channelId: string): Promise<FoundChannel> {
  if (!channelIdSchema.safeParse(channelId).success) throw new Refusal('not-found', missing.channel);
  const read = await journal.channel(channelId, mayKnow(principalOf(who), { id: channelId, access: 'desk' }));
  if (read.status === 'deleted') throw deletedRefusal(who, channelId, read.access);
  if (read.status === 'missing' || !mayKnow(principalOf(who), read.channel)) throw unknownRefusal(who);
  return read;
}

/** The channel, if the requester may read its posts. */
export async function readableChannel(journal: Channels, who: CredentialsOrRequester, channelId: string): Promise<FoundChannel> {
  const read = await visibleChannel(journal, who, channelId);
  requireReadable(who, read.channel);
  return read;
}

/** Throws the refusal of one who may not read the posts of the channel as it is. */
export function requireReadable(who: CredentialsOrRequester, channel: Channel): void {
  if (!isOpen(who, channel)) throw closedRefusal(who);
}

/** What was found where the channel is open to the requester. */
export function requireOpen<T>(who: CredentialsOrRequester, read: IfOpen<T>): Extract<IfOpen<T>, { status: 'open' }> {
  if (read.status === 'closed') throw closedRefusal(who);
  return read;
}

/** What `read` brings from the journal, and the channel as it is after that. Nothing that was erased meanwhile is in it. */
export async function readIfOpen<T>(
  { engine, streams }: { engine: Channels; streams: ChannelStreams },
  who: CredentialsOrRequester,
  channelId: string,
  read: (channelId: string) => Promise<T>,
): Promise<IfOpen<T>> {
  return await streams.guarded(async () => {
    const { channel: before } = await visibleChannel(engine, who, channelId);
    if (!isOpen(who, before)) return { status: 'closed', channel: before };
    const found = await read(before.id);
    const { channel } = await visibleChannel(engine, who, before.id);
    return isOpen(who, channel) ? { status: 'open', channel, found } : { status: 'closed', channel };
  });
}

/** What `read` brings from the channel's feed, with the channel as the feed knew it. The `channel` beside it is the newest state known. */
export async function readStreamIfOpen<T extends { channel: Channel }>(
  { engine, streams }: { engine: Channels; streams: ChannelStreams },
  who: CredentialsOrRequester,
  channelId: string,
  read: (stream: ChannelStream) => Promise<T | 'gone'>,
): Promise<IfOpen<T>> {
  const { channel: before } = await streams.guarded(() => visibleChannel(engine, who, channelId));
  if (!isOpen(who, before)) return { status: 'closed', channel: before };
  const found = await withStream(streams, who, channelId, async (stream) => {
    const answer = await read(stream);
    if (answer !== 'gone') await requireAdmitted(engine, who, stream, () => answer.channel);
    return answer;
  });
  return { status: 'open', channel: found.channel.revision < before.revision ? before : found.channel, found };
}

/** The feed of a channel that the requester may read, to go on from. */
export async function acquireReadable(
  streams: ChannelStreams,
  who: CredentialsOrRequester,
  channelId: string,
): Promise<StreamLease> {
  const open = streams.acquireOpen(channelId);
  if (open !== undefined && mayRead(principalOf(who), open.stream.channel)) return open;
  open?.release();
  const followed = await streams.currentChannel(channelId);
  if (followed === undefined || !mayKnow(principalOf(who), followed)) await visibleChannel(streams, who, channelId);
  const held = await hold(streams, who, channelId);
  try {
    await requireAdmitted(streams, who, held.stream, () => held.stream.channel);
    return held;
  } catch (error) {
    held.release();
    throw error;
  }
}

/** What `read` brings from the feed of a channel whose requester was judged before. */
export async function withStream<T>(
  streams: ChannelStreams,
  who: CredentialsOrRequester,
  channelId: string,
  read: (stream: ChannelStream) => Promise<T | 'gone'>,
): Promise<T> {
  const { stream, release } = await hold(streams, who, channelId);
  try {
    const found = await read(stream);
    if (found === 'gone') throw refusalForDeleted(who, stream);
    return found;
  } finally {
    release();
  }
}

/** The refusal of one who asked for a feed's channel, which is gone. */
export function refusalForDeleted(who: CredentialsOrRequester, { channelId, channel }: ChannelStream): Refusal {
  return deletedRefusal(who, channelId, channel.access);
}

/** Whether the requester may read the posts. False means that the requester may know of the channel, and that the refusal is final. */
function isOpen(who: CredentialsOrRequester, channel: Channel): boolean {
  if (mayRead(principalOf(who), channel)) return true;
  const reason = credentialRefusal(who);
  if (reason !== undefined) throw reason;
  if (!mayKnow(principalOf(who), channel)) throw unknownRefusal(who);
  return false;
}

/** `standing`: the channel as the feed has it. It may be behind, or of a history that was lost. */
async function requireAdmitted(
  journal: Channels,
  who: CredentialsOrRequester,
  stream: ChannelStream,
  standing: () => Channel,
): Promise<void> {
  if (mayRead(principalOf(who), standing())) return;
  await readableChannel(journal, who, stream.channelId);
  if (mayRead(principalOf(who), standing())) return;
  stream.checkJournal();
  throw new JournalUnavailable('The channel was changed a moment ago and is being read again.', 'unchanged');
}

async function hold(streams: ChannelStreams, who: CredentialsOrRequester, channelId: string): Promise<StreamLease> {
  const held = await streams.acquire(channelId);
  if (held === undefined) throw unknownRefusal(who);
  if ('deleted' in held) throw deletedRefusal(who, channelId, held.deleted);
  return held;
}

function deletedRefusal(who: CredentialsOrRequester, channelId: string, access: Access): Refusal {
  return mayKnow(principalOf(who), { id: channelId, access }) ? new Refusal('channel-deleted') : unknownRefusal(who);
}

function closedRefusal(who: CredentialsOrRequester): Refusal {
  return new Refusal(principalOf(who) === undefined ? 'token-missing' : 'forbidden');
}

function unknownRefusal(who: CredentialsOrRequester): Refusal {
  return credentialRefusal(who) ?? new Refusal('not-found', missing.channel);
}

/** The principal of the requester at this moment. */
function principalOf(who: CredentialsOrRequester): Principal | undefined {
  return who instanceof Requester ? who.principal : principalIn(who);
}

/** What the requester is told in place of what a stranger is told. */
function credentialRefusal(who: CredentialsOrRequester): Refusal | undefined {
  if (who instanceof Requester) return who.refusal;
  return isUnverified(who) ? who.refusal : undefined;
}
