import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AuthorPost } from '../../../src/protocol/model.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { allPosts, createChannel, publish, write } from '../../support/authors/writers.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { openShell } from '../../support/servers/shell.ts';
import { afterRead } from '../../support/stores/failing-engine.ts';

/** Reads the feeds as other programs do: page by page, repeatedly, while the newsroom writes. */

let server: TestServer;
let editor: string;

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token();
});
afterAll(() => server[Symbol.asyncDispose]());

interface Item {
  id: string;
  /** The modification time in the feed. */
  changed: string;
  /** The complete item as text. */
  text: string;
}

interface Format {
  type: string;
  items(text: string): Item[];
  next(text: string, headers: Headers): string | undefined;
}

const linked = (headers: Headers) => /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];

const formats: Record<string, Format> = {
  'feed.atom': {
    type: 'application/atom+xml; charset=utf-8',
    items: (text) =>
      text
        .split('<entry>')
        .slice(1)
        .map((entry) => ({
          id: /<id>urn:uuid:([^<]*)</.exec(entry)?.[1] ?? '',
          changed: /<updated>([^<]*)</.exec(entry)?.[1] ?? '',
          text: entry,
        })),
    next: (text) => /<link rel="next"[^>]* href="([^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&'),
  },
  'feed.json': {
    type: 'application/feed+json',
    items: (text) => itemsIn(text, 'items', 'id', 'date_modified'),
    next: (text) => (JSON.parse(text) as { next_url?: string }).next_url,
  },
  'liveblog.jsonld': {
    type: 'application/ld+json',
    items: (text) => itemsIn(text, 'liveBlogUpdate', '@id', 'dateModified'),
    next: (_text, headers) => linked(headers),
  },
  'ninjs.json': {
    type: 'application/json; charset=utf-8',
    items: (text) => itemsIn(text, 'associations', 'uri', 'versionCreated'),
    next: (_text, headers) => linked(headers),
  },
};

function itemsIn(text: string, list: string, id: string, changed: string): Item[] {
  const items = (JSON.parse(text) as Record<string, Record<string, string>[]>)[list] ?? [];
  return items.map((item) => ({
    id: item[id]?.replace('urn:uuid:', '') ?? '',
    changed: item[changed] ?? '',
    text: JSON.stringify(item),
  }));
}

const addressOf = (channelId: string, file: string, query = '') => `${server.url}/v1/channels/${channelId}/${file}${query}`;

async function page(file: string, address: string) {
  const { status, text, headers } = await call(address);
  expect([status, headers.get('content-type')]).toEqual([200, formats[file]?.type]);
  const next = formats[file]?.next(text, headers);
  expect(linked(headers)).toBe(next);
  return { items: formats[file]?.items(text) ?? [], text, next, etag: headers.get('etag') ?? '' };
}

/** Reads all pages, with an action between two of them. */
async function walk(file: string, address: string, between?: () => Promise<unknown>): Promise<Item[][]> {
  const pages: Item[][] = [];
  for (let at: string | undefined = address; at !== undefined; ) {
    const { items, next }: { items: Item[]; next: string | undefined } = await page(file, at);
    pages.push(items);
    at = next;
    await between?.();
  }
  return pages;
}

const idsOf = (items: readonly Item[]) => items.map(({ id }) => id);

async function write12(channelId: string): Promise<AuthorPost[]> {
  await createChannel(server, editor, { id: channelId });
  const posts: AuthorPost[] = [];
  for (let number = 1; number <= 12; number += 1) {
    const { post } = await publish(server, editor, channelId, { headline: `Post ${number}`, keyEvent: number % 3 === 0 });
    posts.push(post);
  }
  return posts;
}

const revise = (post: AuthorPost, kind: string, note: string | null, headline: string) =>
  write(server, editor, {
    path: `/v1/channels/${post.channelId}/posts/${post.id}/revisions`,
    body: { kind, note, changes: { headline } },
    ifMatch: '*',
  });
const withdraw = (post: AuthorPost, how: 'retraction' | 'takedown', note: string) =>
  write(server, editor, { path: `/v1/channels/${post.channelId}/posts/${post.id}/${how}`, body: { note } });

