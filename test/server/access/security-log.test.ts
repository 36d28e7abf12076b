import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { createSecurityLog } from '../../../src/http/security-log.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

const text = 'The mayor resigned';
const written: string[] = [];
const given: string[] = [];
let server: TestServer;

beforeAll(async () => {
  const log = createLog('info', { write: (line) => void written.push(line) });
  server = await startTestServer({ PRESSBOX_TRUST_PROXY: 'loopback', PRESSBOX_REQUESTS_PER_SECOND: '5' }, { log });
});
afterAll(() => server[Symbol.asyncDispose]());

const lines = () => written.map((line) => JSON.parse(line)).filter(({ security }) => security !== undefined);
const linesOf = (address: string) => lines().filter((line) => line.address === address);
const briefly = (address: string) => linesOf(address).map(({ security, by }) => [security, by]);
async function token(grants: object, sub: string): Promise<string> {
  const made = await server.token(grants, { sub });
  given.push(made);
  return made;
}
const ask = (address: string, path: string, options: Parameters<typeof call>[1] = {}) =>
  call(server.url + path, { ...options, headers: { 'x-forwarded-for': address, ...options?.headers } });

it('the security log records sign-ins and sign-outs by form and API with subject and address', async () => {
  const address = '192.0.2.1';
  const [mine, headers] = [await token({ reader: ['*'] }, 'ruth'), { origin: server.origin, accept: 'text/html' }];
  const { headers: answered } = await ask(address, '/v1/session', { method: 'POST', token: mine });
  const cookie = answered.getSetCookie()[0]?.split(';')[0] ?? '';
  given.push(cookie.replace(`${server.cookieName}=`, ''));
  await ask(address, '/v1/session', { method: 'DELETE', headers: { cookie } });
  expect(briefly(address)).toEqual([
    ['sign-in', 'ruth'],
    ['sign-out', 'ruth'],
  ]);
  const by = await token({ reader: ['*'] }, 'rosa');
  await fetch(`${server.url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...headers, 'x-forwarded-for': address },
    body: new URLSearchParams({ token: by, to: '/' }),
  });
  expect(briefly(address).at(-1)).toEqual(['sign-in', 'rosa']);
});

it('the security log records each erasure, export, import and revocation', async () => {
  const [address, admin] = ['192.0.2.2', await token({ admin: true }, 'ada')];
  const write = (path: string, body: unknown, method = 'POST') => ask(address, path, { method, token: admin, body });
  await write('/v1/channels', { id: 'moon', headline: text, state: 'live' });
  const ids: string[] = [];
  for (let number = 0; number < 2; number += 1) {
    const { body } = await write('/v1/channels/moon/posts', { headline: text, body: text });
    ids.push((body as { post: { id: string } }).post.id);
    await write(`/v1/channels/moon/posts/${ids.at(-1)}/takedown`, { note: text });
  }
  await write('/v1/tokens/revoked', { jti: 'stolen' });
  const { text: exported } = await ask(address, '/v1/channels/moon/export', { token: admin });
  const headers = { 'content-type': 'application/x-ndjson' };
  await ask(address, '/v1/import', { method: 'POST', token: admin, headers, body: exported });
  await ask(address, '/v1/channels/moon', { method: 'DELETE', token: admin });
  expect(linesOf(address).map(({ security, by, channel, post, jti }) => ({ security, by, channel, post, jti }))).toEqual([
    { security: 'erasure', by: 'ada', channel: 'moon', post: ids[0] },
    { security: 'erasure', by: 'ada', channel: 'moon', post: ids[1] },
    { security: 'token-revoked', by: 'ada', jti: 'stolen' },
    { security: 'export', by: 'ada', channel: 'moon' },
    { security: 'import', by: 'ada' },
    { security: 'erasure', by: 'ada', channel: 'moon' },
  ]);
});

it('the security log records refused tokens and rights once for each address, over HTTP and at the socket', async () => {
  const editor = await token({ editor: ['*'] }, 'ada');
  await call(`${server.url}/v1/channels`, {
    method: 'POST',
    token: editor,
    body: { id: 'inner', headline: text, access: 'members' },
  });
  const [address, reader] = ['192.0.2.3', await token({ reader: ['elsewhere'] }, 'rea')];
  const forged = `${reader.slice(0, -5)}AAAAA`;
  given.push(forged);
  for (let times = 0; times < 5; times += 1) {
    expect((await ask(address, '/v1/channels', { token: forged })).status).toBe(401);
    expect((await ask(address, '/v1/channels/inner/snapshot', { token: reader })).status).toBe(403);
  }
  expect(briefly(address)).toEqual([
    ['token-refused', undefined],
    ['rights-refused', 'rea'],
  ]);
  expect(linesOf(address)[0]).toMatchObject({ why: expect.stringContaining('The signature of the token is wrong.') });
  const by = { 'X-Forwarded-For': '192.0.2.4' };
  await openReader(server.url, { token: forged, headers: by }).catch(() => undefined);
  const socket = await openReader(server.url, { token: reader, headers: by });
  onTestFinished(() => socket.destroy());
  expect(await socket.subscribe('inner')).toMatchObject({ ok: false });
  await vi.waitFor(() =>
    expect(briefly('192.0.2.4')).toEqual(
      expect.arrayContaining([
        ['token-refused', undefined],
        ['rights-refused', 'rea'],
      ]),
    ),
  );
});

it('the security log records an exceeded rate once for each address', async () => {
  const address = '192.0.2.5';
  // Sends requests until one is refused.
  await vi.waitFor(async () => expect((await ask(address, '/v1/channels')).status).toBe(429), { interval: 0 });
  await ask(address, '/v1/channels');
  expect(briefly(address)).toEqual([['rate-limited', undefined]]);
});

it('the security log contains no token and no post text, and no input can start a new line', async () => {
  await ask('192.0.2.6', '/v1/channels/\n{"security":"forged"}', { token: 'eyJhbGciOiJub25lIn0.e30.' });
  expect(lines().length).toBeGreaterThan(8);
  for (const line of written) {
    for (const secret of given) expect(line).not.toContain(secret.slice(0, 30));
    expect(line).not.toContain(text);
    expect(line).not.toContain('forged');
  }
});

it('the security log repeats an event in the next interval with the count of the previous interval, and limits the number of lines', () => {
  let now = 0;
  const leftOut: true[] = [];
  const logged: object[] = [];
  const log = { info: (facts: object) => void logged.push(facts) };
  const security = createSecurityLog({ log, now: () => now, onLeftOut: () => void leftOut.push(true) });
  for (let times = 0; times < 7; times += 1) security.refused({ code: 'token-invalid' }, { address: '192.0.2.7' });
  expect(logged).toHaveLength(1);
  now = responseLimits.securityRepeatMs;
  security.refused({ code: 'token-invalid' }, { address: '192.0.2.7' });
  expect(logged.at(-1)).toMatchObject({ security: 'token-refused', address: '192.0.2.7', timesBefore: 7 });
  for (let at = 0; at < 2 * responseLimits.securityLines; at += 1) {
    security.refused({ code: 'token-invalid' }, { address: `10.0.${at >> 8}.${at & 255}` });
  }
  expect(logged).toHaveLength(responseLimits.securityLines + 1);
  expect(leftOut).toHaveLength(responseLimits.securityLines + 1);
  // Refusals of anonymous clients leave room for other events.
  security.note('sign-in', { address: '192.0.2.8', by: 'ruth' });
  expect(logged.at(-1)).toMatchObject({ security: 'sign-in' });
});
