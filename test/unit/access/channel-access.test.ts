import { describe, expect, it, vi } from 'vitest';
import {
  acquireReadable,
  type CredentialsOrRequester,
  readIfOpen,
  readStreamIfOpen,
  visibleChannel,
} from '../../../src/access/channel-access.ts';
import type { CredentialStatus, Credentials } from '../../../src/access/identity.ts';
import { Requester } from '../../../src/access/requester.ts';
import { type ChannelRead, type Engine, JournalUnavailable } from '../../../src/journal/engine.ts';
import type { Access } from '../../../src/protocol/model.ts';
import { type ProblemCode, Refusal } from '../../../src/protocol/problems.ts';
import type { Grants } from '../../../src/protocol/rights.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { newChannel } from '../../model/simulation/contents.ts';

/** The read guard of channels, with a journal whose answers the test sets. */
const position = { epoch: 'abcdefabcdef', offset: 1, check: '1'.repeat(16) };
const noCounts = { posts: 0, keyEvents: 0, corrections: 0 };
const moon = newChannel(1);
const grants: Grants = { reader: [], author: [], editor: [], admin: false };
const principal = (more: Partial<Grants>) => ({
  ...{ sub: 'ada', name: 'Ada', jti: 'a', expiresAt: 0 },
  grants: { ...grants, ...more },
});
const requester = (asking: Credentials, standing: CredentialStatus = 'good') => new Requester(asking, () => standing);
const stranger = requester(undefined);
const member = requester(principal({ reader: ['*'] }));
const author = requester(principal({ author: ['moon'] }));
const comesBack = new Refusal('starting', { retryAfter: 5 });
const unjudged = { refusal: comesBack, verifyAgain: async () => undefined };

const found = (access: Access, revision = 1): ChannelRead => ({
  status: 'found',
  channel: { ...moon, access, revision, latestPostAt: null },
  position,
  counts: noCounts,
});

/** A journal that answers each read of the channel with the next of these, and every later read with the last. */
function journalOf(...reads: ChannelRead[]) {
  const channel = vi.fn(async (_channelId: string, _seesDesk?: boolean) => reads.shift() ?? last);
  const last = reads.at(-1) as ChannelRead;
  const catchUp = vi.fn(() => new Promise<never>(() => {}));
  const said: Partial<Engine> = {
    ...{ channel, catchUp },
    subscribe: async () => () => {},
    onReachability: () => () => {},
    onErased: () => () => {},
  };
  const engine = said as Engine;
  const idle: number[] = [];
  const later = (ms: number) => {
    idle.push(ms);
    return () => {};
  };
  const streams = new ChannelStreams({
    engine,
    random: Math.random,
    log: { info() {}, warn() {} },
    delivered() {},
    startTimer: later,
  });
  return { engine, streams, channel, catchUp, idle };
}

async function codeOf(refused: Promise<unknown>): Promise<ProblemCode | undefined> {
  const error = await refused.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Refusal ? error.problem.code : undefined;
}

/** The functions that check access to a channel. */
const ways: Record<string, (journal: ReturnType<typeof journalOf>, who: CredentialsOrRequester) => Promise<unknown>> = {
  'a single answer': ({ engine }, who) => visibleChannel(engine, who, 'moon'),
  'a read from the journal': (parts, who) => readIfOpen(parts, who, 'moon', async () => 'posts'),
  'a read from a channel stream': (parts, who) => readStreamIfOpen(parts, who, 'moon', async ({ channel }) => ({ channel })),
  'a subscription': ({ streams }, who) => acquireReadable(streams, who, 'moon'),
};

