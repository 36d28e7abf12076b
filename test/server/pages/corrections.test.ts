import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { correctionWordsIn } from '../../../client/browser/i18n/corrections.ts';
import { AuthorClient, type NewPost } from '../../../client/lib/author-client.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { comparedTextOf } from '../../support/attacks/page-text.ts';
import { attackCorrections } from '../../support/attacks/script-attacks.ts';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { afterRead } from '../../support/stores/failing-engine.ts';

/** `/live/{c}/corrections`: the corrections of a channel, as the server renders them. */

let server: TestServer;
let editor: string;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
  author = new AuthorClient({ url: server.url, token: editor });
});
afterAll(() => server[Symbol.asyncDispose]());

const pathOf = (id: string) => `/live/${id}/corrections`;
const open = (path: string, headers: Record<string, string> = {}, on = server) =>
  call(on.addressOf(path), { headers: { accept: 'text/html', ...headers } });
/** Publishes a post and returns its id. */
const publish = async (id: string, post: NewPost) => (await author.publish(id, post)).post.id;
const sectionsOf = (page: string) =>
  [...page.matchAll(/<section[^>]*>([\s\S]*?)<\/section>/g)].map(([, section]) => comparedTextOf(section ?? '').trim());
const time = '[A-Z][a-z]{2} \\d+, \\d{4}, \\d\\d:\\d\\d UTC';

