import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { formatCursor, parseCursor } from '../../../src/protocol/cursor.ts';
import { parse, placeOf } from '../../../src/protocol/parse.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import * as schemas from '../../../src/protocol/schemas.ts';
import { candidates } from '../../../src/protocol/slug.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

const fits = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;
const text = (length: number) => 'x'.repeat(length);
const list = <T>(length: number, item: (nth: number) => T) => Array.from({ length }, (_, nth) => item(nth));
const postId = (nth: number) => `01890a5d-ac96-774b-bcce-${nth.toString(16).padStart(12, '0')}`;
const url = (length: number) => `https://example.org/${text(length - 20)}`;
const image = { type: 'image', url: 'https://example.org/', alt: '' };
const person = { name: 'Ida Tarbell' };
const claims = { sub: 'ida', jti: 't1', iat: 0, exp: 1 };

type Name = keyof typeof limits;
const post = (fields: object) => [schemas.newPostSchema, fields] as const;
const channel = (fields: object) => [schemas.newChannelSchema, { headline: 'A', ...fields }] as const;
/** What has a field of this length or count, or of this value. */
const fields: [Name, string, (most: number) => readonly [z.ZodType, unknown]][] = [
  ['headlineCharacters', 'the headline of a post', (most) => post({ headline: text(most) })],
  ['headlineCharacters', 'the headline of a channel', (most) => channel({ headline: text(most) })],
  ['standfirstCharacters', 'a standfirst', (most) => channel({ standfirst: text(most) })],
  ['sectionCharacters', 'a section', (most) => channel({ section: text(most) })],
  ['bodyCharacters', 'a body', (most) => post({ body: text(most) })],
  ['noteCharacters', 'a note', (most) => [schemas.retractionSchema, { note: text(most) }]],
  ['altCharacters', 'a description', (most) => post({ media: [{ ...image, alt: text(most) }] })],
  ['captionCharacters', 'the caption of a picture', (most) => post({ media: [{ ...image, caption: text(most) }] })],
  [
    'captionCharacters',
    'the caption of a video',
    (most) => post({ media: [{ type: 'video', url: url(30), caption: text(most) }] }),
  ],
  ['textCharacters', 'the name of an author', (most) => post({ authors: [{ name: text(most) }] })],
  ['textCharacters', 'the name of a source', (most) => post({ sources: [{ name: text(most) }] })],
  ['textCharacters', 'the title of a link', (most) => post({ media: [{ type: 'link', url: url(30), title: text(most) }] })],
  ['textCharacters', 'the id of a token', (most) => [schemas.claimsSchema, { ...claims, jti: text(most) }]],
  ['textCharacters', 'the subject of a token', (most) => [schemas.claimsSchema, { ...claims, sub: text(most) }]],
  ['urlCharacters', 'the URL of a picture', (most) => post({ media: [{ ...image, url: url(most) }] })],
  ['urlCharacters', 'the URL of a channel', (most) => channel({ url: url(most) })],
  ['channelByline', 'the byline of a channel', (most) => channel({ byline: list(most, () => person) })],
  ['postAuthors', 'the authors of a post', (most) => post({ authors: list(most, () => person) })],
  ['postSources', 'the sources of a post', (most) => post({ sources: list(most, () => person) })],
  ['postMedia', 'the media of a post', (most) => post({ media: list(most, () => image) })],
  ['postDerivedFrom', 'the posts that a post restates', (most) => post({ derivedFrom: list(most, postId) })],
  ['mediaPixels', 'the width of a picture', (most) => post({ media: [{ ...image, width: most }] })],
  ['mediaPixels', 'the height of a picture', (most) => post({ media: [{ ...image, height: most }] })],
  [
    'mediaRenditions',
    'the renditions of a picture',
    (most) => post({ media: [{ ...image, renditions: list(most, () => ({ url: url(30), width: 1, mimeType: 'image/webp' })) }] }),
  ],
  ['channelIdCharacters', 'the id of a channel', (most) => channel({ id: text(most) })],
  ['idempotencyKeyCharacters', 'an idempotency key', (most) => [schemas.idempotencyKeySchema, text(most)]],
  [
    'historyChanges',
    'the notes to erase',
    (most) => [schemas.revisionSchema, { kind: 'update', changes: {}, eraseNotes: list(most, (nth) => nth + 1) }],
  ],
  [
    'grantedChannels',
    'the channels that a token grants',
    (most) => [schemas.claimsSchema, { ...claims, pressbox: { author: list(most, (nth) => `c${nth}`) } }],
  ],
  [
    'embedIdCharacters',
    'the id of a post of another site',
    (most) =>
      post({
        media: [{ type: 'link', url: url(30), title: 'A', embed: { provider: 'google-maps', id: `!1m${text(most - 3)}` } }],
      }),
  ],
  ['pageMost', 'the posts of a page', (most) => [schemas.snapshotQuerySchema, { limit: `${most}` }]],
  ['pageMost', 'the posts of a feed', (most) => [schemas.feedQuerySchema, { limit: `${most}` }]],
  ['pageMost', 'the posts of a subscription', (most) => [schemas.subscribeSchema, { channelId: 'moon', limit: most }]],
  ['catchUpMost', 'the events of a response', (most) => [schemas.eventsQuerySchema, { limit: `${most}` }]],
  ['waitSeconds', 'the wait of a poll', (most) => [schemas.eventsQuerySchema, { wait: `${most}` }]],
];

