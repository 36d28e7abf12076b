import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorPost } from '../../src/protocol/model.ts';
import { type AttackedServer, secretWord, startAttackedServer } from '../support/attacks/attacked-server.ts';
import { createChannel } from '../support/authors/writers.ts';
import { call } from '../support/servers/server.ts';

/**
 * Characters that software often damages. Text of any script is kept character by character; characters that belong in no text are
 * refused.
 */

let server: AttackedServer;
let token: string;
const posts = () => `${server.url}/v1/channels/moon/posts`;

beforeAll(async () => {
  server = await startAttackedServer();
  token = await server.token();
  await createChannel(server, token, { id: 'moon', headline: secretWord });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Sends a body as raw bytes. */
const send = (body: string | Uint8Array<ArrayBuffer>) =>
  fetch(posts(), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  }).then(async (answer) => ({
    status: answer.status,
    body: (await answer.json()) as { post: AuthorPost; errors: { path: string }[] },
  }));

describe('a text is kept unchanged', () => {
  it.each(
    Object.entries({
      Arabic: 'وصل القارب إلى الميناء، ثم غادر.',
      'Hebrew with English in it': 'הספינה Endurance נמצאה',
      'Chinese, and beyond the first plane': '漢字 𠮷野家 𓀀',
      'letters of several code points': 'e\u0301 ä\u0308 ก็ क्षि',
      'emoji of several code points': '👩‍🚀👨‍👩‍👧‍👦🏳️‍🌈🇺🇳',
      'direction marks': 'a \u202eb\u202c c \u2067d\u2069 \u200e\u200f',
      'a direction mark that is never closed': 'price \u202e001 euro',
      'invisible joiners and spaces': 'a\u200bb\u200cc\u200dd\u2060e\ufefff\u00a0g\u00ad',
      'replacement characters and noncharacters': 'a\ufffdb\uffff\ufdd0',
      'lines and tabs': 'a\tb\nc\r\nd\u2028e\u2029f',
      'backslashes and quotes': '\\u0000 "\\\\" \' ` \\',
      'one word in two normal forms': 'caf\u00e9 cafe\u0301',
    }),
  )('%s', async (_what, text) => {
    const body = `${secretWord} ${text}`;
    for (const json of [JSON.stringify({ body }), `{"body":"${escaped(body)}"}`]) {
      const answer = await send(json);
      expect(answer.status).toBe(201);
      expect([...answer.body.post.body]).toEqual([...body]);
      const read = await call(`${posts()}/${answer.body.post.id}`, { token });
      expect((read.body as AuthorPost).body).toBe(body);
    }
  });

  it('in a single-line field, and its direction marks do not affect the page around it', async () => {
    const headline = `${secretWord} \u202eabc`;
    const { body } = await send(JSON.stringify({ headline }));
    expect(body.post.headline).toBe(headline);
    const page = await call(`${server.url}/live/moon`);
    expect(page.text).toContain(` id="post-${body.post.id}-name" dir="auto">\u2068${headline}\u2069</h3>`);
  });
});

describe('an invalid text is refused', () => {
  it.each(
    Object.entries({
      NUL: 'a\u0000b',
      'a bell': 'a\u0007b',
      'a terminal escape': 'a\u001b[2Jb',
      'another terminal escape': 'a\u009b2Jb',
      DEL: 'a\u007fb',
      'a high surrogate alone': 'a\ud800b',
      'a low surrogate alone': 'a\udc00b',
      'a surrogate pair in the wrong order': 'a\udc00\ud800b',
    }),
  )('%s', async (_what, text) => {
    const before = await server.state();
    for (const field of ['headline', 'body']) {
      const answer = await send(`{"${field}":"${escaped(text)}"}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-body' } });
      expect(new Set(answer.body.errors.map(({ path }) => path))).toEqual(new Set([field]));
    }
    expect(await server.state()).toBe(before);
  });

  it.each(
    Object.entries({
      'a byte of another encoding': [0xe9],
      'an overlong slash of two bytes': [0xc0, 0xaf],
      'an overlong NUL': [0xc0, 0x80],
      'an overlong slash of three bytes': [0xe0, 0x80, 0xaf],
      'a surrogate alone': [0xed, 0xa0, 0x80],
      'a surrogate pair of six bytes': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
      'beyond the last character': [0xf4, 0x90, 0x80, 0x80],
      'a truncated character': [0xf0, 0x9f, 0x8c],
      'a continuation byte alone': [0x80],
      'bytes that UTF-8 never has': [0xfe, 0xff],
    }),
  )('as bytes that are not UTF-8: %s', async (_what, bytes) => {
    const before = await server.state();
    const answer = await send(new Uint8Array([...Buffer.from('{"body":"a'), ...bytes, ...Buffer.from('b"}')]));
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-body' } });
    expect(await server.state()).toBe(before);
  });

  it.each(['UTF-16 with a byte order mark', 'UTF-16 without a byte order mark', 'UTF-32'])(
    'as a body in another encoding: %s',
    async (what) => {
      const text = '{"headline":"A"}';
      const bytes =
        what === 'UTF-32'
          ? Uint8Array.from([...text].flatMap((character) => [character.charCodeAt(0), 0, 0, 0]))
          : Uint8Array.from(Buffer.from((what === 'UTF-16 without a byte order mark' ? '' : '\ufeff') + text, 'utf16le'));
      expect((await send(bytes)).status).toBe(400);
    },
  );
});

describe('a query with unusual values', () => {
  it.each([
    ['source=%C3%28', 'invalid UTF-8 is read as a replacement character', 200],
    ['source=%c0%af', 'an overlong slash is not read as a slash', 200],
    ['source=%00', 'NUL', 400],
    ['source=%0d%0aX-Injected:%201', 'a line break', 400],
    ['source=%E2%80%AE', 'a direction mark', 200],
    ['source=a&source=b', 'one parameter twice', 400],
    ['limit=%EF%BC%91', 'a digit of another script', 400],
    ['limit=1%00', 'a number with a NUL', 400],
    ['limit=0x10', 'a hexadecimal number', 400],
    ['limit=1e1', 'a number with an exponent', 400],
    ['__proto__=1&constructor=2&limit[__proto__]=3', 'unknown names', 200],
    [`limit=1&${'a=1&'.repeat(2_000)}`, 'thousands of parameters', 200],
  ])('%s (%s) is answered with %i', async (query, _what, status) => {
    const answer = await call(`${posts()}?${query}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-injected')).toBeNull();
    if (status === 400) expect(answer.body).toMatchObject({ code: 'invalid-body' });
  });
});

/** Every character as a JSON escape. */
function escaped(text: string): string {
  return text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

it('the log contains no token and no post text', () => server.expectCleanLog());
