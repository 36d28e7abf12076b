import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { wordsIn } from '../../../client/browser/i18n/index.ts';
import type { NewPost } from '../../../src/protocol/schemas.ts';
import { comparedTextOf } from '../../support/attacks/page-text.ts';
import { attackCorrections } from '../../support/attacks/script-attacks.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { afterRead } from '../../support/stores/failing-engine.ts';

/** `/live/{c}/{post}/versions`: the earlier versions of a post, as the server renders them. */

let server: TestServer;
let editor: string;
const html = { accept: 'text/html' };

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token({ editor: ['*'], admin: true });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Made {
  id: string;
  postId: string;
  /** `/live/{c}/{post}/versions` */
  path: string;
}

async function made(post: NewPost, channel: Record<string, unknown> = {}): Promise<Made> {
  const { id } = await createChannel(server, editor, channel);
  const said = await publish(server, editor, id, post);
  return { id, postId: said.post.id, path: server.pathTo(`/live/${id}/${said.post.id}/versions`) };
}

const revise = ({ id, postId }: Made, kind: string, changes: object, more: object = {}) =>
  write(server, editor, {
    path: `/v1/channels/${id}/posts/${postId}/revisions`,
    body: { kind, changes, ...more },
    ifMatch: '*',
  });
const withdraw = ({ id, postId }: Made, how: 'retraction' | 'takedown', body: object) =>
  write(server, editor, { path: `/v1/channels/${id}/posts/${postId}/${how}`, body });
const open = (path: string, headers: Record<string, string> = {}) =>
  call(server.addressOf(path), { headers: { ...html, ...headers } });
/** The changes, newest first. */
async function pagesOf({ path: first }: Made): Promise<string[]> {
  const pages: string[] = [];
  for (let path: string | undefined = first; path !== undefined; path = pages.at(-1)?.match(/rel="next" href="([^"]+)"/)?.[1]) {
    pages.push((await open(path)).text);
  }
  return pages;
}