describe.each(Object.keys(formats))('%s', (file) => {
  const slug = file.replace(/\W/g, '-');

  it('has every post once, newest first, while others are published', async () => {
    const id = `walk-${slug}`;
    const posts = await write12(id);
    const address = addressOf(id, file, '?limit=3');
    const still = await walk(file, address);
    expect(still.map((items) => items.length)).toEqual([3, 3, 3, 3]);
    expect(idsOf(still.flat())).toEqual(posts.map((post) => post.id).reverse());
    let more = 0;
    const moving = await walk(file, address, async () => {
      more += 1;
      if (more < 4) await publish(server, editor, id, { headline: `In between ${more}` });
    });
    expect(idsOf(moving.flat())).toEqual(idsOf(still.flat()));
    const again = await walk(file, address);
    expect(idsOf(again.flat())).toEqual((await allPosts(server, id)).map((post) => post.id));
  });

  it('shows older corrections and withdrawals on its first page, and every post still once', async () => {
    const id = `told-${slug}`;
    const posts = await write12(id);
    await revise(posts[1]!, 'correction', 'It was two.', 'Post two');
    await revise(posts[2]!, 'update', null, 'Post three, and more');
    // This post is on the first page anyway, so it keeps its place.
    await revise(posts[11]!, 'correction', 'It was twelve.', 'Post twelve');
    // This is the oldest post. The one corrected above is the newest.
    await withdraw(posts[0]!, 'retraction', 'There was no first one.');
    const address = addressOf(id, file, '?limit=3');
    const first = await page(file, address);
    expect(idsOf(first.items)).toEqual([posts[11]!, posts[10]!, posts[9]!, posts[1]!, posts[0]!].map((post) => post.id));
    const [, , , corrected, withdrawn] = first.items;
    expect(corrected?.text).toContain('It was two.');
    expect(withdrawn?.text).toContain('There was no first one.');
    expect(withdrawn?.text).not.toContain('Post 1');
    const pages = await walk(file, address, () => revise(posts[5]!, 'correction', 'Again.', `Post six ${crypto.randomUUID()}`));
    expect(idsOf(pages.flat()).sort()).toEqual(posts.map((post) => post.id).sort());
    // A request for a position returns the posts there.
    expect(idsOf((await page(file, addressOf(id, file, '?before=5'))).items)).toEqual(
      [posts[2]!, posts[1]!, posts[0]!].map((post) => post.id),
    );
  });

  it('changes its modification time with every change except a refile', async () => {
    const id = `times-${slug}`;
    await createChannel(server, editor, { id });
    const { post } = await publish(server, editor, id, { headline: 'A storn' });
    const only = async () => (await page(file, addressOf(id, file))).items[0]!;
    expect((await only()).changed).toBe(post.publishedAt);
    await revise(post, 'refile', null, 'A storm');
    // ninjs counts a refile as a version, with its own time.
    const expected = file === 'ninjs.json' ? expect.any(String) : post.publishedAt;
    expect(await only()).toMatchObject({ changed: expected, text: expect.stringContaining('A storm') });
    let before = post.publishedAt;
    for (const [kind, note] of [
      ['update', null],
      ['clarification', 'At sea.'],
      ['correction', 'A gale.'],
    ] as const) {
      const { post: revised } = await revise(post, kind, note, `A storm, ${kind}`);
      const { changed, text } = await only();
      expect([kind, changed]).toEqual([kind, revised.updatedAt]);
      expect(changed > before).toBe(true);
      if (note !== null) expect(text).toContain(note);
      before = changed;
    }
    const { post: gone } = await withdraw(post, 'retraction', 'There was none.');
    expect((await only()).changed).toBe(gone.updatedAt);
  });

  it('has corrections of the headline and standfirst of the channel, as readable text in Atom and JSON Feed', async () => {
    const id = `channel-${slug}`;
    await createChannel(server, editor, { id, standfirst: 'Two men.' });
    await publish(server, editor, id, { headline: 'Lift-off' });
    const patch = async (body: object) => {
      const answer = await call(addressOf(id, '').slice(0, -1), {
        method: 'PATCH',
        token: editor,
        body,
        headers: { 'if-match': '*' },
      });
      expect(answer.status).toBe(200);
    };
    await patch({ standfirst: 'Three men.', change: { kind: 'correction', note: 'We forgot Collins.' } });
    await patch({ headline: 'To the Moon and back', change: { kind: 'refile' } });
    const { text } = await page(file, addressOf(id, file));
    expect(text).toContain('We forgot Collins.');
    expect(text).not.toContain('Two men.');
    const read = { 'feed.atom': /<subtitle>(.*)<\/subtitle>/s, 'feed.json': /"description":"(.*?)"/s }[file];
    if (read !== undefined) {
      const about = read.exec(text)?.[1]?.replace('\\n', '\n');
      expect(about).toMatch(/^Three men\.\nCorrection, \w+ \d+, \d{4}, \d\d:\d\d UTC: We forgot Collins\.$/);
    }
  });

  it('can be limited to key events and recent withdrawals, since a tombstone does not show whether it was a key event', async () => {
    const id = `key-${slug}`;
    const posts = await write12(id);
    const address = addressOf(id, file, '?keyEvent=true&limit=2');
    const keys = [12, 9, 6, 3].map((number) => posts[number - 1]!);
    expect(idsOf((await walk(file, address)).flat())).toEqual(keys.map((post) => post.id));
    await withdraw(keys[1]!, 'retraction', 'It was none.');
    const pages = await walk(file, address);
    expect(idsOf(pages[0]!)).toEqual([keys[0]!, keys[2]!, keys[1]!].map((post) => post.id));
    expect(pages[0]![2]?.text).toContain('It was none.');
    expect(idsOf(pages.flat()).sort()).toEqual(keys.map((post) => post.id).sort());
    expect(idsOf((await page(file, addressOf(id, file, '?kind=summary'))).items)).toEqual([]);
  });

  it('includes posts that a correction removed from the filter, and no other corrected posts', async () => {
    const id = `out-${slug}`;
    const posts = await write12(id);
    const address = addressOf(id, file, '?keyEvent=true&limit=2');
    const [outright, later, erased] = [3, 6, 9].map((number) => posts[number - 1]!) as [AuthorPost, AuthorPost, AuthorPost];
    const change = (post: AuthorPost, body: object) =>
      write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/revisions`, body, ifMatch: '*' });
    await change(outright, { kind: 'correction', note: 'It was none.', changes: { keyEvent: false, headline: 'No key' } });
    await change(later, { kind: 'correction', note: 'It was smaller.', changes: { headline: 'Small' } });
    await change(later, { kind: 'update', changes: { keyEvent: false } });
    await change(erased, { kind: 'correction', note: 'No names.', changes: { keyEvent: false }, eraseEarlier: true });
    await revise(posts[0]!, 'correction', 'It was one.', 'Post one');
    const pages = await walk(file, address);
    expect(idsOf(pages[0]!)).toEqual([posts[11]!, erased, later, outright].map((post) => post.id));
    expect(pages).toHaveLength(1);
    const [, ...told] = pages[0]!.map(({ text }) => text);
    for (const [at, note] of ['No names.', 'It was smaller.', 'It was none.'].entries()) expect(told[at]).toContain(note);
    expect(idsOf((await page(file, addressOf(id, file, '?kind=breaking'))).items)).toEqual([erased.id]);
  });

  it('is 304 until something changes, and contains no text that was taken down', async () => {
    const id = `gone-${slug}`;
    const posts = await write12(id);
    await revise(posts[3]!, 'correction', 'zqnoteqz', 'zqsecretqz');
    const address = addressOf(id, file, '?limit=5');
    const before = await page(file, address);
    expect(before.text).toContain('zqsecretqz');
    const ask = (token?: string) =>
      call(address, { headers: { 'if-none-match': before.etag }, ...(token === undefined ? {} : { token }) });
    expect([(await ask()).status, (await ask()).text]).toEqual([304, '']);
    await withdraw(posts[3]!, 'takedown', 'By order of a court.');
    for (const token of [undefined, editor]) {
      const after = await ask(token);
      expect(after.status).toBe(200);
      expect(after.text).not.toMatch(/zq(?:secret|note)qz/);
      expect(after.text).toContain('By order of a court.');
    }
    expect(
      (await walk(file, address))
        .flat()
        .map(({ text }) => text)
        .join(),
    ).not.toMatch(/zq(?:secret|note)qz/);
  });

  it('never answers after a takedown with a page that was read before it', async () => {
    const id = `overtaken-${slug}`;
    const posts = await write12(id);
    const { engine } = server.server;
    for (const name of ['posts', 'post', 'corrections'] as const) {
      const post = posts.pop()!;
      await revise(posts[0]!, 'correction', 'So that there is one further back.', `Post ${name}`);
      await revise(post, 'correction', 'Likewise.', 'zqsecretqz');
      afterRead(engine, name, () => withdraw(post, 'takedown', 'By order.'));
      const { text } = await page(file, addressOf(id, file, '?limit=3'));
      expect([name, text.includes('zqsecretqz')]).toEqual([name, false]);
    }
  });

  /** The answer for anonymous readers of a members channel: a refusal, or the notice of a format that has one. */
  function expectClosed({ status, headers, text, body }: Awaited<ReturnType<typeof call>>): void {
    expect([headers.get('www-authenticate'), text.includes('Post ')]).toEqual(['Bearer realm="pressbox"', false]);
    if (status === 200) expect(text).toContain('This coverage is for members.');
    else expect(body).toMatchObject({ code: 'token-missing', status: 401 });
  }

  it('has no posts if access ends while the page is read', async () => {
    const id = `closed-${slug}`;
    await write12(id);
    const { engine } = server.server;
    const read = engine.posts.bind(engine);
    const spied = vi.spyOn(engine, 'posts').mockImplementationOnce(async (...given) => {
      await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
      await publish(server, editor, id, { headline: 'For members' });
      return await read(...given);
    });
    expectClosed(await call(addressOf(id, file)));
    spied.mockRestore();
    const reader = await server.token({ editor: [], reader: [id] });
    const answer = await call(addressOf(id, file), { token: reader });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    expect(answer.text).toContain('For members');
  });

  it('has no posts if access ends after the page was read and before it is sent', async () => {
    const id = `closed-then-${slug}`;
    await write12(id);
    using stream = await openStream(server.url, id);
    await vi.waitFor(() => expect(stream.heard('catchup')).toHaveLength(1));
    const { engine } = server.server;
    const [posts, channel] = [engine.posts.bind(engine), engine.channel.bind(engine)];
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(engine, 'posts').mockImplementationOnce(async (...given) => {
      // The channel is read last.
      vi.spyOn(engine, 'channel').mockImplementationOnce(async (...asked) => {
        const before = await channel(...asked);
        await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
        await vi.waitFor(() => expect(stream.heard('unsubscribed')).toHaveLength(1));
        return before;
      });
      return await posts(...given);
    });
    expectClosed(await call(addressOf(id, file)));
  });

  it('is built once between two changes, and split when it is too long', async () => {
    const id = `shared-${slug}`;
    await createChannel(server, editor, { id });
    const body = 'A long text. '.repeat(3_800);
    for (let number = 0; number < 20; number += 1) await publish(server, editor, id, { headline: `Post ${number}`, body });
    const { engine } = server.server;
    const spied = vi.spyOn(engine, 'posts');
    const answers = await Promise.all(Array.from({ length: 20 }, () => page(file, addressOf(id, file))));
    expect(spied).toHaveBeenCalledTimes(1);
    expect(new Set(answers.map(({ etag }) => etag)).size).toBe(1);
    const [first] = answers;
    expect(first!.items.length).toBeLessThan(20);
    expect(first!.items.length * body.length).toBeLessThan(limits.answerBytes);
    expect(idsOf((await walk(file, addressOf(id, file))).flat())).toHaveLength(20);
    spied.mockClear();
    await page(file, `${addressOf(id, file)}?utm_source=reader`);
    expect(spied).not.toHaveBeenCalled();
    await publish(server, editor, id, { headline: 'The newest' });
    await vi.waitFor(async () => expect((await page(file, addressOf(id, file))).text).toContain('The newest'));
    spied.mockRestore();
  });

  it('can be read upwards from a position, with links to newer pages', async () => {
    const id = `up-${slug}`;
    const posts = await write12(id);
    const pages = await walk(file, addressOf(id, file, `?limit=5&after=${posts[1]!.seq}`));
    expect(pages.map((items) => items.length)).toEqual([5, 5]);
    expect(idsOf(pages[0]!)).toEqual(
      posts
        .slice(2, 7)
        .map((post) => post.id)
        .reverse(),
    );
  });

  it('contains only posts between the requested positions', async () => {
    const id = `between-${slug}`;
    const posts = await write12(id);
    await revise(posts[0]!, 'correction', 'It was one.', 'Post one');
    const between = posts.slice(5).map((post) => post.id);
    const address = (query: string) => addressOf(id, file, `?limit=3&after=${posts[4]!.seq}${query}`);
    expect(idsOf((await walk(file, address(''))).flat()).sort()).toEqual(between);
    const down = await walk(file, address(`&before=${posts[11]!.seq}`));
    expect(down.map(idsOf)).toEqual([between.slice(3, 6).reverse(), between.slice(0, 3).reverse()]);
  });
});

describe("the feeds of a members' channel", () => {
  const id = 'for-members';
  beforeAll(async () => {
    await createChannel(server, editor, {
      id,
      access: 'members',
      language: 'de',
      headline: 'Hinter <Türen>',
      standfirst: 'Worum es geht.',
    });
    await publish(server, editor, id, { headline: 'zqsecretqz' });
  });

  it.each(['feed.atom', 'feed.json'])(
    '%s shows strangers what the channel is about and where to sign in, but no posts',
    async (file) => {
      const answer = await call(addressOf(id, file));
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
      expect(answer.headers.get('vary')).toContain('Authorization');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="pressbox"');
      const items = formats[file]!.items(answer.text);
      expect(items).toHaveLength(1);
      expect(items[0]?.text).toContain('Diese Berichterstattung ist für Mitglieder.');
      expect(items[0]?.text).toContain(`${server.server.publicUrl}/live/${id}`);
      expect(items[0]?.text).toContain('Anmelden');
      if (file === 'feed.json') expect(answer.body).toMatchObject({ items: [{ _pressbox: { access: 'members' } }] });
      expect(answer.text).toContain('Worum es geht.');
      expect(answer.text).not.toContain('zqsecretqz');
      const etag = answer.headers.get('etag') ?? '';
      expect((await call(addressOf(id, file), { headers: { 'if-none-match': etag } })).status).toBe(304);
    },
  );

  it.each(['liveblog.jsonld', 'ninjs.json'])('%s, which programs read, requires a token', async (file) => {
    expect((await call(addressOf(id, file))).body).toMatchObject({ code: 'token-missing', status: 401 });
  });

  it.each(Object.keys(formats))('%s refuses a token without the right to read, and shows a reader the posts', async (file) => {
    const other = await server.token({ editor: [], reader: ['other'] });
    expect((await call(addressOf(id, file), { token: other })).body).toMatchObject({ code: 'forbidden', status: 403 });
    const member = await call(addressOf(id, file), { token: await server.token({ editor: [], reader: [id] }) });
    expect(member.text).toContain('zqsecretqz');
    expect(member.text).not.toContain('Anmelden');
  });

  it('is not found by strangers if the channel has the access desk', async () => {
    await createChannel(server, editor, { id: 'of-the-desk', access: 'desk' });
    for (const file of Object.keys(formats))
      expect((await call(addressOf('of-the-desk', file))).body).toMatchObject({ code: 'not-found', status: 404 });
  });
});

it('ninjs marks each of several pages as partial, and a single page as complete', async () => {
  await write12('in-parts');
  const saidBy = async (query: string) => {
    const said: string[] = [];
    for (let at: string | undefined = addressOf('in-parts', 'ninjs.json', query); at !== undefined; ) {
      const { text, next }: { text: string; next: string | undefined } = await page('ninjs.json', at);
      said.push((JSON.parse(text) as { representationType: string }).representationType);
      at = next;
    }
    return said;
  };
  expect(await saidBy('?limit=5')).toEqual(['partial', 'partial', 'partial']);
  expect(await saidBy('?limit=100')).toEqual(['full']);
});

it('counts the pages', async () => {
  const { text } = await call(`${server.url}/metrics`);
  for (const format of ['atom', 'json-feed', 'json-ld', 'ninjs'])
    expect(
      Number(new RegExp(`pressbox_feed_pages_total\\{format="${format}"\\} (\\d+)`).exec(text)?.[1]),
      format,
    ).toBeGreaterThan(20);
});

describeWith(needs.curl, 'docs/guides/feeds.md', () => {
  it('has working commands and names every feed', async () => {
    const text = await readFile(join(import.meta.dirname, '../../../docs/guides/feeds.md'), 'utf8');
    await createChannel(server, editor, { id: 'moon-landing' });
    await publish(server, editor, 'moon-landing', { headline: 'Landed', keyEvent: true });
    await publish(server, editor, 'moon-landing', { headline: 'A pause' });
    const [, commands = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(text) ?? [];
    await using shell = openShell(tmpdir(), { PATH: process.env.PATH });
    const printed = await shell.run(commands.replaceAll('http://127.0.0.1:4000', server.url));
    const titles = [...printed.matchAll(/<entry>\n<id>[^<]*<\/id>\n<title>([^<]*)/g)].map(([, title]) => title);
    expect(titles).toEqual(['A pause', 'Landed', 'Landed']);
    const named = [...text.matchAll(/^\| `\/v1\/channels\/\{channel\}\/([\w.]+)` \|/gm)].map(([, file]) => file);
    expect(named).toEqual(Object.keys(formats));
  });
});
