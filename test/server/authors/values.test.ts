import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthorPost, Channel } from '../../../src/protocol/model.ts';
import { problemSchema } from '../../../src/protocol/schemas.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Invalid values in every field are refused with the documented status and code, a path and a sentence, and change nothing. */

let test: TestServer;
let token: string;
let channelUrl: string;
let post: AuthorPost;
let withdrawn: AuthorPost;

beforeAll(async () => {
  test = await startTestServer();
  token = await test.token({ editor: ['*'] }, { sub: 'ed', name: 'Edith Or' });
  const opened = await call(`${test.url}/v1/channels`, { method: 'POST', token, body: { id: 'moon', headline: 'To the Moon' } });
  expect(opened.status).toBe(201);
  channelUrl = `${test.url}/v1/channels/moon`;
  const publish = async () =>
    (
      (await call(`${channelUrl}/posts`, { method: 'POST', token, body: { headline: 'Lift-off', body: 'Away.' } })).body as {
        post: AuthorPost;
      }
    ).post;
  post = await publish();
  withdrawn = await publish();
  await call(`${channelUrl}/posts/${withdrawn.id}/retraction`, { method: 'POST', token, body: { note: 'No.' } });
});
afterAll(() => test[Symbol.asyncDispose]());

const head = async () => JSON.stringify(await test.server.engine.heads(['moon']));
const listed = async () => (await test.server.engine.channels({ limit: 100, desk: ['*'] }))?.channels.length;

async function send(method: string, url: string, body: unknown, headers: Record<string, string> = {}) {
  return await call(url, { method, token, body, headers });
}

/** Expects a refusal with path and reason, and no change. */
async function expectRefused(sent: () => ReturnType<typeof call>, path: string | RegExp, label: string): Promise<void> {
  const before = [await head(), await listed()];
  const answer = await sent();
  expect(answer.status, `${label} → ${answer.text}`).toBe(400);
  expect(answer.headers.get('content-type'), label).toBe('application/problem+json');
  const problem = problemSchema.parse(answer.body);
  expect(problem.code, label).toBe('invalid-body');
  const errors = problem.errors ?? [];
  expect(errors.length, label).toBeGreaterThan(0);
  const paths = errors.map((error) => error.path);
  if (typeof path === 'string') expect(paths, label).toContain(path);
  else
    expect(
      paths.some((found) => path.test(found)),
      `${label}: ${paths}`,
    ).toBe(true);
  for (const { message } of errors) expect(message, label).toMatch(/^\S.{4,}/);
  expect([await head(), await listed()], label).toEqual(before);
}

type Bad = [value: unknown, path?: string | RegExp];
const bell = 'a\u0007b';
const lone = 'a\ud800b';
const astral = (count: number) => '🌕'.repeat(count);

/** One invisible character of each kind. */
const invisible = '\u00ad\u061c\u115f\u180b\u200b\u202e\u2800\u3164\ufe0f\uffa0\ufff9\u{e0041}';

const notText: Bad[] = [[1], [true], [{}], [['a']]];
/** Invalid values of a line of text that must not be empty. */
const badWords = (most: number): Bad[] => [
  ...notText,
  [''],
  ['  '],
  [invisible],
  ['a\nb'],
  ['a\tb'],
  [bell],
  [lone],
  ['a\u2028b'],
  ['a\u0085b'],
  [astral(most + 1)],
];
const badText = (most: number): Bad[] => [...notText, [bell], [lone], ['\u0000'], [astral(most + 1)]];
const badUrl = (...more: string[]): Bad[] => [
  ...notText,
  ...[
    '',
    'a',
    '/a',
    '//a.example',
    'javascript:alert(1)',
    'data:text/html,a',
    'ftp://a.example',
    'https://',
    'https:a',
    'https://a b.example',
    ' https://a.example',
    'https://a.example/\n',
    `https://a.example/${lone}`,
    `https://a.example/${'x'.repeat(2_048)}`,
    ...more,
  ].map((value): Bad => [value]),
];
const badFlag: Bad[] = [['true'], [1], [null], [{}], [[]]];
const badEnum: Bad[] = [[''], ['Update'], ['no such'], [1], [{}], [['update']], [true]];
const badPixels: Bad[] = [[0], [-1], [1.5], ['100'], [null], [1e9], [{}]];
const inside = (field: string, key: string, values: Bad[], base: object): Bad[] =>
  values.map(([value]): Bad => [[{ ...base, [key]: value }], `${field}[0].${key}`]);