describe('the earlier versions of a post', () => {
  it('list each change with kind, time, note, and removed and added words, newest first', async () => {
    const post = await made({ headline: 'The fire began at noon', body: 'Two *ships* burn.\n\nNobody is hurt.' });
    await revise(post, 'refile', { body: 'Two *ships* burn.\n\nNo one is hurt.' });
    await revise(
      post,
      'correction',
      { headline: 'The fire began at one', body: 'Three *ships* burn.\n\nNo one is hurt.' },
      { note: 'There are three.' },
    );
    await revise(post, 'update', { developing: true });
    const page = await open(post.path);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const text = comparedTextOf(page.text);
    const order = [
      'Earlier versions',
      'No words were changed here',
      'Correction,',
      'There are three.',
      'The fire began at [-noon-]{+one+}',
      '[-Two-]{+Three+} ships burn.',
      'Typing slip mended,',
      '[-Nobody-]{+No one+} is hurt.',
      'Published,',
      'Two ships burn. Nobody is hurt.',
    ];
    const places = order.map((part) => text.indexOf(part));
    expect(places, text).toEqual([...places].sort((one, other) => one - other));
    expect(places).not.toContain(-1);
    expect(page.text).toMatch(/<del><span class="visually-hidden" lang="en" dir="ltr"> removed: <\/span>Two<span/);
    expect(page.text).toMatch(/<ins><span class="visually-hidden" lang="en" dir="ltr"> added: <\/span>Three<span/);
    expect(page.text).toContain('<meta name="robots" content="noindex">');
    expect(page.text.match(/<script[^>]*>/g)).toEqual([
      expect.stringContaining(`<script type="module" src="${server.pathTo('/assets/follow-post.')}`),
    ]);
  });

  it('keep paragraphs, lists and tables apart', async () => {
    const body = 'One\nline.\n\n- a\n- b\n\n> Quoted.\n> — Ada\n\n| Norway | 2 |\n| --- | --: |\n| Sweden | 1 |\n\nThe *end*.';
    const post = await made({ body });
    await revise(post, 'update', { developing: true });
    const { text } = await open(post.path);
    expect(/<div class="text"[^>]*>(.*?)<\/div>/s.exec(text)?.[1]).toBe(
      'One\nline.\n\na\nb\n\nQuoted.\n\n— Ada\n\nNorway\t2\nSweden\t1\n\nThe end.',
    );
  });

  it('name a change of what a link embeds, if only that changed', async () => {
    const link = { type: 'link', url: 'https://radio.example/vote', title: 'The vote' } as const;
    const film = (id: string) => ({ ...link, embed: { provider: 'youtube' as const, id } });
    const post = await made({ body: 'They vote.', media: [film('dQw4w9WgXcQ')] });
    await revise(post, 'correction', { media: [film('aqz-KE-bpKQ')] }, { note: 'It was another film.' });
    const sound = { url: 'https://radio.example/vote.m4a', mimeType: 'audio/mp4' };
    await revise(post, 'update', { media: [{ ...link, audio: sound }] });
    const { text } = await open(post.path);
    const lines = [...text.matchAll(/<ul class="beside">([\s\S]*?)<\/ul>/g)].map(([, list]) => comparedTextOf(list ?? '').trim());
    expect(lines.slice(0, 2)).toEqual([
      'Link: The vote, [-youtube aqz-KE-bpKQ-]{+https://radio.example/vote.m4a+}',
      'Link: The vote, youtube [-dQw4w9WgXcQ-]{+aqz-KE-bpKQ+}',
    ]);
  });

  it('name changes other than words: pictures, videos, links, sources, authors and labels', async () => {
    const quay = { type: 'image', url: 'https://pictures.example/quay.jpg', alt: 'A ferry at the quay' } as const;
    const film = { type: 'video', url: 'https://films.example/pier.mp4', caption: 'The pier at noon' } as const;
    const tides = { type: 'link', url: 'https://tides.example/', title: 'Tide tables', source: 'Harbour <office>' } as const;
    const port = { name: 'Port authority', via: 'radio' };
    const post = await made({ body: 'Two ships burn.', media: [quay, film], sources: [port], developing: true });
    await revise(
      post,
      'correction',
      {
        media: [tides, { ...quay, alt: 'A ferry at the pier', credit: 'Siri Østby' }],
        sources: [{ ...port, via: 'telephone' }, { name: 'Fire & Rescue' }],
        authors: [{ name: 'Ada Byron' }, { name: 'Ruth Calder' }],
        verification: 'disputed',
        developing: false,
        keyEvent: true,
        headline: 'Fire',
      },
      { note: 'It was the pier.' },
    );
    await revise(post, 'refile', { media: [{ ...quay, alt: 'A ferry at the pier', credit: 'Siri Østby' }, tides] });
    await revise(post, 'update', { media: [tides, quay, quay] });
    await revise(post, 'refile', { body: 'Two ships burn!' });
    const { text } = await open(post.path);
    const sections = [...text.matchAll(/<section[^>]*>([\s\S]*?)<\/section>/g)].map(([, part]) =>
      comparedTextOf(part ?? '').trim(),
    );
    const lines = [...text.matchAll(/<ul class="beside">([\s\S]*?)<\/ul>/g)].map(([, list]) =>
      [...(list ?? '').matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, line]) => comparedTextOf(line ?? '').trim()),
    );
    expect(lines).toEqual([
      ['Picture: A ferry at the [-pier, Siri Østby-]{+quay+}', 'Picture: {+A ferry at the quay+}'],
      [
        '[-Developing-]',
        'Film: [-The pier at noon-]',
        '{+Key event+}',
        '{+Disputed+}',
        'Link: {+Tide tables, Harbour &lt;office&gt;+}',
        'Picture: A ferry at the [-quay-]{+pier, Siri Østby+}',
        'Source: Port authority, [-radio-]{+telephone+}',
        'Source: {+Fire &amp; Rescue+}',
        'Author: {+Ruth Calder+}',
      ],
      [
        'Developing',
        'Picture: A ferry at the quay',
        'Film: The pier at noon',
        'Source: Port authority, radio',
        'Author: Ada Byron',
      ],
    ]);
    expect(sections[0]).toMatch(/Two ships burn\[-\.-\]\{\+!\+\}$/);
    expect(sections[1]).toContain('No words were changed here, only what stands beside them.');
    // A change of their order is not listed.
    expect(sections[2]).toMatch(/Nothing was changed here that readers are shown\. Fire Two ships burn\.$/);
  });

  it('are linked from a changed post, and from no other', async () => {
    const post = await made({ body: 'Two ships.' });
    expect((await open(`/live/${post.id}`)).text).not.toContain('/versions');
    await revise(post, 'refile', { body: 'Two ships burn.' });
    for (const path of [`/live/${post.id}`, `/live/${post.id}/${post.postId}`]) {
      expect((await open(path)).text).toContain(`href="${post.path}"`);
    }
    await withdraw(post, 'retraction', { note: 'None does.' });
    expect((await open(`/live/${post.id}`)).text).not.toContain('/versions');
  });

  it('begin with the change to which the note of a correction leads, and lead to newer ones', async () => {
    const post = await made({ body: 'Two ships.' });
    await revise(post, 'correction', { body: 'Three ships.' }, { note: 'Three.' });
    await revise(post, 'clarification', { body: 'Three ships burn.' }, { note: 'They burn.' });
    await revise(post, 'update', { body: 'Three ships burn in port.' }, { note: 'Added where.' });
    const page = (await open(`/live/${post.id}/${post.postId}`)).text;
    const linked = [...page.matchAll(/<li class="change change-(\w+)">(.*?)<\/li>/gs)].map(([, kind, note = '']) => [
      kind,
      /href="([^"]*)"[^>]*>See what changed</.exec(note)?.[1],
    ]);
    expect(linked).toEqual([
      ['correction', `${post.path}?before=3`],
      ['clarification', `${post.path}?before=4`],
      ['update', undefined],
    ]);
    const change = (await open(`${post.path}?before=3`)).text;
    expect(comparedTextOf(change.split('<section')[1] ?? '')).toMatch(/Correction, .*\[-Two-\]\{\+Three\+\} ships\./);
    expect(change).toContain(`href="${post.path}">Latest changes</a>`);
    expect((await open(`${post.path}?before=5`)).text).not.toContain('Latest changes');
  });

  it('are just the text of an unchanged post, and 404 for an unknown one', async () => {
    const post = await made({ body: 'Two ships.' });
    const { status, text } = await open(post.path);
    expect([status, comparedTextOf(text)]).toEqual([200, expect.stringContaining('Two ships.')]);
    const other = await made({ body: 'Elsewhere.' });
    for (const path of [`/live/${post.id}/${other.postId}/versions`, `/live/${post.id}/nonsense/versions`]) {
      expect([path, (await open(path)).status]).toEqual([path, 404]);
    }
    expect((await open(`${post.path}?before=x`)).status).toBe(400);
  });

  it('are paged, each change once', async () => {
    const post = await made({ body: 'Count 1.' });
    for (let nth = 2; nth <= 23; nth += 1) await revise(post, 'update', { body: `Count ${nth}.` });
    const counts: string[] = [];
    const pages: number[] = [];
    for (const text of await pagesOf(post)) {
      const shownCounts = [...comparedTextOf(text).matchAll(/Count (?:\[-\d+-\]\{\+(\d+)\+\}|(\d+))\./g)].map(
        ([, to, alone]) => to ?? alone ?? '',
      );
      counts.push(...shownCounts);
      pages.push(shownCounts.length);
    }
    expect(counts.map(Number)).toEqual(Array.from({ length: 23 }, (_, at) => 23 - at));
    expect(pages).toEqual([10, 10, 3]);
  });

  it('are fewer on a page if they are large, and shown whole if too much was changed', async () => {
    const large = (word: string) =>
      Array.from({ length: 7_000 }, (_, at) => `${word}${at}`)
        .join(' ')
        .slice(0, 49_000);
    const post = await made({ body: large('old') });
    await revise(post, 'update', { body: large('new') });
    await revise(post, 'update', { body: `${large('new')} And more.` });
    const [newest, older] = await pagesOf(post);
    expect(comparedTextOf(newest ?? '')).toContain('{+ And more.+}');
    expect(comparedTextOf(newest ?? '')).not.toContain('Too much');
    const text = older ?? '';
    expect(comparedTextOf(text)).toContain('Too much was changed to show it word by word.');
    for (const word of ['old', 'new']) expect(text).toContain(`${word}0 ${word}1 ${word}2`);
    expect(text).not.toMatch(/<ins>|<del>/);
  });

  it('are in the language of the channel', async () => {
    const post = await made({ body: 'Zwei Schiffe.' }, { language: 'de-AT' });
    await revise(post, 'correction', { body: 'Drei Schiffe.' }, { note: 'Es sind drei.' });
    const { text } = await open(post.path);
    expect(text).toContain(`<h1>${wordsIn('de')?.earlierVersions}</h1>`);
    expect(comparedTextOf(text)).toMatch(/Korrektur, .*Es sind drei\. .*\[-Zwei-\]\{\+Drei\+\} Schiffe\./);
  });

  it('contain nothing that runs, whatever was written', async () => {
    const post = await made({ headline: 'Start', body: 'Start' }, { headline: attackCorrections[0]!.headline });
    for (const { note, ...changes } of attackCorrections) await revise(post, 'correction', changes, { note });
    const tags = new Set<string>();
    for (const text of await pagesOf(post)) {
      for (const [tag] of text.matchAll(/<[^/!][^>]*>/g)) tags.add(tag.replace(/="[^"]*"/g, '=').replace(/\s+$/, ''));
      for (const [, href = ''] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) expect(href).toMatch(/^(?:\/|data:,$)/);
    }
    expect([...tags].map((tag) => tag.slice(1).split(/[\s>]/)[0] ?? '').filter((name) => !known.has(name))).toEqual([]);
    expect([...tags].filter((tag) => /\son|style=|srcdoc/i.test(tag))).toEqual([]);
  });
});

