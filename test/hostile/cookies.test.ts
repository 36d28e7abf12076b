import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttackedServer,
  requestText,
  secretWord,
  sendBytes,
  startAttackedServer,
} from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';

/** Requests with forged or altered session cookies are anonymous. `server/access/sessions.test.ts` tests sessions themselves. */

let server: AttackedServer;
let session: string;

beforeAll(async () => {
  server = await startAttackedServer();
  const token = await server.token({ admin: true });
  await createChannel(server, token, { id: 'secret', access: 'members', headline: 'Members' });
  await publish(server, token, 'secret', { headline: secretWord });
  const reader = await server.token({ reader: ['*'] });
  const answer = await fetch(`${server.url}/v1/session`, { method: 'POST', headers: { authorization: `Bearer ${reader}` } });
  session = answer.headers.get('set-cookie')?.split(';')[0]?.replace(`${server.cookieName}=`, '') ?? '';
});
afterAll(() => server[Symbol.asyncDispose]());

const read = (cookies: string[]) =>
  sendBytes(
    server,
    requestText(
      'GET /v1/channels/secret/posts HTTP/1.1',
      cookies.map((cookie) => `Cookie: ${cookie}`),
    ),
  );

it('a valid cookie gives access as a member, so each cookie below fails for the reason in its title', async () => {
  expect(session.length).toBeGreaterThan(50);
  const { statuses, text } = await read([`a=b; ${server.cookieName}=${session}; c=d`]);
  expect(statuses).toEqual([200]);
  expect(text).toContain(secretWord);
});

describe('a request is anonymous with a session cookie', () => {
  const named = (value: string) => `${server.cookieName}=${value}`;
  const flip = (at: number) => `${session.slice(0, at)}${session[at] === 'A' ? 'B' : 'A'}${session.slice(at + 1)}`;
  it.each<[what: string, cookies: () => string[]]>([
    ['with its first letter changed', () => [named(flip(0))]],
    ['with a letter in the middle changed', () => [named(flip(Math.floor(session.length / 2)))]],
    ['that was cut off', () => [named(session.slice(0, -8))]],
    ['with something appended', () => [named(`${session}AAAA`)]],
    ['in quotes', () => [named(`"${session}"`)]],
    ['after another of the same name', () => [`${named('x')}; ${named(session)}`]],
    ['under another name', () => [`P${named(session).slice(1)}; ${server.cookieName}2=${session}; __Host-${named(session)}`]],
    ['whose value is in the name', () => [`${session}=${server.cookieName}`]],
    ['under a name that is special in JavaScript', () => [`__proto__=${session}; constructor=${session}`]],
    ['that is a token', () => [named('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.')]],
    ['of invalid bytes', () => [named('\xff\xfe\x80')]],
    ['of punctuation only', () => [`${';'.repeat(2_000)}=${'='.repeat(2_000)}`]],
    ['missing among thousands', () => ['a=b; '.repeat(2_500)]],
  ])('%s', async (_what, cookies) => {
    const { statuses, text } = await read(cookies());
    expect(statuses).toEqual([401]);
    expect(text).not.toContain(secretWord);
  });
});

it('the log contains no token and no post text', () => {
  server.expectCleanLog();
  for (const line of server.log) expect(line).not.toContain(session.slice(0, 40));
});