const badPersons = (field: string, most: number): Bad[] => [
  [null],
  ['Ada'],
  [{}],
  [1],
  [['Ada'], `${field}[0]`],
  [[null], `${field}[0]`],
  [[{}], `${field}[0].name`],
  [Array(most + 1).fill({ name: 'Ada' })],
  [[{ name: 'Ada', age: 1 }], `${field}[0].age`],
  ...inside(field, 'name', [...badWords(300), [null]], {}),
  ...inside(field, 'role', [...badWords(300), [null]], { name: 'Ada' }),
  ...inside(field, 'url', [...badUrl('mailto:a@a.example'), [null]], { name: 'Ada' }),
];

const picture = { url: 'https://a.example/p.png', alt: 'A' };
const image = { type: 'image', ...picture };
const video = { type: 'video', url: 'https://a.example/v.mp4' };
const link = { type: 'link', url: 'https://a.example/a', title: 'A' };
const embed = { provider: 'youtube', id: 'dQw4w9WgXcQ' };
const audio = { url: 'https://a.example/a.m4a', mimeType: 'audio/mp4' };
const inLink = (field: string, value: object, key: string, values: Bad[]): Bad[] =>
  values.map(([bad]): Bad => [[{ ...link, [field]: { ...value, [key]: bad } }], `media[0].${field}.${key}`]);
const onlyHttps: Bad[] = [...badUrl('http://a.example'), [null]];
const badMedia: Bad[] = [
  [null],
  ['a'],
  [{}],
  [[null], 'media[0]'],
  [['a'], 'media[0]'],
  [Array(21).fill(image)],
  [[{}], 'media[0].type'],
  [[{ ...image, type: 'audio' }], 'media[0].type'],
  [[{ ...image, type: null }], 'media[0].type'],
  [[{ ...image, onclick: 'x' }], 'media[0].onclick'],
  [[{ ...link, alt: 'x' }], 'media[0].alt'],
  [[{ type: 'image', url: image.url }], 'media[0].alt'],
  [[{ type: 'image', alt: 'A' }], 'media[0].url'],
  [[{ type: 'link', url: link.url }], 'media[0].title'],
  [[{ type: 'video' }], 'media[0].url'],
  [[image, { ...video, url: 'a' }], 'media[1].url'],
  ...[image, video, link].flatMap((base) => inside('media', 'url', onlyHttps, base)),
  ...inside('media', 'alt', [...notText, [null], [bell], [lone], ['a\nb'], [astral(1_001)]], image),
  ...inside('media', 'caption', [...badText(1_000), [null]], image),
  ...inside('media', 'credit', [...badWords(300), [null]], image),
  ...inside('media', 'width', badPixels, image),
  ...inside('media', 'height', badPixels, video),
  ...inside('media', 'mimeType', [...notText, [null], [''], ['mp4'], ['video/mp4; a'], [lone]], video),
  ...inside('media', 'poster', onlyHttps, video),
  ...inside('media', 'captions', onlyHttps, video),
  ...inside('media', 'title', [...badWords(300), [null]], link),
  ...inside('media', 'source', [...badWords(300), [null]], link),
  ...inside('media', 'image', onlyHttps, link),
  ...inside('media', 'description', [...notText, [null], [bell], [astral(301)]], link),
  ...inside('media', 'embed', [[null], ['youtube'], [[]]], link),
  ...inside('media', 'audio', [[null], [audio.url], [[]]], link),
  ...inLink('embed', embed, 'provider', [...badEnum, [null], ['constructor'], ['mastodon '], ['peertube']]),
  ...inLink('embed', embed, 'id', [
    ...notText,
    [null],
    [''],
    ['dQw4w9WgXc'],
    ['../../../a/'],
    ['videoseries'],
    ['a'.repeat(2_000)],
  ]),
  ...inLink('embed', embed, 'url', [['https://a.example/']]),
  ...inLink('audio', audio, 'url', onlyHttps),
  ...inLink('audio', audio, 'mimeType', [...notText, [null], [''], ['audio'], ['video/mp4'], ['text/html'], [lone]]),
  [[{ ...link, embed: { provider: 'mastodon', id: '127.0.0.1/@ada/1' } }], 'media[0].embed.id'],
  [[{ ...link, embed: { provider: 'mastodon', id: 'www.google.com/@ada/1' } }], 'media[0].embed.id'],
  [[{ ...link, embed: {} }], 'media[0].embed.provider'],
  [[{ ...link, audio: { url: audio.url } }], 'media[0].audio.mimeType'],
  [[{ ...link, embed, audio }], 'media[0].audio'],
  [[{ ...image, embed }], 'media[0].embed'],
  [[{ ...video, audio }], 'media[0].audio'],
];