describe('the earlier versions of a post that may not be read', () => {
  it('are 410 once the post is retracted, for editors too, and a problem document for programs', async () => {
    const post = await made({ body: 'A secret.' });
    await revise(post, 'update', { body: 'A secret told.' });
    await withdraw(post, 'retraction', { note: 'Not so.' });
    for (const headers of [{}, { authorization: `Bearer ${editor}` }]) {
      const { status, text } = await open(post.path, headers);
      expect(status).toBe(410);
      expect(text).toContain('Not so.');
      expect(text).not.toContain('secret');
    }
    const problem = await open(post.path, { accept: 'application/json' });
    expect(problem.body).toMatchObject({ status: 410, code: 'post-withdrawn' });
  });

  it('are 410 if the post is retracted while they are read', async () => {
    const post = await made({ body: 'Thirteen ships.' });
    await revise(post, 'update', { body: 'Three ships.' });
    const { engine } = server.server;
    afterRead(engine, 'revisions', async () => {
      await engine.post(post.id, post.postId);
      await withdraw(post, 'retraction', { note: 'Nobody counted.' });
    });
    const { status, text } = await open(post.path);
    expect(status).toBe(410);
    expect(text).not.toContain('hirteen');
  });

  it('are 410 once the post is taken down, also for a client with a cached page', async () => {
    const post = await made({ body: 'A secret.' });
    await revise(post, 'update', { body: 'A secret told.' });
    const before = await open(post.path);
    const etag = before.headers.get('etag') as string;
    expect(before.headers.get('cache-control')).toBe('no-cache');
    expect((await open(post.path, { 'if-none-match': etag })).status).toBe(304);
    await withdraw(post, 'takedown', {});
    for (const held of [etag, '*']) {
      const { status, text, headers } = await open(post.path, { 'if-none-match': held });
      expect([status, headers.get('etag'), headers.get('cache-control')]).toEqual([410, null, 'no-store']);
      expect(text).not.toContain('secret');
    }
  });

  it('are named without their text once erased, also for a client with a cached page', async () => {
    const post = await made({ body: 'A secret.' });
    await revise(post, 'correction', { body: 'A secret told.' }, { note: 'A secret note.' });
    const { headers } = await open(post.path);
    await revise(post, 'correction', { body: 'Nothing of it.' }, { note: 'It was wrong.', eraseEarlier: true });
    await revise(post, 'update', { body: 'Nothing of it at all.' });
    const page = await open(post.path, { 'if-none-match': headers.get('etag') as string });
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('secret');
    expect(comparedTextOf(page.text)).toMatch(
      /Nothing of it\{\+ at all\+\}\. .*The version before this one was erased.* Nothing of it\. .*Version 1 – Version 2 These versions were erased\./,
    );
    const one = await made({ body: 'A secret.' });
    await revise(one, 'correction', { body: 'Nothing.' }, { note: 'Wrong.', eraseEarlier: true });
    expect(comparedTextOf((await open(one.path)).text)).toContain('Version 1 This version was erased.');
  });

  it('are uncached and for members on a members channel, and missing on a desk channel', async () => {
    const members = await made({ body: 'A secret.' }, { access: 'members' });
    const desk = await made({ body: 'A secret.' }, { access: 'desk' });
    for (const post of [members, desk]) await revise(post, 'update', { body: 'A secret told.' });
    const notice = await open(members.path);
    expect([notice.status, notice.text.includes('This coverage is for members')]).toEqual([200, true]);
    expect(notice.text).not.toMatch(/secret|<ins>/);
    expect((await open(desk.path)).status).toBe(404);
    const session = await call(`${server.url}/v1/session`, { method: 'POST', token: await server.token({ reader: ['*'] }) });
    const cookie = (session.headers.get('set-cookie') as string).split(';')[0] as string;
    const page = await open(members.path, { cookie });
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    expect(comparedTextOf(page.text)).toContain('A secret{+ told+}.');
    expect((await open(desk.path, { cookie })).status).toBe(404);
  });
});

