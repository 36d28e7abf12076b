import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import * as client from '../../../client/lib/author-client.ts';
import { backoffMs } from '../../../client/lib/backoff.ts';
import { NoAnswer, NotPressbox, ProblemError, responseTimeoutMs, wasNeverSent } from '../../../client/lib/http.ts';
import { newKey, newPostId } from '../../../client/lib/ids.ts';
import { problem } from '../../../src/protocol/problems.ts';
import * as schemas from '../../../src/protocol/schemas.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { type Site, startSite } from '../../support/servers/site.ts';

/** Commands against a server that answers badly or not at all. */

interface Heard {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Said = (response: ServerResponse) => void;

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]();
});

/** Answers each request with the next of `said`, and repeats the last one. */
async function server(...said: Said[]): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const site = await startSite(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    heard.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    (said[Math.min(heard.length, said.length) - 1] as Said)(response);
  });
  sites.push(site);
  return { url: site.url, heard };
}
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Said =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const cut: Said = (response) => response.destroy();
const silent: Said = () => {};
const done = json(201, { post: { id: 'a' }, cursor: 'c', offset: 7 }, { 'idempotency-replayed': 'true' });
/** An answer that suits every command. */
const anything = json(200, {
  post: {},
  channel: {},
  cursor: 'c',
  erasure: { complete: true, pending: [] },
  posts: [],
  channels: [],
});
const author = (url: string, options: Partial<client.AuthorClientOptions> = {}) =>
  new client.AuthorClient({ url, token: 'secret', random: () => 0, ...options });