const someId = '01890a5d-ac96-774b-bcce-b302099a8057';
const badId: Bad[] = [...notText, [''], ['7'], [someId.toUpperCase()], [someId.replace('-7', '-4')], [`${someId} `], [lone]];

const postFields: Record<string, Bad[]> = {
  kind: [...badEnum, [null]],
  keyEvent: badFlag,
  headline: badWords(300),
  body: [
    ...badText(50_000),
    [null],
    ['> '.repeat(60)],
    [`[a]: https://a.example/${'x'.repeat(2_000)}\n\n${'[a]'.repeat(15_000)}`],
  ],
  media: badMedia,
  authors: [...badPersons('authors', 10), [[]]],
  sources: [
    ...badPersons('sources', 10).filter(([value]) => !JSON.stringify(value).includes('role')),
    ...inside('sources', 'via', [...badWords(300), [null]], { name: 'Radio' }),
  ],
  verification: badEnum,
  developing: badFlag,
  derivedFrom: [
    [null],
    ['a'],
    [{}],
    [Array.from({ length: 51 }, (_, i) => someId.slice(0, -2) + String(10 + i))],
    [[someId, someId]],
    ...badId.map(([value]): Bad => [[value], 'derivedFrom[0]']),
    [[someId], 'derivedFrom[0]'],
  ],
};

const inPicture = (name: string, values: Bad[]): Bad[] =>
  values.map(([value]): Bad => [{ ...picture, [name]: value }, `picture.${name}`]);
const badPicture: Bad[] = [
  ['a'],
  [[]],
  [{ url: picture.url }, 'picture.alt'],
  [{ alt: 'A' }, 'picture.url'],
  [image, 'picture.type'],
  ...inPicture('url', onlyHttps),
  ...inPicture('alt', [...notText, [null], [bell], [lone], ['a\nb'], [astral(1_001)]]),
  ...inPicture('caption', [...badText(1_000), [null]]),
  ...inPicture('credit', [...badWords(300), [null]]),
  ...inPicture('width', badPixels),
  ...inPicture('height', badPixels),
];

const channelFields: Record<string, Bad[]> = {
  headline: [...badWords(300), [null]],
  standfirst: badText(1_000),
  section: badWords(80),
  byline: badPersons('byline', 20),
  picture: badPicture,
  language: [...notText, [null], [''], ['english please'], ['e'], [bell], ['en_US'], ['a'.repeat(301)]],
  timezone: [...notText, [null], [''], ['Mars/Olympus'], ['+02:00'], [bell], ['a'.repeat(301)]],
  access: [...badEnum, [null]],
  url: badUrl('http://a.example'),
  startsAt: [
    ...notText,
    ...['', 'tomorrow', '2026-11-24', '2026-13-24T12:00:00Z', '2026-11-24T12:00:00'].map((time): Bad => [time]),
    // The years 10000 and -1 in UTC.
    ...['9999-12-31T23:59:59-14:00', '0000-01-01T00:00:00+14:00'].map((time): Bad => [time]),
    [0],
  ],
};