/** The allowed tags of the page. */
const known = new Set(
  'html head meta title link script body main header form input button bdi section div nav p h1 h2 h3 a span time ins del ul li'.split(
    ' ',
  ),
);

it('the earlier versions of a post are compared once for all readers until something changes, whichever revision they request', async () => {
  const post = await made({ body: 'One.' });
  await revise(post, 'update', { body: 'One. Two.' });
  const { engine } = server.server;
  const readAll = engine.revisions.bind(engine);
  let reads = 0;
  engine.revisions = (...asked) => {
    reads += 1;
    return readAll(...asked);
  };
  onTestFinished(() => {
    engine.revisions = readAll;
  });
  const first = await open(post.path);
  expect(comparedTextOf(first.text)).toMatch(/\{\+[^}]*Two/);
  const asked = reads;
  expect(asked).toBeGreaterThan(0);
  for (const query of ['', '?before=3', '?before=4', '?before=900719925474099'])
    expect((await open(post.path + query)).text).toBe(first.text);
  expect(reads).toBe(asked);
  await revise(post, 'update', { body: 'One. Two. Three.' });
  expect(comparedTextOf((await open(post.path)).text)).toMatch(/\{\+[^}]*Three/);
  await withdraw(post, 'takedown', {});
  expect((await open(post.path)).status).toBe(410);
});
