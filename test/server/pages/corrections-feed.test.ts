import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthorClient, type NewPost } from '../../../client/lib/author-client.ts';
import { attackCorrections } from '../../support/attacks/script-attacks.ts';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { all, atomFaults, links, textOf } from '../../support/samples/atom.ts';
import { type Element, parseXml } from '../../support/samples/xml.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { afterRead } from '../../support/stores/failing-engine.ts';

/** Reads `corrections.atom` as feed readers do. */

let server: TestServer;
let editor: string;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
  author = new AuthorClient({ url: server.url, token: editor });
});
afterAll(() => server[Symbol.asyncDispose]());

const addressOf = (id: string, query = '', from = server.url) => `${from}/v1/channels/${id}/corrections.atom${query}`;
/** Publishes a post and returns its id. */
const publish = async (id: string, post: NewPost) => (await author.publish(id, post)).post.id;

describeWith(needs.python, 'the feed of corrections', (python) => {
  async function read(address: string, headers: Record<string, string> = {}) {
    const answer = await call(address, { headers });
    const feed: Element = parseXml(python, answer.text);
    expect(atomFaults(feed)).toEqual([]);
    const entries = all(feed, 'entry').map((entry) => ({
      id: textOf(entry, 'id') ?? '',
      title: textOf(entry, 'title') ?? '',
      published: textOf(entry, 'published') ?? '',
      updated: textOf(entry, 'updated') ?? '',
      link: links(entry, 'alternate'),
      comparison: links(entry, 'related'),
      kind: all(entry, 'category')[0]?.attributes.term,
      text: (textOf(entry, 'content') ?? '')
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    }));
    return { ...answer, feed, entries };
  }

  it('has an entry for each correction, clarification and withdrawal, with its note and the link of its post', async () => {
    const { id } = await createChannel(server, editor, { headline: 'Harbour fire', standfirst: 'Roads are shut.' });
    const ships = await publish(id, { headline: 'Thirteen ships', body: 'Thirteen.' });
    const road = await publish(id, { body: 'The road is shut.' });
    const [rumour, address] = [
      await publish(id, { headline: 'A secret', body: 'A secret.' }),
      await publish(id, { body: 'A secret.' }),
    ];
    await author.correct(id, ships, '*', { note: 'Three, not thirteen.', changes: { headline: 'Three ships' } });
    await author.revise(id, road, '*', { kind: 'clarification', note: 'Only the quay.', changes: { body: 'The quay is shut.' } });
    await author.revise(id, road, '*', {
      kind: 'update',
      note: 'Added the time.',
      changes: { body: 'The quay is shut until noon.' },
    });
    await author.retract(id, rumour, { note: 'Nobody saw it.' });
    await author.takedown(id, address);
    await author.updateChannel(id, '*', {
      standfirst: 'Roads are open.',
      change: { kind: 'correction', note: 'Roads are not shut.' },
    });

    const { status, headers, text, feed, entries } = await read(addressOf(id));
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'application/atom+xml; charset=utf-8',
      'no-cache',
    ]);
    expect([textOf(feed, 'title'), links(feed, 'alternate')]).toEqual([
      'Corrections: Harbour fire',
      `${server.url}/live/${id}/corrections`,
    ]);
    const page = `${server.url}/live/${id}`;
    expect(entries.map(({ kind, title, text, link, comparison }) => [kind, title, text, link, comparison])).toEqual([
      [
        'correction',
        'Correction: The headline, introduction or picture of the coverage',
        'Roads are not shut.',
        `${page}/corrections`,
        undefined,
      ],
      [
        'takedown',
        expect.stringMatching(/^Removed: post of /),
        'This post is no longer available.',
        `${page}/${address}`,
        undefined,
      ],
      ['retraction', expect.stringMatching(/^Retracted: post of /), 'Nobody saw it.', `${page}/${rumour}`, undefined],
      [
        'clarification',
        'Clarification: The quay is shut until noon.',
        'Only the quay.',
        `${page}/${road}`,
        `${page}/${road}/versions?before=3`,
      ],
      ['correction', 'Correction: Three ships', 'Three, not thirteen.', `${page}/${ships}`, `${page}/${ships}/versions?before=3`],
    ]);
    expect(text).not.toContain('secret');
  });

  it('has every correction once, page by page', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { body: 'Count 1.' });
    for (let nth = 2; nth <= 6; nth += 1)
      await author.correct(id, post, '*', { note: `Note ${nth}.`, changes: { body: `Count ${nth}.` } });
    const notes: string[][] = [];
    for (let at: string | undefined = addressOf(id, '?limit=2'); at !== undefined; ) {
      const { entries, feed, headers } = await read(at);
      notes.push(entries.map(({ text }) => text));
      const next = links(feed, 'next');
      expect(/^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]).toBe(next);
      at = next;
    }
    expect(notes).toEqual([['Note 6.', 'Note 5.'], ['Note 4.', 'Note 3.'], ['Note 2.']]);
    for (const query of ['?limit=0', '?limit=101', '?before=x']) expect((await call(addressOf(id, query))).status).toBe(400);
  });

  it('keeps the id of an entry and loses its note when the post is taken down, also for a reader with an old entity tag', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { headline: 'A secret', body: 'A secret.' });
    await author.correct(id, post, '*', { note: 'A secret note.', changes: { headline: 'A secret told' } });
    const before = await read(addressOf(id));
    const held = { 'if-none-match': before.headers.get('etag') as string };
    expect((await call(addressOf(id), { headers: held })).status).toBe(304);
    await author.takedown(id, post, { note: 'By order of a court.' });
    const after = await read(addressOf(id), held);
    expect(after.status).toBe(200);
    expect(after.text).not.toContain('secret');
    const [takedown, correction] = after.entries;
    expect(takedown?.text).toBe('By order of a court.');
    expect(correction).toMatchObject({ id: before.entries[0]?.id, text: 'The note was erased. The post was later withdrawn.' });
    expect((correction?.updated ?? '') > (before.entries[0]?.updated ?? '')).toBe(true);
    expect(correction?.published).toBe(before.entries[0]?.published);
  });

  it('contains no text that was taken down while the feed was being read', async () => {
    for (const name of ['corrections', 'post'] as const) {
      const { id } = await createChannel(server, editor);
      const post = await publish(id, { headline: 'A secret', body: 'A secret.' });
      await author.correct(id, post, '*', { note: 'A secret note.', changes: { headline: 'A secret told' } });
      afterRead(server.server.engine, name, () => author.takedown(id, post));
      expect((await read(addressOf(id))).text).not.toContain('secret');
    }
  });

  it('has the same entries after the channel is exported and imported', async () => {
    const { id } = await createChannel(server, editor, { standfirst: 'Roads are shut.' });
    const post = await publish(id, { body: 'Two ships.' });
    await author.correct(id, post, '*', { note: 'Three.', changes: { body: 'Three ships.' } });
    await author.updateChannel(id, '*', {
      standfirst: 'Roads are open.',
      change: { kind: 'correction', note: 'Roads are not shut.' },
    });
    await using target = await startTestServer();
    await sendTo(target, await exportOf(server, id));
    const facts = ({ entries }: Awaited<ReturnType<typeof read>>) =>
      entries.map(({ id, title, text, updated }) => [id, title, text, updated]);
    expect(facts(await read(addressOf(id, '', target.url)))).toEqual(facts(await read(addressOf(id))));
  });

  it('says how to read it on a members channel, and is missing on a desk channel', async () => {
    const { id } = await createChannel(server, editor, { access: 'members' });
    const post = await publish(id, { body: 'A secret.' });
    await author.correct(id, post, '*', { note: 'A secret note.', changes: { body: 'A secret told.' } });
    const notice = await read(addressOf(id));
    expect([notice.status, notice.headers.get('www-authenticate'), notice.entries.map(({ text }) => text)]).toEqual([
      200,
      'Bearer realm="pressbox"',
      [expect.stringContaining('This coverage is for members.')],
    ]);
    expect(notice.text).not.toContain('secret');
    const token = await server.token({ reader: ['*'] });
    const own = await call(addressOf(id), { token });
    expect([own.text.includes('A secret note.'), own.headers.get('cache-control')]).toEqual([true, 'private, no-store']);
    const desk = await createChannel(server, editor, { access: 'desk' });
    expect((await call(addressOf(desk.id))).status).toBe(404);
  });

  it('is valid whatever was written, in every direction of writing', async () => {
    for (const language of ['en', 'ar']) {
      const { id } = await createChannel(server, editor, { headline: attackCorrections[0]!.headline, language });
      const post = await publish(id, { headline: 'Start', body: 'Start' });
      for (const { note, headline } of attackCorrections) await author.correct(id, post, '*', { note, changes: { headline } });
      const { feed } = await read(addressOf(id, '?limit=100'));
      for (const entry of all(feed, 'entry')) {
        const content = textOf(entry, 'content') ?? '';
        expect(content.replace(/<\/?(?:p|div dir="rtl" lang="ar")>|<\/div>/g, '').replace(/<p dir="rtl">/g, '')).not.toMatch(
          /[<>]/,
        );
      }
    }
  });
});
