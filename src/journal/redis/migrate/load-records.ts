import type { Redis } from 'ioredis';
import { newSalt, sealedFingerprint } from '../../hash-chain.ts';
import type { RequestRecord, StateRecord } from '../../migrate/movable-store.ts';
import { channelSubject, noted } from '../codec.ts';
import { timeOf } from '../connection/replicas.ts';
import { channelKeys, registry, requestKey } from '../keys.ts';
import { keptMs } from '../request-keys.ts';

/** A command with its arguments. */
export type Command = string[];

/** The commands that store records. Reads what they depend on. */
export async function commandsOf(redis: Redis, records: readonly StateRecord[]): Promise<Command[]> {
  const now = await timeOf(redis);
  const channels = new Map<string, ChannelFacts>();
  const factsOf = async (channelId: string) => {
    const known = channels.get(channelId) ?? (await readFacts(redis, channelId));
    channels.set(channelId, known);
    return known;
  };
  let ended = Number((await redis.zrevrange(registry.ended, 0, 0, 'WITHSCORES'))[1] ?? 0);
  const commands: Command[] = [];
  for (const record of records) {
    switch (record.kind) {
      case 'clock': {
        const reached = Math.max(record.at, Number((await redis.get(registry.requestClock)) ?? 0));
        commands.push(['SET', registry.requestClock, String(Math.floor(reached))]);
        break;
      }
      case 'deleted':
        commands.push(...deletion(record.channelId, record.access, (await factsOf(record.channelId)).exists, now));
        channels.set(record.channelId, { exists: false, isDeleted: true, secret: null });
        break;
      case 'pending':
        commands.push(...pending(record.channelId, record.postId ?? channelSubject, now));
        break;
      case 'request':
        commands.push(...request(record, await factsOf(record.channelId), now));
        break;
      case 'reservation':
        commands.push(
          ['SET', registry.reservation(record.requestId), `${now} ${record.channelId}`],
          ['ZADD', registry.reservations, String(record.made), record.requestId],
        );
        break;
      case 'revoked':
        commands.push(['ZADD', registry.revoked, record.until === null ? 'inf' : String(record.until), record.jti]);
        break;
      case 'ended':
        ended += 1;
        commands.push(['ZADD', registry.ended, String(ended), record.line]);
        break;
      case 'sessionKey':
        commands.push(['SET', registry.sessionKey, record.key]);
        break;
    }
  }
  return commands;
}

interface ChannelFacts {
  exists: boolean;
  isDeleted: boolean;
  /** The secret that seals the fingerprints of noted requests. */
  secret: string | null;
}

async function readFacts(redis: Redis, channelId: string): Promise<ChannelFacts> {
  const [journal = '', , , , , , , , , deleted = '', notes = ''] = channelKeys(channelId);
  const [exists, isDeleted, secret] = await Promise.all([redis.exists(journal), redis.exists(deleted), redis.get(notes)]);
  return { exists: exists === 1, isDeleted: isDeleted === 1, secret };
}

/** As `delete-channel.lua`. `wasLoaded`: files may have texts of the channel. */
function deletion(channelId: string, access: string, wasLoaded: boolean, now: number): Command[] {
  const keys = channelKeys(channelId);
  const deleted = keys[9] as string;
  const others = keys.filter((key) => key !== deleted);
  const isPending = wasLoaded ? pending(channelId, channelSubject, now) : [];
  return [...(wasLoaded ? [['UNLINK', ...others]] : []), ['SET', deleted, access], ...isPending];
}

function pending(channelId: string, who: string, now: number): Command[] {
  // The score of an erasure that this store began is higher.
  return [
    ['ZADD', channelKeys(channelId)[8] as string, 'NX', '0', who],
    ['ZADD', registry.pendingErasures, String(now), channelId],
  ];
}

/** As `append.lua`, `note-request.lua` and `delete-channel.lua` store requests. */
function request(record: RequestRecord, channel: ChannelFacts, now: number): Command[] {
  const { channelId, id, made, postId, revision, position, salt } = record;
  const [, , , , , , , , , , notes = '', , requests = ''] = channelKeys(channelId, id);
  const commands: Command[] = [];
  const expiry = channel.exists ? [] : ['PX', String(keptMs)];
  let [print, own] = [record.fingerprint, '-'];
  if (salt !== null && salt !== 'revision') {
    own = salt.own;
    if (!channel.isDeleted) {
      if (salt.seal === null) {
        channel.secret ??= newSalt();
        print = sealedFingerprint(print, channel.secret);
      } else channel.secret = salt.seal;
      own = `${noted}${own}`;
      commands.push(['SET', notes, channel.secret, ...expiry]);
    }
  }
  const place = position === null ? ['0', '-', '-'] : [String(position.offset), position.epoch, position.check];
  const line = [now, print, postId ?? channelSubject, revision, ...place, own].join(' ');
  // No sweep would find a request without a channel, so it has a TTL.
  commands.push(['SET', requestKey(channelId, id), line, ...expiry]);
  if (channel.exists) commands.push(['ZADD', requests, String(made), id]);
  return commands;
}
