import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/protocol/problems.ts';
import * as schemas from '../../../src/protocol/schemas.ts';

/** The error messages for developers of an editor. */
function errorsOf(schema: Parameters<typeof schemas.parse>[0], value: unknown) {
  try {
    schemas.parse(schema, value);
  } catch (error) {
    if (error instanceof Refusal) return error.problem.errors;
    throw error;
  }
  throw new Error('It was taken.');
}

const { newPostSchema, newChannelSchema, revisionSchema, retractionSchema, postsQuerySchema, channelsQuerySchema } = schemas;
const image = { type: 'image', url: 'https://news.example/a.jpg', alt: '' };

describe('an error names the path and the expected value', () => {
  it.each([
    ['a field left out', retractionSchema, {}, 'note', 'Is required.'],
    ['a kind left out', revisionSchema, { changes: {} }, 'kind', 'Is required.'],
    ['an object left out', revisionSchema, { kind: 'update' }, 'changes', 'Is required.'],
    ['a field left out in a list', newPostSchema, { authors: [{}] }, 'authors[0].name', 'Is required.'],
    ['a number for text', newPostSchema, { body: 1 }, 'body', 'Must be text.'],
    ['null for text', retractionSchema, { note: null }, 'note', 'Must be text.'],
    ['text for a switch', newPostSchema, { keyEvent: 'yes' }, 'keyEvent', 'Must be true or false.'],
    ['an object for a list', newPostSchema, { media: {} }, 'media', 'Must be a list.'],
    ['a list for an object', newPostSchema, { authors: [[]] }, 'authors[0]', 'Must be an object.'],
    ['text for a number', newPostSchema, { media: [{ ...image, width: '1' }] }, 'media[0].width', 'Must be a number.'],
    ['a part of a number', newPostSchema, { media: [{ ...image, width: 1.5 }] }, 'media[0].width', 'Must be a whole number.'],
    ['an unknown kind', newPostSchema, { kind: 'x' }, 'kind', 'Must be one of update, breaking, summary, analysis.'],
    [
      'a state that a new channel cannot have',
      newChannelSchema,
      { headline: 'A', state: 'ended' },
      'state',
      'Must be one of scheduled, live.',
    ],
    ['an unknown medium', newPostSchema, { media: [{ type: 'x' }] }, 'media[0].type', 'Must be one of image, video, link.'],
    ['too many', newPostSchema, { media: Array.from({ length: 21 }, () => image) }, 'media', 'Must have at most 20 entries.'],
    ['too few', newPostSchema, { authors: [] }, 'authors', 'Must have at least 1 entry.'],
    ['too much', newPostSchema, { media: [{ ...image, width: 100_001 }] }, 'media[0].width', 'Must be at most 100,000.'],
    ['too little', newPostSchema, { media: [{ ...image, height: 0 }] }, 'media[0].height', 'Must be at least 1.'],
    ['a long text', newPostSchema, { headline: 'x'.repeat(301) }, 'headline', 'Must have at most 300 characters.'],
    ['a parameter twice', postsQuerySchema, { source: ['a', 'b'] }, 'source', 'Must be text.'],
    ['a state of channels', channelsQuerySchema, { state: 'over' }, 'state', 'Must be one of scheduled, live, ended.'],
  ])('%s', (_what, schema, value, path, message) => {
    expect(errorsOf(schema, value)).toEqual([{ path, message }]);
  });

  it('for each unknown field', () => {
    expect(errorsOf(newPostSchema, { headline: 'A', colour: 1, shape: 2, authors: [{ name: 'A', age: 3 }] })).toEqual([
      { path: 'authors[0].age', message: 'Is not a known field.' },
      { path: 'colour', message: 'Is not a known field.' },
      { path: 'shape', message: 'Is not a known field.' },
    ]);
    expect(errorsOf(revisionSchema, { kind: 'update', changes: { id: 'x' } })).toEqual([
      { path: 'changes.id', message: 'Is not a known field.' },
    ]);
  });

  it('for at most twenty values, and with long names cut off', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}${'x'.repeat(10_000)}`, 1]));
    const errors = errorsOf(newPostSchema, many) ?? [];
    expect(errors).toHaveLength(20);
    for (const { path } of errors) expect([path.length, path]).toEqual([60, expect.stringMatching(/x…$/)]);
  });

  it('without a message of the schema library, for any input', () => {
    const values = [undefined, null, 1, 'x', true, [], {}, [null], { type: 'image' }, { type: 'video', mimeType: '' }];
    const fields = ['kind', 'body', 'media', 'authors', 'sources', 'derivedFrom', 'verification', 'developing', 'id', 'headline'];
    for (const value of values) {
      for (const sent of [value, ...fields.flatMap((field) => [{ [field]: value }, { [field]: [value] }])]) {
        const result = schemas.newPostSchema.safeParse(sent);
        if (result.success) continue;
        for (const { message } of errorsOf(newPostSchema, sent) ?? []) {
          expect(message).toMatch(/^(Must |Is |Does not have the form)[^:<>]*\.$/);
          expect(message).not.toMatch(/Invalid|expected (string|array)|undefined|null/);
        }
      }
    }
  });
});

describe('a media type', () => {
  const taken = (mimeType: string) =>
    newPostSchema.safeParse({ media: [{ type: 'video', url: 'https://a.example/v', mimeType }] }).success;

  it.each([
    'video/mp4',
    'video/mp4; codecs="avc1"',
    'video/mp4;codecs="avc1.64001E, mp4a.40.2"',
    'video/mp4 ; codecs=avc1 ; profiles="a\\"b"',
    'application/vnd.apple.mpegurl',
    'video/x-matroska;q=1',
  ])('may have parameters: %s', (type) => {
    expect(taken(type)).toBe(true);
  });

  it.each([
    'video',
    'video/',
    '/mp4',
    'video/mp4;',
    'video/mp4; codecs',
    'video/mp4; codecs=',
    'video/mp4; codecs="avc1',
    'video/mp4; codecs=a b',
    'video/mp4; codecs ="a"',
    'video/mp4, video/webm',
    'video/mp4\n; a=b',
    'video/mp4; a="é"',
    `video/mp4; a="${'x'.repeat(300)}"`,
    ' video/mp4',
  ])('must be one: %j', (type) => {
    expect(taken(type)).toBe(false);
  });

  it('is checked quickly, even if it is built to be slow', () => {
    expect(taken(`a/b${'; \t'.repeat(90)}`)).toBe(false);
    expect(taken(`a/b;a="${'\\'.repeat(280)}`)).toBe(false);
  });
});

it('accepts both limits of a page of posts', () => {
  expect(schemas.parse(postsQuerySchema, { before: '9', after: '2' })).toEqual({ before: 9, after: 2, limit: 20 });
});
