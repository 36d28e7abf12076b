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
 * Decides whether a requester may read a channel, for sockets, streams, polls, pages, feeds, frames and exports. No other code
 * decides it.
 *
 * - A read of the journal checks access in the journal before and after it, because access may be withdrawn in between.
 * - An open channel stream has its own copy of the channel, and admits a requester who may read that copy. It ends a subscription
 *   in the same tick in which it learns that the requester may no longer read.
 * - Only the journal refuses. A refusal is final, and a stream may be behind the journal, or follow a history that the store has
 *   lost. If the stream would refuse and the journal would not, the client is told to retry, and the stream reads the journal.
 * - Existence is hidden. A desk channel, a deleted desk channel and a missing channel get the same refusal, after the same single
 *   read of the journal, whether a stream is open or not.
 * - A requester whose credentials cannot be checked, or are no longer valid, has the rights of an anonymous requester. If these
 *   rights are not enough, the refusal says what is wrong with the credentials.
 *
 * A refusal is thrown as a `Refusal`. `JournalUnavailable` is thrown if access cannot be decided now.
 */

/**
 * Either the credentials of a single request, checked when it arrived, or the `Requester` of an open connection, whose
 * credentials can expire or be revoked at any time.
 */
export type CredentialsOrRequester = Credentials | Requester;

type Channels = Pick<Journal, 'channel'>;
type FoundChannel = Extract<ChannelRead, { status: 'found' }>;

/** `closed`: the requester may know of the channel, but not read its posts. */
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

/**
 * Whether a list may show something of the posts of the channel in this state. Credentials that cannot be checked have the rights
 * of an anonymous requester.
 */
export function mayShowPosts(who: Credentials, channel: Pick<Channel, 'id' | 'access'>): boolean {
  return mayRead(principalIn(who), channel);
}

/** Throws the refusal if the requester may not read the posts of the channel in this state. */
export function requireReadable(who: CredentialsOrRequester, channel: Channel): void {
  if (!isOpen(who, channel)) throw closedRefusal(who);
}

/** The result of the read. Throws the refusal if the channel is closed to the requester. */
export function requireOpen<T>(who: CredentialsOrRequester, read: IfOpen<T>): Extract<IfOpen<T>, { status: 'open' }> {
  if (read.status === 'closed') throw closedRefusal(who);
  return read;
}

/** Runs `read` on the journal, and checks access before and after it. The result contains nothing that was erased in between. */
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

/**
 * Runs `read` on the channel stream, and checks access to the channel that `read` returns. The `channel` of the result is the
 * newest known state.
 */
export async function readStreamIfOpen<T extends { channel: Channel }>(
  { engine, streams }: { engine: Channels; streams: ChannelStreams },
  who: CredentialsOrRequester,
  channelId: string,
  read: (stream: ChannelStream) => Promise<T | 'gone'>,
): Promise<IfOpen<T>> {
  const { channel: before } = await streams.guarded(() => visibleChannel(engine, who, channelId));
  if (!isOpen(who, before)) return { status: 'closed', channel: before };
  return await withStream<IfOpen<T>>(streams, who, channelId, async (stream) => {
    const found = await read(stream);
    if (found === 'gone') return found;
    if (!mayRead(principalOf(who), found.channel)) {
      const { channel } = await visibleChannel(engine, who, channelId);
      if (!isOpen(who, channel)) return { status: 'closed', channel };
      await requireAdmitted(engine, who, stream, () => found.channel);
    }
    return { status: 'open', channel: found.channel.revision < before.revision ? before : found.channel, found };
  });
}

/** Acquires the stream of a channel that the requester may read. */
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

/** Runs `read` on the stream of a channel for a requester whose access was checked before. */
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

/** The refusal of a requester whose channel was deleted. */
export function refusalForDeleted(who: CredentialsOrRequester, { channelId, channel }: ChannelStream): Refusal {
  return deletedRefusal(who, channelId, channel.access);
}

/**
 * Whether the requester may read the posts. False if the requester may only know of the channel. Throws the refusal if the
 * credentials are invalid, or if the channel must stay hidden.
 */
function isOpen(who: CredentialsOrRequester, channel: Channel): boolean {
  if (mayRead(principalOf(who), channel)) return true;
  const reason = credentialRefusal(who);
  if (reason !== undefined) throw reason;
  if (!mayKnow(principalOf(who), channel)) throw unknownRefusal(who);
  return false;
}

/**
 * Throws unless the requester may read the channel. `copy` returns the stream's copy of the channel, which may be behind the
 * journal or belong to a lost history.
 */
async function requireAdmitted(
  journal: Channels,
  who: CredentialsOrRequester,
  stream: ChannelStream,
  copy: () => Channel,
): Promise<void> {
  if (mayRead(principalOf(who), copy())) return;
  await readableChannel(journal, who, stream.channelId);
  if (mayRead(principalOf(who), copy())) return;
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

/** The refusal for invalid credentials, instead of the one for anonymous requesters. */
function credentialRefusal(who: CredentialsOrRequester): Refusal | undefined {
  if (who instanceof Requester) return who.refusal;
  return isUnverified(who) ? who.refusal : undefined;
}
