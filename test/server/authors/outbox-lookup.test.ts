import { beforeAll, describe, expect, it } from 'vitest';
import { lookUp } from '../../../client/browser/desk/outbox/lookup.ts';
import type { Write } from '../../../client/browser/desk/outbox/outbox-model.ts';
import type { Owner } from '../../../client/browser/desk/outbox/stored-entry.ts';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { Http } from '../../../client/lib/http.ts';
import { newPostId } from '../../../client/lib/ids.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** What the desk finds when it looks up a write whose answer was lost more than 23 hours ago. */

let server: TestServer;
let ada: Desk;
let ben: Desk;

interface Desk {
  client: AuthorClient;
  found(write: Write): Promise<unknown>;
}

/** `changed`: other facts of the owner of the outbox than those of the session. */
async function openDesk(sub: string, on = server, changed: Partial<Owner> = {}): Promise<Desk> {
  const token = await on.token({ editor: ['*'] }, { sub, name: sub });
  const http = new Http({ url: on.url, token });
  const { session } = (await http.get('/v1/session')).body as { session: Owner };
  const owner = { ...session, ...changed };
  const headers = { 'pressbox-owner-key': session.ownerKey };
  return {
    client: new AuthorClient({ url: on.url, token }),
    found: async (write) => {
      const { is, problem } = (await lookUp(write, owner, (path) => http.request({ method: 'GET', path, headers }))) as {
        is: string;
        problem?: { code: string };
      };
      return problem === undefined ? is : `${is} ${problem.code}`;
    },
  };
}

beforeAll(async () => {
  server = await startTestServer({});
  [ada, ben] = [await openDesk('ada'), await openDesk('ben')];
  return () => server[Symbol.asyncDispose]();
});

const coverage = async () => (await ada.client.createChannel({ headline: 'Harbour fire', state: 'live' })).channel;

describe('a publication', () => {
  const brigade = [{ url: 'https://fire.example', name: 'Fire brigade' }];
  const publication = (channelId: string, body = 'First.') =>
    ({
      type: 'publish',
      channelId,
      post: { id: newPostId(), body, sources: brigade },
    }) as const;

  it('is found by its id, its author and its text, even after it was changed', async () => {
    const { id } = await coverage();
    const write = publication(id);
    expect(await ada.found(write)).toBe('absent');
    await ada.client.publish(id, write.post);
    expect(await ada.found(write)).toBe('done');
    await ben.client.revise(id, write.post.id, 1, { kind: 'update', changes: { body: 'Second.' } });
    expect(await ada.found(write)).toBe('done');
    expect(await ada.found({ ...write, post: { ...write.post, body: 'Not what was sent.' } })).toBe('conflict post-exists');
    expect(await ben.found(write)).toBe('conflict post-exists');
    await ben.client.takedown(id, write.post.id, { revision: 2 });
    expect(await ada.found(write)).toBe('done');
  });

  it('is not that of a person with the same name at another issuer of tokens', async () => {
    await using issued = await startTestServer({
      PRESSBOX_JWKS_URL: 'http://127.0.0.1:9/keys.json',
      PRESSBOX_JWT_ISSUER: 'https://id.example',
      PRESSBOX_JWT_SECRET: 'a secret that signs, of 32 bytes or more',
    });
    const [own, other] = [await openDesk('ada', issued), await openDesk('ada', issued, { ownerKey: 'of-another-ada' })];
    const { id } = (await own.client.createChannel({ headline: 'Harbour fire', state: 'live' })).channel;
    const write = publication(id);
    await own.client.publish(id, write.post);
    expect([await own.found(write), await other.found(write)]).toEqual(['done', 'conflict post-exists']);
  });

  it('in a channel that was deleted can never be sent', async () => {
    const { id } = await coverage();
    const admin = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
    await admin.deleteChannel(id);
    expect(await ada.found(publication(id))).toBe('refused channel-deleted');
  });
});

