import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Access } from '../../../src/protocol/model.ts';
import { type MediaServer, startMediaServer } from '../../support/servers/media-server.ts';
import { call } from '../../support/servers/server.ts';

/** The access to a file of an upload, in every state of the post that uses it. */

const everyone = [
  'nobody',
  'reader of another channel',
  'author of another channel',
  'reader',
  'author',
  'editor',
  'admin',
  'revoked',
] as const;
type Who = (typeof everyone)[number];
const authors: readonly Who[] = ['author', 'editor', 'admin'];

let media: MediaServer;
let tokens: Record<Who, string | undefined>;
beforeAll(async () => {
  media = await startMediaServer();
  const { server } = media;
  tokens = {
    nobody: undefined,
    'reader of another channel': await server.token({ reader: ['other'] }, { sub: 'a' }),
    'author of another channel': await server.token({ author: ['other'] }, { sub: 'b' }),
    reader: await server.token({ reader: ['m-*'] }, { sub: 'c' }),
    author: await server.token({ author: ['m-*'] }, { sub: 'd' }),
    editor: await server.token({ editor: ['m-*'] }, { sub: 'e' }),
    admin: await server.token({ admin: true }, { sub: 'f' }),
    revoked: await server.token({ editor: ['*'] }, { sub: 'g' }),
  };
  const { jti } = JSON.parse(Buffer.from(tokens.revoked?.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  const revocation = { method: 'POST', token: tokens.admin as string, body: { jti } };
  expect((await call(`${server.url}/v1/tokens/revoked`, revocation)).status).toBe(200);
});
afterAll(() => media[Symbol.asyncDispose]());

/** The status for each requester. */
async function statuses(url: string): Promise<Record<Who, number>> {
  const answers = await Promise.all(
    everyone.map(async (who) => {
      const token = tokens[who];
      const answer = await call(url, token === undefined ? {} : { token });
      if (answer.status !== 200) expect(answer.text).not.toContain('secret bytes');
      return [who, answer.status] as const;
    }),
  );
  return Object.fromEntries(answers) as Record<Who, number>;
}

/** What everyone gets: those who may write in the channel, readers of it, and others with and without a token. */
function expected({ writing, reading, others, nobody }: { writing: number; reading: number; others: number; nobody: number }) {
  return Object.fromEntries(
    everyone.map((who) => {
      if (who === 'revoked') return [who, 401];
      if (authors.includes(who)) return [who, writing];
      return [who, who === 'reader' ? reading : who === 'nobody' ? nobody : others];
    }),
  );
}

/** What others than authors get for a file that they may not see, by the access of the channel. */
const closed: Record<Access, { others: number; nobody: number }> = {
  public: { others: 404, nobody: 404 },
  members: { others: 403, nobody: 401 },
  desk: { others: 404, nobody: 404 },
};
const open: Record<Access, { reading: number; others: number; nobody: number }> = {
  public: { reading: 200, others: 200, nobody: 200 },
  members: { reading: 200, others: 403, nobody: 401 },
  desk: { reading: 404, others: 404, nobody: 404 },
};

describe.each(['public', 'members', 'desk'] as const)('a file in a channel with access %s', (access) => {
  it('is open to those who may read the channel while a published post uses it, and before that only to authors', async () => {
    const id = `m-${access}`;
    await media.createChannel(id, { access });
    const send = async (path: string, method: string, body?: unknown) => {
      const token = tokens.admin as string;
      const answer = await call(`${media.server.url}/v1/channels/${id}${path}`, {
        method,
        token,
        body,
        headers: { 'if-match': '*' },
      });
      expect(answer.status, answer.text).toBeLessThan(300);
    };
    const unused = { writing: 200, reading: 404, ...closed[access] };
    const gone = { ...unused, writing: 404 };

    const uploaded = await media.upload(id, `secret bytes of ${access}`);
    const address = uploaded.files[0]?.url as string;
    expect(await statuses(address)).toEqual(expected(unused));

    const image = { type: 'image', url: uploaded.url, alt: '' };
    const first = await media.publish(id, [image]);
    expect(await statuses(address)).toEqual(expected({ writing: 200, ...open[access] }));

    await send(`/posts/${first}/retraction`, 'POST', { note: 'It was not so.' });
    expect(await statuses(address)).toEqual(expected(unused));

    const second = await media.publish(id, [image]);
    expect(await statuses(address)).toEqual(expected({ writing: 200, ...open[access] }));
    await send(`/posts/${second}/takedown`, 'POST');
    // The retracted post still has it, for authors.
    expect(await statuses(address)).toEqual(expected(unused));
    await send(`/posts/${first}/takedown`, 'POST');
    expect(await statuses(address)).toEqual(expected(gone));

    const other = await media.upload(id, `other secret bytes of ${access}`);
    await media.publish(id, [{ ...image, url: other.url }]);
    const otherAddress = other.files[0]?.url as string;
    expect(await statuses(otherAddress)).toEqual(expected({ writing: 200, ...open[access] }));
    await send('', 'DELETE');
    const deleted = access === 'desk' ? { reading: 404, others: 404, nobody: 404 } : { reading: 410, others: 410, nobody: 410 };
    expect(await statuses(otherAddress)).toEqual(expected({ writing: 410, ...deleted }));
  });
});

it('is closed at once when the access of its channel changes', async () => {
  await media.createChannel('m-closing');
  const { url, files } = await media.upload('m-closing');
  await media.publish('m-closing', [{ type: 'image', url, alt: '' }]);
  const address = files[0]?.url as string;
  expect((await statuses(address)).nobody).toBe(200);
  const patch = { method: 'PATCH', token: media.token, body: { access: 'desk' }, headers: { 'if-match': '*' } };
  expect((await call(`${media.server.url}/v1/channels/m-closing`, patch)).status).toBe(200);
  expect(await statuses(address)).toMatchObject({ nobody: 404, reader: 404, author: 200 });
});

it('is open while the channel has it as its picture', async () => {
  await media.createChannel('m-picture');
  const { url, files } = await media.upload('m-picture');
  const address = files[0]?.url as string;
  const set = async (picture: object | null) => {
    const patch = { method: 'PATCH', token: media.token, body: { picture }, headers: { 'if-match': '*' } };
    const answer = await call(`${media.server.url}/v1/channels/m-picture`, patch);
    expect(answer.status, answer.text).toBe(200);
    return answer.body as { channel: { picture: unknown } };
  };
  const { channel } = await set({ url, alt: 'A bridge' });
  expect(channel.picture).toMatchObject({ url: address, width: 1200, renditions: [{ url: address }] });
  expect((await statuses(address)).nobody).toBe(200);
  await set(null);
  expect((await statuses(address)).nobody).toBe(404);
});