describe('a command', () => {
  it('is repeated until there is an answer, with one key and the same bytes', async () => {
    const { url, heard } = await server(
      cut,
      json(503, problem('journal-unavailable', { outcome: 'unknown' })),
      json(502, {}),
      done,
    );
    const written = await author(url).publish('moon', { body: 'One \u{1f319} small step' });
    expect(written).toEqual({ post: { id: 'a' }, cursor: 'c', offset: 7, replayed: true });
    expect(heard).toHaveLength(4);
    const [first] = heard;
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    for (const { method, url, body, headers } of heard) {
      expect({ method, url, body, key: headers['idempotency-key'] }).toEqual({
        method: 'POST',
        url: '/v1/channels/moon/posts',
        body: first?.body,
        key: first?.headers['idempotency-key'],
      });
      expect(headers.authorization).toBe('Bearer secret');
    }
    expect(schemas.newPostSchema.parse(JSON.parse(first?.body ?? ''))).toMatchObject({ body: 'One \u{1f319} small step' });
  });

  it('is repeated with its key if the server did not receive it in time', async () => {
    const timeout: Said = (response) => response.writeHead(408, { connection: 'close' }).end();
    const requestTimeout = json(408, { ...problem('invalid-body'), status: 408 });
    const { url, heard } = await server(timeout, requestTimeout, done);
    expect(await author(url).publish('moon', {})).toMatchObject({ offset: 7 });
    expect(heard).toHaveLength(3);
    expect(new Set(heard.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    const always = await server(timeout);
    await expect(author(always.url, { deadlineMs: 300 }).publish('moon', {})).rejects.toBeInstanceOf(NoAnswer);
  });

  it('that finds no connection is sent once there is one, and is known not to have been executed until then', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    let site: Site | undefined;
    const tried: Error[] = [];
    const onRetry = async (error: Error) => {
      tried.push(error);
      if (tried.length === 2) site = await startSite((_request, response) => done(response), port);
      if (site !== undefined) sites.push(site);
    };
    expect(await author(url, { onRetry }).publish('moon', {})).toMatchObject({ offset: 7 });
    expect(tried.every(wasNeverSent)).toBe(true);

    const refused = await server(json(401, problem('token-invalid')));
    let asked = 0;
    const fetchOnceThere: typeof fetch = (...given) => {
      asked += 1;
      return asked > 1 ? fetch(...given) : fetch(`http://127.0.0.1:${closedPort}`);
    };
    const closedPort = await freePort();
    const error = await author(refused.url, { fetch: fetchOnceThere as never })
      .publish('moon', {})
      .catch((error: unknown) => error);
    expect((error as ProblemError).problem).not.toHaveProperty('outcome');
  });

  it('that finds no connection fails at its own limit, after a last attempt', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const began = performance.now();
    const error = await author(url, { unreachedMs: 400, random: () => 0.999 })
      .publish('moon', {})
      .catch((error: unknown) => error);
    const took = performance.now() - began;
    expect([error instanceof NoAnswer, wasNeverSent(error)]).toEqual([true, true]);
    expect(took).toBeGreaterThanOrEqual(395);
    // The limit does not apply to a command that was sent.
    const { url: slow, heard } = await server(cut, cut, cut, done);
    expect(await author(slow, { unreachedMs: 0 }).publish('moon', {})).toMatchObject({ offset: 7 });
    expect(heard).toHaveLength(4);
  });

  it('is rejected at once if its key cannot be sent in a header', async () => {
    const { url, heard } = await server(done);
    for (const key of ['', 'two\nlines', 'n\u00b0 1 \u{1f680}', 'k'.repeat(256)]) {
      await expect(author(url).publish('moon', { body: 'One' }, { key, deadlineMs: 500 })).rejects.toThrow(/idempotency key/);
    }
    expect(heard).toEqual([]);
  });

  it('generates the id of its post if none is given', async () => {
    const { url, heard } = await server(done);
    await author(url).publish('moon', { id: undefined, body: 'One small step' });
    expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({ id: expect.any(String) });
  });

  it('waits as long as the server asks', async () => {
    const { url } = await server(json(429, problem('rate-limited'), { 'retry-after': '1' }), done);
    const pauses: number[] = [];
    const began = performance.now();
    await author(url, { onRetry: (_error, pause) => pauses.push(pause) }).publish('moon', {});
    expect(pauses).toEqual([1_000]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
  });

  it('that is refused throws the problem, and is not repeated', async () => {
    const said = problem('revision-moved', { current: { revision: 3 } });
    const { url, heard } = await server(json(412, said));
    const refused = author(url).revise('moon', 'a', 2, { kind: 'update', changes: { body: 'x' } });
    const error = await refused.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).problem).toEqual(said);
    expect(heard).toHaveLength(1);
    expect(heard[0]?.headers['if-match']).toBe('"2"');
  });

  it('fails at its deadline or when its signal is aborted', async () => {
    const { url } = await server(cut);
    await expect(author(url, { deadlineMs: 300 }).publish('moon', {})).rejects.toBeInstanceOf(NoAnswer);
    const stop = new AbortController();
    const given = author(url).publish('moon', {}, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');

    const held = await server(silent);
    const began = performance.now();
    await expect(author(held.url, { deadlineMs: 200 }).publish('moon', {})).rejects.toBeInstanceOf(NoAnswer);
    expect(performance.now() - began).toBeLessThan(responseTimeoutMs);
    // A new server, because the aborted request may arrive late.
    const other = await server(silent);
    const waiting = new AbortController();
    const unanswered = author(other.url).publish('moon', {}, { signal: waiting.signal });
    await vi.waitFor(() => expect(other.heard).toHaveLength(1));
    waiting.abort(new Error('enough'));
    await expect(unanswered).rejects.toThrow('enough');
  });

  it('that may have been executed is never reported as not executed, whatever happens to its repetitions', async () => {
    const unavailable = (outcome: 'unchanged' | 'unknown', retryAfter = 0) =>
      json(503, problem('journal-unavailable', { outcome, retryAfter }));
    const problemAfter = async (...said: Said[]) => {
      const { url } = await server(...said);
      const error: unknown = await author(url, { deadlineMs: 50_000 })
        .publish('moon', { body: 'One small step' })
        .catch((error: unknown) => error);
      return (error as ProblemError).problem;
    };
    // A requested wait beyond the deadline ends the command.
    const long = { retryAfter: 60 };
    const refused = json(401, problem('token-invalid'));
    for (const open of [cut, unavailable('unknown'), json(502, {}), json(500, problem('internal-error'))]) {
      expect(await problemAfter(open, unavailable('unchanged', 60))).toMatchObject({ status: 503, outcome: 'unknown' });
      expect(await problemAfter(open, json(429, problem('rate-limited', long)))).toMatchObject({
        status: 429,
        outcome: 'unknown',
      });
      expect(await problemAfter(open, json(503, problem('draining', long)))).toMatchObject({ status: 503, outcome: 'unknown' });
      expect(await problemAfter(open, refused)).toMatchObject({ status: 401, outcome: 'unknown' });
      // The server looks up the key before it refuses an id that exists, so the outcome of this refusal is known.
      expect(await problemAfter(open, json(409, problem('post-exists')))).not.toHaveProperty('outcome');
    }
    expect(await problemAfter(unavailable('unchanged', 60))).toMatchObject({ outcome: 'unchanged' });
    expect(await problemAfter(unavailable('unchanged'), refused)).not.toHaveProperty('outcome');
    expect(await problemAfter(json(503, problem('draining')), refused)).not.toHaveProperty('outcome');
  });

  it('that may have been executed is repeated even if something else answers or no token is available', async () => {
    const hotel: Said = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>');
    const guest: Said = (response) => response.writeHead(403).end('<h1>Sign in</h1>');
    for (const between of [hotel, guest, json(200, { hello: 'world' })]) {
      const { url, heard } = await server(cut, between, done);
      expect(await author(url).publish('moon', {})).toMatchObject({ replayed: true });
      expect(new Set(heard.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    }
    const { url, heard } = await server(cut, done);
    const token = vi.fn(() => 'secret');
    token
      .mockImplementationOnce(() => 'secret')
      .mockImplementationOnce(() => {
        throw new TypeError('fetch failed');
      });
    expect(await author(url, { token }).publish('moon', {})).toMatchObject({ replayed: true });
    expect(heard).toHaveLength(2);
    // Nothing was sent yet, so the outcome is known.
    const broken = () => Promise.reject(new Error('Signed out.'));
    await expect(author(url, { token: broken }).publish('moon', {})).rejects.toThrow('Signed out.');
  });

  it('that may have been executed is not repeated once the server may have forgotten its key', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const sleep = (hours: number) => ({ onRetry: () => vi.setSystemTime(Date.now() + hours * 3_600_000) });
    const lost = await server(cut, done);
    await expect(author(lost.url, sleep(24)).publish('moon', {})).rejects.toBeInstanceOf(NoAnswer);
    expect(lost.heard).toHaveLength(1);
    const soon = await server(cut, done);
    expect(await author(soon.url, sleep(23)).publish('moon', {})).toMatchObject({ replayed: true });
    // The only attempt was answered with `unchanged`, so the write can be repeated even after 60 hours.
    const refused = await server(json(503, problem('journal-unavailable', { outcome: 'unchanged' })), done);
    await author(refused.url, sleep(60)).publish('moon', {});
    expect(refused.heard).toHaveLength(2);
  });

  it('to a server that is not Pressbox fails at once', async () => {
    const { url, heard } = await server((response) => response.writeHead(404).end('<h1>Not here</h1>'));
    await expect(author(url).getChannel('moon')).rejects.toBeInstanceOf(NotPressbox);
    expect(heard).toHaveLength(1);
  });

  it('succeeds only with an answer from Pressbox, whatever its form', async () => {
    const { url } = await server(json(200, { hello: 'world' }));
    const to = author(url);
    for (const command of [
      () => to.deleteChannel('moon'),
      () => to.unpin('moon'),
      () => to.publish('moon', {}),
      () => to.takedown('moon', 'a'),
      () => to.revokeToken({ jti: 'a' }),
      () => to.listChannels(),
      () => to.listPosts('moon'),
      () => to.listRevisions('moon', 'a'),
      () => to.getChannel('moon'),
      () => to.getPost('moon', 'a'),
    ]) {
      await expect(command(), String(command)).rejects.toBeInstanceOf(NotPressbox);
    }
  });

  it('fails if it is redirected as a GET, for example from http to https', async () => {
    const post = { id: 'a', revision: 1 };
    const list = json(200, { ...post, posts: [post], revisions: [post], channels: [], next: null, cursor: 'c', more: false });
    const { url: elsewhere, heard } = await server(list);
    for (const status of [301, 302, 303]) {
      const site = await startSite(({ url }, response) => response.writeHead(status, { location: elsewhere + url }).end());
      sites.push(site);
      const to = author(site.url);
      for (const command of [
        () => to.createChannel({ headline: 'Moon' }),
        () => to.publish('moon', { body: 'One small step' }),
        () => to.correct('moon', 'a', 1, { note: 'Wrong.', changes: { body: 'b' } }),
        () => to.retract('moon', 'a', { note: 'Wrong.' }),
        () => to.takedown('moon', 'a'),
      ]) {
        heard.splice(0);
        await expect(command(), `${status} ${command}`).rejects.toBeInstanceOf(NotPressbox);
        expect(heard).toMatchObject([{ method: 'GET' }]);
      }
    }
  });

  it('requests a fresh token for each attempt', async () => {
    const { url, heard } = await server(cut, done);
    let given = 0;
    const token = () => {
      given += 1;
      return `token-${given}`;
    };
    await author(url, { token }).publish('moon', {});
    expect(heard.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it('uses the documented paths', async () => {
    const { url, heard } = await server(anything);
    const to = author(`${url}/`);
    await to.createChannel({ headline: 'Moon' });
    await to.updateChannel('moon', 4, { section: 'Space' });
    await to.pin('moon', 'a');
    await to.unpin('moon');
    await to.correct('moon', 'a', '*', { note: 'Wrong.', changes: { body: 'b' } });
    await to.retract('moon', 'a', { note: 'Wrong.' });
    await to.takedown('moon', 'a');
    await to.deleteChannel('moon');
    await to.listPosts('moon', { before: 9, keyEvent: true });
    await to.listChannels({ state: 'live' });
    await to.listChannels({ state: 'ended', order: 'activity' });
    expect(heard.map(({ method, url, headers, body }) => [method, url, headers['if-match'] ?? null, body])).toEqual([
      ['POST', '/v1/channels', null, '{"headline":"Moon"}'],
      ['PATCH', '/v1/channels/moon', '"4"', '{"section":"Space"}'],
      ['PATCH', '/v1/channels/moon', '*', '{"pinnedPostId":"a"}'],
      ['PATCH', '/v1/channels/moon', '*', '{"pinnedPostId":null}'],
      ['POST', '/v1/channels/moon/posts/a/revisions', '*', '{"kind":"correction","note":"Wrong.","changes":{"body":"b"}}'],
      ['POST', '/v1/channels/moon/posts/a/retraction', null, '{"note":"Wrong."}'],
      ['POST', '/v1/channels/moon/posts/a/takedown', null, '{}'],
      ['DELETE', '/v1/channels/moon', null, ''],
      ['GET', '/v1/channels/moon/posts?before=9&keyEvent=true', null, ''],
      ['GET', '/v1/channels?state=live', null, ''],
      ['GET', '/v1/channels?state=ended&order=activity', null, ''],
    ]);
  });
});

describe('the parameters of a command', () => {
  it('have the types that the server accepts', () => {
    expectTypeOf<client.NewPost>().toExtend<schemas.NewPost>();
    expectTypeOf<client.Revision>().toExtend<schemas.Revision>();
    expectTypeOf<client.NewChannel>().toExtend<schemas.NewChannel>();
    expectTypeOf<client.ChannelPatch>().toExtend<schemas.ChannelPatch>();
  });

  it('include UUIDv7 ids in order of time, and unique keys', () => {
    const ids = [newPostId(1_000), newPostId(2_000), newPostId()];
    for (const id of ids) expect(schemas.postIdSchema.parse(id)).toBe(id);
    expect(ids.toSorted()).toEqual(ids);
    expect(newPostId(0x0123456789ab, new Uint8Array(10).fill(0xff))).toBe('01234567-89ab-7fff-bfff-ffffffffffff');
    expect(new Set(Array.from({ length: 100 }, newKey)).size).toBe(100);
    expect(schemas.idempotencyKeySchema.parse(newKey())).toBeTruthy();
  });
});

describe('the pause before the next attempt', () => {
  const backoff = { initialMs: 1_000, maxMs: 30_000 };
  it('is spread between almost nothing and a bound that doubles up to the maximum', () => {
    expect([0, 1, 2, 3, 4, 5, 99].map((attempt) => backoffMs(attempt, 0.999_999, backoff))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
    expect(backoffMs(3, 0, backoff)).toBe(50);
  });
  it('is never shorter than requested', () => {
    expect(backoffMs(0, 0, backoff, 5_000)).toBe(5_000);
    expect(backoffMs(0, 0.5, backoff, 5_000)).toBe(5_500);
  });
});