describe('a revision', () => {
  it('is the author’s if it has these fields directly after the expected one', async () => {
    const { id } = await coverage();
    const { post } = await ada.client.publish(id, { body: 'First.' });
    const revision = { kind: 'correction', note: 'We were wrong.', changes: { body: 'Second.' } } as const;
    const write = { type: 'revise', channelId: id, postId: post.id, expected: 1, revision } as const;
    expect(await ada.found(write)).toBe('absent');
    await ada.client.revise(id, post.id, 1, revision);
    expect(await ada.found(write)).toBe('done');
    expect(await ben.found(write)).toBe('conflict revision-moved');
    expect(await ada.found({ ...write, revision: { ...revision, kind: 'update' } })).toBe('conflict revision-moved');
    expect(await ada.found({ ...write, expected: 2 })).toBe('absent');
    expect(await ada.found({ ...write, revision: { ...revision, changes: { body: 'Third.' } } })).toBe('conflict revision-moved');
    await ben.client.retract(id, post.id, { note: 'It did not happen.' });
    expect(await ada.found(write)).toBe('done');
    expect(await ada.found({ ...write, expected: 2 })).toBe('conflict post-withdrawn');
  });
});

describe('a withdrawal', () => {
  it('is done if its author withdrew the post', async () => {
    const { id } = await coverage();
    const { post } = await ada.client.publish(id, { body: 'First.' });
    const write = { type: 'retract', channelId: id, postId: post.id, note: 'It did not happen.' } as const;
    expect(await ada.found(write)).toBe('absent');
    expect(await ada.found({ ...write, expected: 7 })).toBe('conflict revision-moved');
    await ada.client.retract(id, post.id, { note: write.note });
    expect(await ada.found(write)).toBe('done');
    expect(await ben.found(write)).toBe('conflict post-withdrawn');
    const takedown = { type: 'takedown', channelId: id, postId: post.id, note: null } as const;
    expect([await ada.found(takedown), await ben.found(takedown)]).toEqual(['absent', 'absent']);
    await ben.client.takedown(id, post.id, {});
    expect([await ada.found(takedown), await ben.found(takedown)]).toEqual(['conflict post-withdrawn', 'done']);
  });
});

describe('a channel', () => {
  it('is done if it is as the write would have left it', async () => {
    const channel = { id: 'harbour', headline: 'Harbour', state: 'scheduled' as const, startsAt: '2026-03-01T09:00:00+01:00' };
    const create = { type: 'create-channel', channel } as const;
    expect(await ada.found(create)).toBe('absent');
    await ada.client.createChannel(channel);
    expect(await ada.found(create)).toBe('done');
    expect(await ada.found({ ...create, channel: { ...channel, headline: 'Another' } })).toMatch(/^conflict/);
    const live = { type: 'update-channel', channelId: 'harbour', expected: 1, patch: { state: 'live' } } as const;
    expect(await ada.found(live)).toBe('absent');
    await ada.client.updateChannel('harbour', 1, live.patch);
    expect(await ada.found(live)).toBe('done');
    expect(await ada.found({ ...live, expected: '*' })).toBe('done');
    expect(await ada.found({ ...live, expected: 2 })).toBe('done');
    expect(await ada.found({ ...live, patch: { state: 'ended' } })).toBe('conflict revision-moved');
  });
});

it('fails if somebody else is signed in by then, so that their rights do not decide what is there', async () => {
  const { id } = await coverage();
  const http = new Http({ url: server.url, token: await server.token({ editor: ['*'] }, { sub: 'ben' }) });
  const write = { type: 'retract', channelId: id, postId: newPostId(), note: 'x' } as const;
  const read = (path: string) => http.request({ method: 'GET', path, headers: { 'pressbox-owner-key': 'of-ada' } });
  await expect(lookUp(write, { ownerKey: 'of-ada', sub: 'ada', name: 'Ada' }, read)).rejects.toThrow(
    /Another person is signed in/,
  );
});