describe('the corrections of a channel', () => {
  it('show what was said and what is said now, newest first, and of withdrawals only note and time', async () => {
    const { id } = await createChannel(server, editor, { headline: 'Harbour fire', standfirst: 'Roads are shut.' });
    const ships = await publish(id, { headline: 'Thirteen ships burn', body: 'Thirteen ships burn.\n\nNobody is hurt.' });
    const road = await publish(id, { body: 'The road is shut.' });
    const rumour = await publish(id, { headline: 'A secret rumour', body: 'A secret.' });
    const address = await publish(id, { headline: 'A secret address', body: 'A secret.' });
    await author.correct(id, ships, '*', {
      note: 'Three, not thirteen.',
      changes: { headline: 'Three ships burn', body: 'Three ships burn.\n\nNobody is hurt.' },
    });
    await author.revise(id, road, '*', {
      kind: 'clarification',
      note: 'Only the quay.',
      changes: { body: 'The road along the quay is shut.' },
    });
    await author.revise(id, road, '*', { kind: 'refile', changes: { body: 'The road along the quay is shut!' } });
    await author.retract(id, rumour, { note: 'Nobody saw it.' });
    await author.takedown(id, address);
    await author.updateChannel(id, '*', {
      standfirst: 'Roads are open.',
      change: { kind: 'correction', note: 'Roads are not shut.' },
    });

    const page = await open(pathOf(id));
    expect([page.status, page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-cache',
    ]);
    const expected = [
      `^Correction, ${time} The headline, introduction or picture of the coverage Roads are not shut\\.$`,
      `^Removed, ${time} post of ${time}$`,
      `^Retracted, ${time} post of ${time} Nobody saw it\\.$`,
      `^Clarification, ${time} The road along the quay is shut! Only the quay\\. The road \\{\\+along the quay \\+\\}is shut\\. Earlier versions$`,
      `^Correction, ${time} Three ships burn Three, not thirteen\\. \\[-Thirteen-\\]\\{\\+Three\\+\\} ships burn \\[-Thirteen-\\]\\{\\+Three\\+\\} ships burn\\. … Earlier versions$`,
    ];
    const sections = sectionsOf(page.text);
    expect(sections).toEqual(expected.map((pattern) => expect.stringMatching(new RegExp(pattern))));
    expect(page.text).not.toContain('secret');
    expect(page.text).toContain(`href="${server.pathTo(`/live/${id}/${ships}`)}"`);
    expect(page.text).toContain(`href="${server.pathTo(`/live/${id}/${ships}/versions?before=3`)}"`);
    expect(page.text.match(/<script[^>]*>/g)).toEqual([
      expect.stringContaining(`<script type="module" src="${server.pathTo('/assets/follow-post.')}`),
    ]);
  });

  it('have a title, a canonical address, a preview and a feed, and no post has their address', async () => {
    const { id } = await createChannel(server, editor, { headline: 'Harbour fire' });
    const { text } = await open(pathOf(id));
    expect(text).toContain('<title>Corrections: Harbour fire</title>');
    expect(text).toContain(`<link rel="canonical" href="${server.url}${pathOf(id)}">`);
    expect(text).toContain('<meta property="og:title" content="Corrections: Harbour fire">');
    expect(text).toContain(`<meta property="og:url" content="${server.url}${pathOf(id)}">`);
    const feed = `href="${server.url}/v1/channels/${id}/corrections.atom"`;
    expect(text).toContain(`type="application/atom+xml" title="Corrections: Harbour fire" ${feed}`);
    expect(text).toContain('Nothing has been corrected or withdrawn so far.');
    const refused = await call(`${server.url}/v1/channels/${id}/posts`, {
      method: 'POST',
      token: editor,
      body: { id: 'corrections', body: 'A post.' },
    });
    expect(refused.status).toBe(400);
  });

  it('are linked from the page of the channel, from earlier versions and from withdrawn posts', async () => {
    const { id } = await createChannel(server, editor);
    const [changed, gone] = [await publish(id, { body: 'Two.' }), await publish(id, { body: 'A secret.' })];
    await author.revise(id, changed, '*', { kind: 'update', changes: { body: 'Three.' } });
    await author.retract(id, gone, { note: 'Not so.' });
    for (const path of [`/live/${id}`, `/live/${id}/${changed}`, `/live/${id}/${changed}/versions`, `/live/${id}/${gone}`]) {
      expect([path, (await open(path)).text.includes(`href="${server.pathTo(pathOf(id))}"`)]).toEqual([path, true]);
    }
  });

  it('are shown once each, twenty on a page', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { body: 'Count 1.' });
    for (let nth = 2; nth <= 44; nth += 1)
      await author.correct(id, post, '*', { note: `Note ${nth}.`, changes: { body: `Count ${nth}.` } });
    const notes: string[][] = [];
    let isFirst = true;
    for (let path: string | undefined = pathOf(id); path !== undefined; ) {
      const { text } = await open(path);
      notes.push([...text.matchAll(/Note (\d+)\./g)].map(([, nth]) => nth ?? ''));
      expect(text.includes('<link rel="canonical"')).toBe(isFirst);
      expect(text.includes('<meta name="robots" content="noindex">')).toBe(!isFirst);
      isFirst = false;
      path = text.match(/rel="next" href="([^"]+)"/)?.[1];
    }
    expect(notes.map(({ length }) => length)).toEqual([liveLimits.correctionsShown, 20, 3]);
    expect(notes.flat().map(Number)).toEqual(Array.from({ length: 43 }, (_, at) => 44 - at));
    expect((await open(`${pathOf(id)}?before=x`)).status).toBe(400);
    expect(comparedTextOf((await open(`${pathOf(id)}?before=1`)).text)).toContain('There is nothing older than this.');
  });

  it('link to earlier versions if their texts are too large for one page', async () => {
    const { id } = await createChannel(server, editor);
    const large = (word: string) =>
      Array.from({ length: 7_000 }, (_, at) => `word${at}`)
        .join(' ')
        .slice(0, 49_000) + word;
    const posts: string[] = [];
    for (let nth = 0; nth < 4; nth += 1) posts.push(await publish(id, { body: large('old') }));
    for (const post of posts) await author.correct(id, post, '*', { note: 'Not old.', changes: { body: large('new') } });
    const sections = sectionsOf((await open(pathOf(id))).text);
    expect(sections).toHaveLength(4);
    expect(sections[0]).toContain('{+');
    expect(sections[3]).toMatch(/Not old\. The text is too long to compare it here\. Earlier versions$/);
  });

  it('have the same title on the page and in the link to the feed, spaced as in the language of the channel', async () => {
    const { id } = await createChannel(server, editor, { headline: 'Incendie du port', language: 'fr' });
    const title = 'Corrections\u00a0: Incendie du port';
    expect((await open(pathOf(id))).text).toContain(`<title>${title}</title>`);
    for (const path of [pathOf(id), `/live/${id}`]) {
      expect((await open(path)).text, path).toContain(`type="application/atom+xml" title="${title}" `);
    }
  });

  it('are in the language of the channel', async () => {
    const { id } = await createChannel(server, editor, { language: 'de-AT' });
    const post = await publish(id, { body: 'Zwei Schiffe.' });
    await author.correct(id, post, '*', { note: 'Es sind drei.', changes: { body: 'Drei Schiffe.' } });
    const { text } = await open(pathOf(id));
    expect(text).toContain(`<h1>${correctionWordsIn('de').corrections}</h1>`);
    expect(comparedTextOf(text)).toMatch(/Korrektur, .*Es sind drei\. .*\[-Zwei-\]\{\+Drei\+\} Schiffe\./);
  });

  it('contain nothing that runs, whatever was written', async () => {
    const { id } = await createChannel(server, editor, { headline: attackCorrections[0]!.headline });
    const post = await publish(id, { headline: 'Start', body: 'Start' });
    for (const { note, ...changes } of attackCorrections) await author.correct(id, post, '*', { note, changes });
    const { text } = await open(pathOf(id));
    const tags = [...text.matchAll(/<[^/!][^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, '='));
    expect([...new Set(tags.map((tag) => tag.slice(1).split(/[\s>]/)[0] ?? ''))].filter((name) => !known.has(name))).toEqual([]);
    expect(tags.filter((tag) => /\son|style=|srcdoc/i.test(tag))).toEqual([]);
    for (const [, href = ''] of text.replace(/<head>.*<\/head>/s, '').matchAll(/(?:href|src|action)="([^"]*)"/g))
      expect(href.startsWith('/') || href.startsWith(`${server.url}/`)).toBe(true);
  });

  it('are the same after the channel is exported and imported', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { body: 'Two ships.' });
    await author.correct(id, post, '*', { note: 'Three.', changes: { body: 'Three ships.' } });
    await using target = await startTestServer();
    await sendTo(target, await exportOf(server, id));
    const imported = await open(pathOf(id), {}, target);
    expect(sectionsOf(imported.text)).toEqual(sectionsOf((await open(pathOf(id))).text));
  });
});