describe('invalid values are refused with path and reason', () => {
  it.each(Object.keys(postFields))('in a new post: %s', async (field) => {
    for (const [value, path] of postFields[field] as Bad[]) {
      const body = { headline: 'A', [field]: value };
      await expectRefused(() => send('POST', `${channelUrl}/posts`, body), path ?? field, `${field}: ${label(value)}`);
    }
    for (const [value] of badId)
      await expectRefused(() => send('POST', `${channelUrl}/posts`, { headline: 'A', id: value }), 'id', label(value));
  });

  it('in media over plain HTTP, unless the server itself hosts them', async () => {
    const own = `${test.url}/assets/a.svg`;
    const elsewhere = `${test.url.replace('127.0.0.1', '127.0.0.2')}/assets/a.svg`;
    const media = (url: string) => [
      { type: 'image', url, alt: '' },
      { type: 'video', url, poster: url, captions: url },
      { type: 'link', url, title: 'A', image: url, audio: { url, mimeType: 'audio/mp4' } },
    ];
    const taken = await send('POST', `${channelUrl}/posts`, { media: media(own) });
    expect(taken.status).toBe(201);
    const { id } = (taken.body as { post: AuthorPost }).post;
    const places = [
      ...['media[0].url', 'media[1].url', 'media[1].poster', 'media[1].captions'],
      ...['media[2].url', 'media[2].image', 'media[2].audio.url'],
    ];
    for (const path of places) {
      await expectRefused(() => send('POST', `${channelUrl}/posts`, { media: media(elsewhere) }), path, path);
      const revise = () =>
        send(
          'POST',
          `${channelUrl}/posts/${id}/revisions`,
          { kind: 'update', changes: { media: media(elsewhere) } },
          { 'if-match': '*' },
        );
      await expectRefused(revise, `changes.${path}`, path);
    }
  });

  it('in the picture of a channel over plain HTTP, unless the server itself hosts it', async () => {
    const own = `${test.url}/assets/a.svg`;
    const elsewhere = `${test.url.replace('127.0.0.1', '127.0.0.2')}/assets/a.svg`;
    const create = (url: string) => send('POST', `${test.url}/v1/channels`, { headline: 'A', picture: { url, alt: '' } });
    const created = await create(own);
    expect(created.status).toBe(201);
    await expectRefused(() => create(elsewhere), 'picture.url', 'create');
    const { id } = (created.body as { channel: Channel }).channel;
    const patch = () =>
      send('PATCH', `${test.url}/v1/channels/${id}`, { picture: { url: elsewhere, alt: '' } }, { 'if-match': '*' });
    await expectRefused(patch, 'picture.url', 'patch');
  });

  it.each(Object.keys(postFields))('in a revision: %s', async (field) => {
    const url = `${channelUrl}/posts/${post.id}/revisions`;
    for (const [value, path] of postFields[field] as Bad[]) {
      const body = { kind: 'update', changes: { [field]: value } };
      await expectRefused(
        () => send('POST', url, body, { 'if-match': '*' }),
        `changes.${path ?? field}`,
        `${field}: ${label(value)}`,
      );
    }
  });

  it('in the fields of a revision besides its changes', async () => {
    const url = `${channelUrl}/posts/${post.id}/revisions`;
    const revise = (body: unknown) => () => send('POST', url, body, { 'if-match': '*' });
    const changes = { headline: 'B' };
    for (const [value] of [...badEnum, [null], ['retraction'], ['takedown'], [undefined]])
      await expectRefused(revise({ kind: value, changes }), 'kind', label(value));
    for (const [value] of [...badText(1_000), [''], [' \n'], [invisible]])
      await expectRefused(revise({ kind: 'update', note: value, changes }), 'note', label(value));
    for (const kind of ['clarification', 'correction']) await expectRefused(revise({ kind, changes }), 'note', kind);
    for (const value of [undefined, null, 'a', [], 1])
      await expectRefused(revise({ kind: 'update', changes: value }), 'changes', label(value));
    for (const [value] of badFlag)
      await expectRefused(revise({ kind: 'update', changes, eraseEarlier: value }), 'eraseEarlier', label(value));
    for (const field of ['id', 'status', 'revision', 'publishedAt', 'html', 'seq', 'publishedBy', 'history', '__proto__x'])
      await expectRefused(revise({ kind: 'update', changes: { ...changes, [field]: 'x' } }), `changes.${field}`, field);
    await expectRefused(revise({ kind: 'update', changes, by: 'x' }), 'by', 'by');
    await expectRefused(revise({ kind: 'refile', changes: {} }), 'changes', 'nothing');
    await expectRefused(revise({ kind: 'refile', changes: { headline: post.headline } }), 'changes', 'the same');
    await expectRefused(revise({ kind: 'update', changes: { headline: null, body: '' } }), 'changes.body', 'emptied');
    await expectRefused(
      revise({ kind: 'update', changes: { headline: null, body: `- ${invisible}` } }),
      'changes.body',
      'unseen',
    );
    await expectRefused(revise({ kind: 'update', changes: { headline: null, keyEvent: true } }), 'changes.headline', 'key event');
    await expectRefused(revise({ kind: 'update', changes: { derivedFrom: [post.id] } }), 'changes.derivedFrom[0]', 'itself');
    await expectRefused(
      revise({ kind: 'update', changes: { derivedFrom: [withdrawn.id] } }),
      'changes.derivedFrom[0]',
      'withdrawn',
    );
  });

  it('in a withdrawal', async () => {
    for (const [value] of [...badText(1_000), [''], [invisible], [null], [undefined]])
      await expectRefused(() => send('POST', `${channelUrl}/posts/${post.id}/retraction`, { note: value }), 'note', label(value));
    for (const [value] of [...badText(1_000), [''], [invisible]])
      await expectRefused(() => send('POST', `${channelUrl}/posts/${post.id}/takedown`, { note: value }), 'note', label(value));
    for (const what of ['retraction', 'takedown']) {
      await expectRefused(() => send('POST', `${channelUrl}/posts/${post.id}/${what}`, { note: 'n', kind: 'x' }), 'kind', what);
      await expectRefused(
        () => send('POST', `${channelUrl}/posts/${post.id}/${what}`, { note: 'n' }, { 'if-match': 'x' }),
        'If-Match',
        what,
      );
    }
  });

  it.each(Object.keys(channelFields))('in a new channel and in a change of one: %s', async (field) => {
    for (const [value, path] of channelFields[field] as Bad[]) {
      await expectRefused(
        () => send('POST', `${test.url}/v1/channels`, { headline: 'A', [field]: value }),
        path ?? field,
        `${field}: ${label(value)}`,
      );
      const body = { change: { kind: 'update' }, [field]: value };
      await expectRefused(() => send('PATCH', channelUrl, body, { 'if-match': '*' }), path ?? field, `${field}: ${label(value)}`);
    }
  });

  it('in fields that only a new channel or only a change of one has', async () => {
    const open = (body: unknown) => () => send('POST', `${test.url}/v1/channels`, body);
    const patch = (body: unknown) => () => send('PATCH', channelUrl, body, { 'if-match': '*' });
    await expectRefused(open({}), 'headline', 'no headline');
    for (const id of ['', 'A', '-a', 'a-', 'a_b', 'a.b', 'ä', 'a'.repeat(97), 'a/b', '..', 1, null, {}])
      await expectRefused(open({ id, headline: 'A' }), 'id', label(id));
    for (const state of ['ended', 'paused', '', 1, null])
      await expectRefused(open({ headline: 'A', state }), 'state', label(state));
    for (const field of ['pinnedPostId', 'change', 'revision', 'createdAt', 'history'])
      await expectRefused(open({ headline: 'A', [field]: null }), field, field);

    for (const state of ['scheduled', 'paused', '', 1, null]) await expectRefused(patch({ state }), 'state', label(state));
    for (const [value] of badId) await expectRefused(patch({ pinnedPostId: value }), 'pinnedPostId', label(value));
    for (const id of [someId, withdrawn.id]) await expectRefused(patch({ pinnedPostId: id }), 'pinnedPostId', id);
    await expectRefused(patch({ headline: 'B' }), 'change', 'no kind');
    await expectRefused(patch({ standfirst: 'B' }), 'change', 'no kind');
    await expectRefused(patch({ section: 'B', change: { kind: 'update' } }), 'change', 'kind of nothing');
    for (const value of [
      null,
      'update',
      {},
      { kind: 'x' },
      { kind: 'retraction' },
      { kind: 'update', by: 'x' },
      { kind: 'correction' },
      { kind: 'correction', note: '' },
    ])
      await expectRefused(patch({ headline: 'B', change: value }), /^change/, label(value));
    for (const field of ['id', 'revision', 'createdAt', 'endedAt', 'history', 'unknown'])
      await expectRefused(patch({ [field]: 'x' }), field, field);
  });

  it('in an empty post', async () => {
    for (const body of [
      {},
      { body: '' },
      { body: ' \n ' },
      { headline: null },
      { media: [] },
      { body: '[a]: https://a.example' },
      { kind: 'summary', developing: true },
    ])
      await expectRefused(() => send('POST', `${channelUrl}/posts`, body), 'body', label(body));
    await expectRefused(() => send('POST', `${channelUrl}/posts`, { body: 'A', keyEvent: true }), 'headline', 'key event');
    await expectRefused(
      () => send('POST', `${channelUrl}/posts`, { headline: 'A', derivedFrom: [post.id, withdrawn.id] }),
      'derivedFrom[1]',
      'withdrawn',
    );
  });
});

function label(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 80);
}