describe('what is sent', () => {
  it.each(fields)('may reach %s, and not exceed it: %s', (name, _what, sent) => {
    const accepted = [-1, 0, 1].map((more) => fits(...sent(limits[name] + more)));
    expect(accepted).toEqual([true, true, false]);
  });
});

describe('what is left out', () => {
  it.each([
    ['pageDefault', 'of a page', schemas.postsQuerySchema],
    ['pageDefault', 'of a snapshot', schemas.snapshotQuerySchema],
    ['feedPageDefault', 'of a feed', schemas.feedQuerySchema],
    ['feedPageDefault', 'of a feed of corrections', schemas.correctionsFeedQuerySchema],
    ['catchUpDefault', 'of a catch-up', schemas.eventsQuerySchema],
  ] as const)('is %s for the limit %s', (name, _what, schema) => {
    expect(schema.parse({})).toMatchObject({ limit: limits[name] });
  });
});

describe('a cursor', () => {
  it('is at its longest not half as long as cursorCharacters', () => {
    const last = { epoch: 'f'.repeat(12), offset: Number.MAX_SAFE_INTEGER, check: 'f'.repeat(16) };
    const longest = formatCursor(last);
    expect(parseCursor(longest)).toEqual(last);
    expect(longest.length).toBeLessThan(limits.cursorCharacters / 2);
  });
});

describe('the candidates for the id of a channel', () => {
  it('have at most channelIdCharacters, also with a number at their end', () => {
    const ids = candidates(text(limits.channelIdCharacters), 12);
    expect(ids.map(({ length }) => length)).toEqual(ids.map(() => limits.channelIdCharacters));
    expect(new Set(ids).size).toBe(12);
  });
});

describe('a refusal', () => {
  const errorsOf = (schema: z.ZodType, value: unknown) => {
    try {
      parse(schema, value);
    } catch (error) {
      if (error instanceof Refusal) return error.problem.errors ?? [];
      throw error;
    }
    return [];
  };

  it('names problemErrors errors at most: unknown fields, or values that do not fit', () => {
    const most = limits.problemErrors;
    const unknown = (count: number) => Object.fromEntries(list(count, (nth) => [`field${nth}`, 1]));
    const counts = [most - 1, most, most + 1].map((count) => [
      errorsOf(schemas.newPostSchema, unknown(count)).length,
      errorsOf(z.array(z.number()), list(count, text)).length,
      errorsOf(schemas.newPostSchema, { ...unknown(count - 1), headline: 1 }).length,
    ]);
    expect(counts).toEqual([most - 1, most, most].map((count) => [count, count, count]));
  });

  it('names a field in full up to placeNameCharacters, and cuts a longer name to that', () => {
    const name = text(limits.placeNameCharacters);
    expect(placeOf(['media', 2, name])).toBe(`media[2].${name}`);
    expect(placeOf([`${name}x`])).toBe(`${name.slice(1)}…`);
  });

  it('names placeDepth steps of a path', () => {
    const path = list(limits.placeDepth, (nth) => `a${nth}`);
    expect(placeOf(path)).toBe(path.join('.'));
    expect(placeOf([...path, 'more'])).toBe(path.join('.'));
  });
});