describe('corrections whose text may not be read', () => {
  it('keep their note without the words once the post is retracted', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { headline: 'A secret', body: 'A secret.' });
    await author.correct(id, post, '*', { note: 'It was told.', changes: { headline: 'A secret told', body: 'A secret told.' } });
    expect((await open(pathOf(id))).text).toContain('secret');
    await author.retract(id, post, { note: 'Not so.' });
    const { text } = await open(pathOf(id));
    expect(text).not.toContain('secret');
    expect(sectionsOf(text)).toEqual([
      expect.stringMatching(/^Retracted, .* Not so\.$/),
      expect.stringMatching(/^Correction, .* It was told\. The post was later withdrawn\.$/),
    ]);
  });

  it('lose note and words once the post is taken down, also for a client with a cached page', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { headline: 'A secret', body: 'A secret.' });
    await author.correct(id, post, '*', {
      note: 'A secret note.',
      changes: { headline: 'A secret told', body: 'A secret told.' },
    });
    const { headers } = await open(pathOf(id));
    const etag = headers.get('etag') as string;
    expect((await open(pathOf(id), { 'if-none-match': etag })).status).toBe(304);
    await author.takedown(id, post, { note: 'By order of a court.' });
    const { status, text } = await open(pathOf(id), { 'if-none-match': etag });
    expect(status).toBe(200);
    expect(text).not.toContain('secret');
    expect(sectionsOf(text)).toEqual([
      expect.stringMatching(/^Removed, .* By order of a court\.$/),
      expect.stringMatching(/^Correction, .* The note was erased\. The post was later withdrawn\.$/),
    ]);
  });

  it('are named as erased if earlier versions were erased', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { body: 'A secret.' });
    await author.correct(id, post, '*', { note: 'It was told.', changes: { body: 'A secret told.' } });
    await author.correct(id, post, '*', { note: 'It was wrong.', eraseEarlier: true, changes: { body: 'Nothing of it.' } });
    const { text } = await open(pathOf(id));
    expect(text).not.toContain('secret');
    expect(sectionsOf(text)).toEqual([
      expect.stringMatching(/It was wrong\. The version before this one was erased\. This one said: Nothing of it\./),
      expect.stringMatching(/It was told\. This version was erased\./),
    ]);
  });

  it.each(['corrections', 'revisions', 'post'] as const)(
    'show no text that was taken down during a read of the store: %s',
    async (name) => {
      const { id } = await createChannel(server, editor);
      const post = await publish(id, { headline: 'A secret', body: 'A secret.' });
      await author.correct(id, post, '*', {
        note: 'A secret note.',
        changes: { headline: 'A secret told', body: 'A secret told.' },
      });
      afterRead(server.server.engine, name, () => author.takedown(id, post));
      const { status, text } = await open(pathOf(id));
      expect(status).toBe(200);
      expect(text).not.toContain('secret');
      expect(text).toContain('Removed,');
    },
  );

  it('show no text of a post that is retracted while they are read', async () => {
    const { id } = await createChannel(server, editor);
    const post = await publish(id, { body: 'A secret.' });
    await author.correct(id, post, '*', { note: 'It was told.', changes: { body: 'A secret told.' } });
    afterRead(server.server.engine, 'revisions', () => author.retract(id, post, { note: 'Not so.' }));
    expect((await open(pathOf(id))).text).not.toContain('secret');
  });

  it('are uncached and for members on a members channel, and missing on a desk channel', async () => {
    const [members, desk] = [
      (await createChannel(server, editor, { access: 'members' })).id,
      (await createChannel(server, editor, { access: 'desk' })).id,
    ];
    for (const id of [members, desk]) {
      const post = await publish(id, { body: 'A secret.' });
      await author.correct(id, post, '*', { note: 'A secret note.', changes: { body: 'A secret told.' } });
    }
    const notice = await open(pathOf(members));
    expect([notice.status, notice.text.includes('This coverage is for members')]).toEqual([200, true]);
    expect(notice.text).not.toMatch(/secret|<ins>|corrections\.atom/);
    expect((await open(pathOf(desk))).status).toBe(404);
    expect((await open(pathOf('no-such-channel'))).status).toBe(404);
    const session = await call(`${server.url}/v1/session`, { method: 'POST', token: await server.token({ reader: ['*'] }) });
    const cookie = (session.headers.get('set-cookie') as string).split(';')[0] as string;
    const page = await open(pathOf(members), { cookie });
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    expect(comparedTextOf(page.text)).toContain('A secret{+ told+}.');
    expect((await open(pathOf(desk), { cookie })).status).toBe(404);
  });
});

it('the corrections of a channel are compared once for all readers until something changes', async () => {
  const { id } = await createChannel(server, editor);
  const post = await publish(id, { body: 'One.' });
  await author.correct(id, post, '*', { note: 'Two.', changes: { body: 'Two.' } });
  const { engine } = server.server;
  const reads = vi.spyOn(engine, 'revisions');
  onTestFinished(() => reads.mockRestore());
  const first = await open(pathOf(id));
  const asked = reads.mock.calls.length;
  expect(asked).toBeGreaterThan(0);
  expect((await open(pathOf(id))).text).toBe(first.text);
  expect(reads.mock.calls).toHaveLength(asked);
  await author.correct(id, post, '*', { note: 'Three.', changes: { body: 'Three.' } });
  expect(sectionsOf((await open(pathOf(id))).text)).toHaveLength(2);
});

/** The allowed tags of the page. */
const known = new Set(
  'html head meta title link script body main header form input button bdi section div nav p h1 h2 h3 a span time ins del ul li'.split(
    ' ',
  ),
);
