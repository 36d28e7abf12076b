import { createHash } from 'node:crypto';
import type { Journal } from '../journal/engine.ts';
import { afterWrite, channelToCreate, isLost, JournalUnavailable } from '../journal/engine.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayEdit, mayEditSome, type Principal } from '../protocol/rights.ts';
import type { NewChannel } from '../protocol/schemas.ts';
import { candidates, slugOf } from '../protocol/slug.ts';
import { create } from './channel-rules.ts';
import type { Attribution } from './decision.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import type { CurrentChannel } from './write-access.ts';
import { type ChannelWritten, positionOf, requireSameRequest, type WriteCommand } from './write-command.ts';

/**
 * Opens a channel. This is the only write that may have to choose the id of its channel. A request with an idempotency key
 * reserves the id before using it, so that a retry finds the channel of the first attempt and never opens another. The rest is an
 * ordinary append, with a request id derived from the request and the channel id. Every step can be repeated.
 */

const { slugCandidates: candidatesMost } = newsroomLimits;

export async function openChannel(
  {
    engine,
    append,
    channelNow,
    attribution,
  }: {
    engine: Journal;
    append: Journal['append'];
    /** Throws a `Refusal` if the channel does not exist or was deleted. */
    channelNow(channelId: string): Promise<CurrentChannel>;
    attribution: () => Attribution;
  },
  write: WriteCommand<NewChannel>,
): Promise<ChannelWritten> {
  const { who, keyed, request } = write;
  if (!mayEditSome(who)) throw new Refusal('forbidden');
  const command = await commandUnlessUsed();
  const ids = command.id === undefined ? candidates(slugOf(command.headline), candidatesMost) : [command.id];
  let id = ids[0] as string;
  requireEditor(who, id);
  if (keyed) id = await reserveId(id);

  for (let tries = 0; tries < candidatesMost; tries += 1) {
    const requestHere = { id: digestOf(request.id, id), digest: request.digest };
    const before = keyed ? await engine.recall(id, requestHere) : undefined;
    if (before) return await replayChannel(id, requireSameRequest(before, 'channel'));
    requireEditor(who, id);

    const decision = create({ ...command, id }, attribution());
    if (decision.status !== 'append') throw new Error('a new channel is always an entry');
    const { decidedOn, entries } = decision;
    // An id that the server chooses is not that of a lost channel: whoever creates that one again says so.
    const isTaken = command.id === undefined && (await isLost(engine, id));
    const result = isTaken ? { status: 'taken' as const } : await append(id, { request: requestHere, decidedOn, entries });
    if (result.status === 'appended') {
      const entry = result.changes[0];
      if (entry?.type !== 'channel.changed') throw new Error('a new channel answered without the channel');
      return { channel: entry.channel, position: result.position, replayed: false };
    }
    if (result.status === 'duplicate') return await replayChannel(id, requireSameRequest(result.outcome, 'channel'));

    if (result.status === 'deleted' && command.id !== undefined) {
      throw new Refusal('channel-exists', { detail: 'A deleted channel had this id, and ids are not reused.' });
    }
    const next: string | undefined = ids[ids.indexOf(id) + 1];
    if (next === undefined) throw new Refusal('channel-exists');
    // A concurrent retry of this request may have reserved a later id. That reservation is kept.
    id = keyed ? await engine.reserve(request.id, next, id) : next;
    if (!ids.includes(id)) throw new Refusal('key-reused');
  }
  throw new JournalUnavailable('no free id was found for the channel', 'unchanged');

  /** Parses the body. If it is invalid and its key already opened a channel, the refusal is `key-reused`. */
  async function commandUnlessUsed(): Promise<NewChannel> {
    try {
      return write.parse();
    } catch (refusal) {
      const found = keyed ? await engine.reserved(request.id) : undefined;
      const made = found && (await engine.recall(found, { id: digestOf(request.id, found), digest: request.digest }));
      throw made ? new Refusal('key-reused') : refusal;
    }
  }

  /** Returns the id that this request reserved before, or reserves one. */
  async function reserveId(wanted: string): Promise<string> {
    const found = await engine.reserve(request.id, wanted);
    if (ids.includes(found)) return found;
    // The key was used with another body. The key is refused if that request opened its channel or still can. It is free if the
    // reserved id has become the channel of another request.
    const made = await engine.recall(found, { id: digestOf(request.id, found), digest: request.digest });
    const there = await channelToCreate(engine, found);
    if (made || there.status === 'missing') throw new Refusal('key-reused');
    return await engine.reserve(request.id, wanted, found);
  }

  async function replayChannel(channelId: string, outcome: Parameters<typeof positionOf>[0]): Promise<ChannelWritten> {
    return await afterWrite(async () => {
      const { channel } = await channelNow(channelId);
      return { channel, position: positionOf(outcome), replayed: true };
    });
  }
}

function requireEditor(who: Principal, channelId: string): void {
  if (!mayEdit(who, channelId)) throw new Refusal('forbidden');
}

function digestOf(requestId: string, channelId: string): string {
  return createHash('sha256')
    .update(JSON.stringify([requestId, channelId]))
    .digest('base64url');
}
