import type { Engine, Outcome, RequestId } from '../../../src/journal/engine.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import type { SessionFacts } from '../../../src/protocol/rights.ts';
import {
  appended,
  channelChange,
  createChannel,
  newRequest,
  publication,
  publish,
  retraction,
  revision,
  samplePost,
  takedown,
  wide,
} from './engines.ts';

/** A store with everything that an engine keeps, and what can be observed of it. */
export interface Written {
  channelIds: string[];
  /** Ids of deleted channels. */
  deletedIds: string[];
  /** Requests that were answered, with the channel that they were for. */
  requests: { channelId: string; request: RequestId }[];
  /** Requests that have reserved a channel id. */
  reserved: string[];
  /** Ids of revoked tokens and used links. */
  revoked: string[];
  ended: SessionFacts[];
  /** Earlier positions of readers. */
  cursors: { channelId: string; position: Position }[];
}

export function nothingWritten(): Written {
  return { channelIds: [], deletedIds: [], requests: [], reserved: [], revoked: [], ended: [], cursors: [] };
}

const hour = 3_600_000;
let round = 0;

/** Adds some of everything. `token` is in each text that is erased, and its erasure is left pending. */
export async function fill(engine: Engine, written: Written, { posts = 4, token = 'zqerased' } = {}): Promise<void> {
  round += 1;
  const id = `coverage-${round}`;
  const gone = `gone-${round}`;
  const known = (channelId: string, request = newRequest()) => {
    written.requests.push({ channelId, request });
    return request;
  };
  // Created when it is first needed.
  await engine.sessionKey();
  const channel = await createChannel(engine, id);
  written.channelIds.push(id);
  for (let count = 0; count < posts; count += 1) {
    const sources = [{ name: `Witness ${count}`, via: 'An agency' }];
    const post = publication(samplePost(id, { headline: `Post ${count}`, keyEvent: count % 2 === 0, sources }));
    await appended(engine, id, [post], { request: known(id) });
    written.cursors.push({ channelId: id, position: (await engine.heads([id]))[0] as Position });
  }
  const taken = await publish(engine, id, { body: `${token} one` });
  const corrected = await publish(engine, id, { body: 'Wrong.' });
  const second = revision(corrected, { body: `${token} two` });
  await appended(engine, id, [second]);
  await appended(engine, id, [{ ...revision(second.post, { body: 'What stays.' }), erases: 2 }], { request: known(id) });
  await appended(engine, id, [retraction(await publish(engine, id, { body: 'Not so.' }))]);
  const change = channelChange(channel, { headline: 'Changed' }, { kind: 'correction', note: 'A note' });
  await appended(engine, id, [change], { request: known(id) });
  await engine.note(id, known(id), { position: (await engine.heads([id]))[0], postId: taken.id, revision: 7 });
  await engine.note('never-created', known('never-created'), { position: undefined, postId: null, revision: 0 });
  await createChannel(engine, gone, { access: 'desk' });
  await publish(engine, gone, { body: `${token} three` });
  await engine.note(gone, known(gone), { position: undefined, postId: null, revision: 1 });
  await engine.deleteChannel(gone, known(gone), 'root');
  written.deletedIds.push(gone);
  await engine.reserve(`reserving-${round}`, `reserved-${round}`);
  written.reserved.push(`reserving-${round}`);
  await engine.revoke(`token-${round}`, null, 'root');
  await engine.revoke(`until-${round}`, Date.now() + hour, 'root');
  await engine.spend(`link-${round}`, Date.now() + hour, 'root');
  written.revoked.push(`token-${round}`, `until-${round}`, `link-${round}`);
  const session = { subject: 'ruth', id: `session-${round}`, begunAt: Date.now(), until: Date.now() + hour };
  await engine.endSession(session, 'ruth');
  written.ended.push(session);
  // Nobody asks whether the erasure is complete, so it stays pending.
  await appended(engine, id, [takedown(taken)], { request: known(id), channel: 2 });
}

/** Everything that can be observed, except erasures in progress. The same for engines with the same data. */
export async function observed(engine: Engine, written: Written): Promise<object> {
  const channels: Record<string, unknown> = {};
  for (const id of [...written.channelIds, ...written.deletedIds]) {
    channels[id] = {
      channel: await engine.channel(id),
      entries: await engine.entries(id, { from: 1, ...wide }),
      journal: await engine.journal(id, { from: 1, limit: 1_000 }),
      snapshot: await engine.snapshot(id, wide),
      corrections: await engine.corrections(id, { limit: 100 }),
      keyEvents: await engine.posts(id, { ...wide, tags: ['keyEvent:true'] }),
      agency: await engine.posts(id, { ...wide, tags: ['source:an agency'] }),
    };
  }
  const outcomes: (Outcome | undefined)[] = [];
  for (const { channelId, request } of written.requests) {
    outcomes.push(await engine.recall(channelId, request));
    outcomes.push(await engine.recall(channelId, { ...request, digest: 'e'.repeat(64) }));
  }
  return {
    channels,
    lists: [
      await engine.channels({ limit: 100, desk: ['*'] }),
      await engine.channels({ state: 'live', order: 'activity', limit: 100, desk: ['*'] }),
    ],
    replays: await Promise.all(written.cursors.map(({ channelId, position }) => engine.catchUp(channelId, position, wide))),
    outcomes,
    reserved: await Promise.all(written.reserved.map((request) => engine.reserved(request))),
    revoked: [written.revoked.map((jti) => engine.isRevoked(jti)), engine.revokedTokens],
    ended: [written.ended.map((session) => engine.isSessionEnded(session)), engine.endedSessions],
    sessionKey: Buffer.from(await engine.sessionKey()).toString('hex'),
    server: await engine.serverJournal({ from: 1, limit: 1_000 }),
  };
}