describe.each(Object.entries(ways))('the access check of %s', (_way, ask) => {
  it.each<[string, CredentialsOrRequester, ChannelRead, ProblemCode]>([
    ['a channel that never existed', member, { status: 'missing' }, 'not-found'],
    ['a desk channel', member, found('desk'), 'not-found'],
    ['a deleted desk channel', member, { status: 'deleted', access: 'desk' }, 'not-found'],
    ['a deleted channel that was for members', stranger, { status: 'deleted', access: 'members' }, 'channel-deleted'],
    ['their own deleted desk channel', author, { status: 'deleted', access: 'desk' }, 'channel-deleted'],
    ['a desk channel, with an expired token', requester(principal({}), 'expired'), found('desk'), 'token-invalid'],
    ['a missing channel, with a session that cannot be verified', unjudged, { status: 'missing' }, 'starting'],
  ])('refuses %s', async (_what, who, read, code) => {
    const journal = journalOf(read);
    expect(await codeOf(ask(journal, who))).toBe(code);
    expect(journal.channel).toHaveBeenCalledTimes(1);
    journal.streams.close();
  });

  it('refuses a hidden channel after as many reads as a missing channel, even if its stream is open', async () => {
    const journal = journalOf(found('desk'));
    await acquireReadable(journal.streams, author, 'moon');
    journal.channel.mockClear();
    expect(await codeOf(ask(journal, member))).toBe('not-found');
    expect(journal.channel.mock.calls).toEqual([['moon', false]]);
    journal.streams.close();
  });

  it('finds no channel under an invalid id, and reads nothing', async () => {
    const journal = journalOf(found('public'));
    await expect(visibleChannel(journal.engine, member, 'Not a channel')).rejects.toMatchObject({
      problem: { code: 'not-found' },
    });
    expect(journal.channel).not.toHaveBeenCalled();
    journal.streams.close();
  });
});

describe('a read from the journal', () => {
  it('is not returned to a reader who lost access during the read', async () => {
    const journal = journalOf(found('public'));
    const read = await readIfOpen(journal, undefined, 'moon', async () => {
      journal.channel.mockResolvedValue(found('members'));
      return 'posts';
    });
    expect(read).toMatchObject({ status: 'closed', channel: { access: 'members' } });
    journal.streams.close();
  });

  it('is skipped for a reader who may only know that the channel exists', async () => {
    const journal = journalOf(found('members'));
    const read = vi.fn(async () => 'posts');
    expect(await readIfOpen(journal, undefined, 'moon', read)).toMatchObject({ status: 'closed' });
    expect(read).not.toHaveBeenCalled();
    journal.streams.close();
  });
});

describe('a read from a channel stream that lags behind or follows a lost history', () => {
  const closed = { ...moon, access: 'members' as const, revision: 2 };

  it('is not returned: if the journal says that the channel is open, the client has to retry and the stream reads the journal', async () => {
    const journal = journalOf(found('public', 3));
    const read = readStreamIfOpen(journal, undefined, 'moon', async () => ({ channel: closed }));
    await expect(read).rejects.toBeInstanceOf(JournalUnavailable);
    expect(journal.catchUp).toHaveBeenCalledTimes(1);
    journal.streams.close();
  });

  it('gives nothing of what was read if the journal says that the channel has been closed', async () => {
    const journal = journalOf(found('public'), found('public'), found('members', 2));
    const read = await readStreamIfOpen(journal, undefined, 'moon', async () => ({ channel: closed }));
    expect(read).toEqual({ status: 'closed', channel: expect.objectContaining({ access: 'members' }) });
    journal.streams.close();
  });

  it('is returned with the newer channel of the journal', async () => {
    const journal = journalOf(found('public', 3));
    const read = await readStreamIfOpen(journal, undefined, 'moon', async () => ({ channel: moon }));
    expect(read).toMatchObject({ status: 'open', channel: { revision: 3 } });
    journal.streams.close();
  });
});

describe('a stream held for a subscription', () => {
  it('is released if access is refused, whether it was open before or not, so that it closes some time after its last reader left', async () => {
    const { streams, idle } = journalOf(found('members'));
    expect(await codeOf(acquireReadable(streams, stranger, 'moon'))).toBe('token-missing');
    expect(idle).toEqual([streamLimits.feedIdleMs]);
    const held = await acquireReadable(streams, member, 'moon');
    expect(await codeOf(acquireReadable(streams, stranger, 'moon'))).toBe('token-missing');
    expect(idle).toHaveLength(1);
    held.release();
    expect(idle).toHaveLength(2);
    streams.close();
  });

  it('reads the journal if it lags behind and the journal says that the channel is now open to the refused reader', async () => {
    const { streams, catchUp } = journalOf(found('members'), found('members'), found('public'));
    await expect(acquireReadable(streams, stranger, 'moon')).rejects.toBeInstanceOf(JournalUnavailable);
    expect(catchUp).toHaveBeenCalledTimes(1);
    streams.close();
  });

  it('admits a reader without a read of the journal if it is already open', async () => {
    const { streams, channel } = journalOf(found('members'));
    await acquireReadable(streams, member, 'moon');
    channel.mockClear();
    await acquireReadable(streams, member, 'moon');
    expect(channel).not.toHaveBeenCalled();
    streams.close();
  });
});
