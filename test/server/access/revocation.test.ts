import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { openReader, type SocketReader, shakeHands } from '../../support/readers/socket-reader.ts';
import { openStream, type StreamReader } from '../../support/readers/stream-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** The open connections of a revoked token are closed within this time, in milliseconds. */
const promisedMs = 5_000;
const jtiOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;

async function revoke(server: TestServer, jti: string) {
  return await call(`${server.url}/v1/tokens/revoked`, {
    method: 'POST',
    token: await server.token({ admin: true }, { sub: 'operator' }),
    body: { jti },
  });
}

async function membersChannel(server: TestServer): Promise<string> {
  const body = { headline: 'For members', access: 'members', state: 'live' };
  const { body: made } = await call(`${server.url}/v1/channels`, { method: 'POST', token: await server.token(), body });
  return (made as { channel: { id: string } }).channel.id;
}

async function connected(server: TestServer, token?: string): Promise<SocketReader> {
  const reader = await openReader(server.url, { token });
  onTestFinished(() => reader.destroy());
  return reader;
}

async function streaming(server: TestServer, channelId: string, token: string): Promise<StreamReader> {
  const stream = await openStream(server.url, channelId, { token });
  onTestFinished(() => stream.destroy());
  return stream;
}

describe('a revoked token on one server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const grant = () => server.token({ reader: ['*'] });

  it('is refused over HTTP and in a handshake with a problem that says why, also after a restart', async () => {
    const token = await server.token();
    expect(await revoke(server, jtiOf(token))).toMatchObject({
      status: 200,
      body: { jti: jtiOf(token), until: null },
    });
    for (const restart of [false, true]) {
      if (restart) await server.restart();
      const answer = await call(`${server.url}/v1/channels`, { token });
      expect(answer).toMatchObject({ status: 401, body: { code: 'token-invalid', detail: 'The token was revoked.' } });
      expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
      const client = new ReaderClient({ url: server.url, channelId: 'any', token });
      onTestFinished(() => client.close());
      client.open();
      await vi.waitFor(() =>
        expect(client.state).toMatchObject({ status: 'ended', reason: 'refused', problem: { detail: 'The token was revoked.' } }),
      );
    }
    expect((await call(`${server.url}/v1/channels`, { token: await server.token() })).status).toBe(200);
  });

  it('closes within 5 s every socket and stream that was opened with it, also on public channels, and no other', async () => {
    const [members, token, another] = [await membersChannel(server), await grant(), await grant()];
    const [own, idle, deaf] = [await connected(server, token), await connected(server, token), await connected(server, token)];
    const [other, stranger] = [await connected(server, another), await connected(server)];
    const [ownStream, otherStream] = [await streaming(server, members, token), await streaming(server, members, another)];
    for (const reader of [own, other]) expect(await reader.subscribe(members)).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(ownStream.heard('catchup')).toHaveLength(1));
    // This client reads nothing and answers no close frame.
    deaf.pause();
    await revoke(server, jtiOf(token));
    await within(promisedMs, () => expect([own, idle, ownStream].map(({ isOpen }) => isOpen)).toEqual([false, false, false]));
    deaf.resume();
    await within(promisedMs, () => expect(deaf.isOpen).toBe(false));
    expect(own.heard('unsubscribed')).toEqual([{ channelId: members, reason: 'revoked' }]);
    expect(ownStream.heard('unsubscribed')).toEqual([{ channelId: members, reason: 'revoked' }]);
    expect([other, stranger, otherStream].map(({ isOpen }) => isOpen)).toEqual([true, true, true]);
    expect(await other.subscribe(members)).toMatchObject({ ok: true });
    expect((await streaming(server, members, token)).status).toBe(401);
  });

  it('makes the client report it once, drop the token and continue with a new one', async () => {
    const [members, token] = [await membersChannel(server), await server.token({ reader: ['*'] })];
    const given: string[] = [];
    const fixed = new ReaderClient({ url: server.url, channelId: members, token }).open();
    const renewing = new ReaderClient({
      url: server.url,
      channelId: members,
      // A second transport, tried if the first is slow, would ask for another token.
      transports: ['socket'],
      token: async () => {
        const next = given.length === 0 ? token : await server.token({ reader: ['*'] });
        given.push(next);
        return next;
      },
    }).open();
    onTestFinished(() => {
      for (const client of [fixed, renewing]) client.close();
    });
    await vi.waitFor(() => expect([fixed.state.status, renewing.state.status]).toEqual(['live', 'live']));
    await revoke(server, jtiOf(token));
    await within(promisedMs, () => {
      expect(fixed.state).toMatchObject({ status: 'ended', reason: 'revoked' });
      expect(given.length).toBeGreaterThan(1);
      expect(renewing.state.status).toBe('live');
    });
    expect(given).toHaveLength(2);
  });

  it('can be revoked only by an admin, with a valid body, any number of times', async () => {
    const url = `${server.url}/v1/tokens/revoked`;
    const admin = await server.token({ admin: true });
    const post = (token: string | undefined, body: unknown) => call(url, { method: 'POST', ...(token && { token }), body });
    expect((await post(undefined, { jti: 'a' })).status).toBe(401);
    expect((await post(await server.token({ editor: ['*'] }), { jti: 'a' })).body).toMatchObject({ code: 'forbidden' });
    for (const wrong of [
      {},
      { jti: '' },
      { jti: 1 },
      { jti: 'x'.repeat(301) },
      { jti: 'a', expiresAt: 'soon' },
      { jti: 'a', more: 1 },
    ]) {
      expect((await post(admin, wrong)).body).toMatchObject({ code: 'invalid-body' });
    }
    const expiresAt = '2099-01-01T00:00:00.000Z';
    for (let times = 0; times < 2; times += 1) {
      expect((await post(admin, { jti: 'a', expiresAt })).body).toEqual({ jti: 'a', until: '2099-01-01T01:00:00.000Z' });
    }
    expect((await call(`${server.url}/metrics`)).text).toMatch(/^pressbox_revoked_tokens [1-9]/m);
    expect((await call(url, { token: admin })).status).toBe(405);
  });

  it('may be the one that the admin sends: the request is answered, and the token is refused afterwards', async () => {
    const admin = await server.token({ admin: true });
    const body = { jti: jtiOf(admin) };
    expect((await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body })).status).toBe(200);
    expect((await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body })).status).toBe(401);
  });
});

describeWith(needs.redis, 'a revoked token on two servers with one Redis', (binary) => {
  it('is refused on both, and its sockets on both are closed within 5 s, even if the announcement is lost', async () => {
    await using redis = await startRedis(binary);
    const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: 'a secret that both nodes know, of 32 bytes or more' };
    await using here = await startTestServer(env);
    await using there = await startTestServer(env);
    const [members, token] = [await membersChannel(here), await there.token({ reader: ['*'] }, { sub: 'member' })];
    const readers = [await connected(here, token), await connected(there, token)];
    for (const reader of readers) expect(await reader.subscribe(members)).toMatchObject({ ok: true });
    // No server receives the announcement.
    const killing = setInterval(() => void redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined), 1);
    try {
      await revoke(here, jtiOf(token));
      await within(promisedMs, () => expect(readers.map(({ isOpen }) => isOpen)).toEqual([false, false]), [
        process.pid,
        redis.pid,
      ]);
    } finally {
      clearInterval(killing);
    }
    for (const { url } of [here, there]) expect((await call(`${url}/v1/channels`, { token })).status).toBe(401);
    await there.restart();
    expect((await call(`${there.url}/v1/channels`, { token })).status).toBe(401);
    expect((await shakeHands(there.url, { token })).status).toBe(101);
  });
});
