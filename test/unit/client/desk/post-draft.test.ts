import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completedAddress, nameOfLabel } from '../../../../client/browser/desk/composer/field-texts.ts';
import {
  draftOf,
  emptyDraft,
  hasContent,
  type LackReason,
  lacksOf,
  type PostDraft,
  toNewPost,
} from '../../../../client/browser/desk/composer/post-draft.ts';
import type { NewPost } from '../../../../client/lib/author-client.ts';
import { newPostId } from '../../../../client/lib/ids.ts';
import { lackingField } from '../../../../src/protocol/field-rules.ts';
import { newPostSchema } from '../../../../src/protocol/schemas.ts';
import { newPost } from '../../../support/samples/arbitraries.ts';

const id = '01930000-0000-7000-8000-000000000000';
const channelId = 'harbour-fire';
const origin = 'https://live.example.org';
const draft = (fields: Partial<PostDraft> = {}): PostDraft => ({ ...emptyDraft(id), ...fields });
const lacks = (fields: Partial<PostDraft>, html = '<p>Text</p>') =>
  lacksOf(toNewPost(draft(fields)), html, { channelId, origin }).map(({ path, why }) => `${path}: ${why}`);

describe('a draft of a post', () => {
  it('is sent with only the fields that its author filled', () => {
    expect(toNewPost(draft({ body: 'Rain.' }))).toEqual({ id, body: 'Rain.' });
    expect(
      toNewPost(
        draft({
          headline: '  Rain in the north ',
          kind: 'breaking',
          keyEvent: true,
          developing: true,
          verification: 'unverified',
          authors: [{ name: ' Ada ', role: '', url: '' }],
          sources: [
            { name: 'Reuters', via: ' dpa ' },
            { name: ' ', url: '' },
          ],
          media: [
            { type: 'image', url: ' https://example.com/a.jpg', alt: ' A street ', credit: '' },
            { type: 'link', url: '', title: '' },
          ],
        }),
      ),
    ).toEqual({
      id,
      headline: 'Rain in the north',
      kind: 'breaking',
      keyEvent: true,
      developing: true,
      verification: 'unverified',
      authors: [{ name: 'Ada' }],
      sources: [{ name: 'Reuters', via: 'dpa' }],
      media: [{ type: 'image', url: 'https://example.com/a.jpg', alt: 'A street' }],
    });
  });

  it('keeps the text of the body as it is', () => {
    const body = '  code\n\nAnd more.  \n';
    expect(toNewPost(draft({ body })).body).toBe(body);
  });

  it('is the same after it was taken back', () => {
    fc.assert(
      fc.property(newPost, (post) => {
        const sent = toNewPost(draftOf({ ...(post as NewPost), id }));
        expect(toNewPost(draftOf(sent))).toEqual(sent);
      }),
    );
  });

  it.each<[string, Partial<PostDraft>, boolean]>([
    ['nothing', {}, false],
    ['only spaces', { headline: ' ', body: '\n' }, false],
    ['only a byline, a kind and marks', { authors: [{ name: 'Ada' }], kind: 'breaking', keyEvent: true }, false],
    ['an empty row for a picture', { media: [{ type: 'image', url: '', alt: '' }] }, false],
    ['a headline', { headline: 'Rain' }, true],
    ['a text', { body: 'Rain' }, true],
    ['a description of a picture', { media: [{ type: 'image', url: '', alt: 'Rain' }] }, true],
    ['a source', { sources: [{ name: 'Reuters' }] }, true],
    ['a post that it restates', { derivedFrom: [id] }, true],
  ])('with %s has content: %#', (_name, fields, expected) => {
    expect(hasContent(draft(fields))).toBe(expected);
  });
});

describe('what a post lacks', () => {
  it.each<[Partial<PostDraft>, string, LackReason]>([
    [{ keyEvent: true }, 'headline', 'key-event-headline'],
    [{ headline: 'x'.repeat(301) }, 'headline', 'too-long'],
    [{ headline: '\u200b' }, 'headline', 'empty'],
    [{ body: 'a\u0007' }, 'body', 'strange-characters'],
    [{ media: [{ type: 'image', url: 'https://example.com/a.jpg', alt: ' ' }] }, 'media[0].alt', 'no-description'],
    [{ media: [{ type: 'image', url: 'http://example.com/a.jpg', alt: 'A street' }] }, 'media[0].url', 'no-https'],
    [{ media: [{ type: 'image', url: 'example.com/a.jpg', alt: 'A street' }] }, 'media[0].url', 'no-address'],
    [{ media: [{ type: 'image', url: 'https://a@example.com/', alt: 'A street' }] }, 'media[0].url', 'disguised-address'],
    [{ media: [{ type: 'link', url: 'https://example.com/', title: '' }] }, 'media[0].title', 'empty'],
    [
      { media: [{ type: 'link', url: 'https://example.com/', title: 'A', image: 'http://example.com/a.jpg' }] },
      'media[0].image',
      'no-https',
    ],
    [{ sources: [{ name: '', url: 'https://example.com/' }] }, 'sources[0].name', 'empty'],
    [{ sources: Array.from({ length: 11 }, () => ({ name: 'Reuters' })) }, 'sources', 'too-many'],
    [{ derivedFrom: ['no id'] }, 'derivedFrom[0]', 'no-post'],
  ])('%#: is told by its field', (fields, path, why) => {
    expect(lacks(fields)).toEqual([`${path}: ${why}`]);
  });

  it('is a text, if there is nothing to show', () => {
    expect(lacks({ body: '[a]: https://example.com' }, '')).toEqual(['body: nothing']);
    expect(lacks({ headline: 'Rain' }, '')).toEqual([]);
  });

  it('is nothing in a picture of this device, also for a link', () => {
    const link = { type: 'link', url: 'https://example.com/', title: 'A', image: 'device:one' } as const;
    expect(lacks({ media: [link, { type: 'image', url: 'device:two', alt: 'A street' }] })).toEqual([]);
  });

  it('is no https in the address of a picture on this server', () => {
    const post: NewPost = { media: [{ type: 'image', url: 'http://localhost:8080/a.jpg', alt: 'A street' }] };
    expect(lacksOf(post, '', { channelId, origin: 'http://localhost:8080' })).toEqual([]);
  });

  it('is no https in the address of an upload, which may name another host than that of the desk', () => {
    const url = 'http://127.0.0.1:4000/live/media/harbour-fire/AAAAAAAAAAAAAAAAAAAAAA/640.jpg';
    const post: NewPost = { media: [{ type: 'image', url, alt: 'A street' }] };
    expect(lacksOf(post, '', { channelId, origin: 'http://localhost:8080' })).toEqual([]);
    const elsewhere = lacksOf(post, '', { channelId: 'quay', origin: 'http://localhost:8080' });
    expect(elsewhere).toEqual([{ path: 'media[0].url', why: 'no-https' }]);
  });

  it('is nothing exactly where the server accepts the post', () => {
    const odd = fc.constantFrom(
      '',
      ' ',
      '\u200b',
      'a\nb',
      'a\u0007',
      '\ud800',
      'x'.repeat(301),
      'x'.repeat(2_049),
      'http://a',
      'https:/a',
      'ftp://a.b',
      'https://a\\b',
      'https://a b/',
    );
    const row = fc.record({ name: odd, via: odd, url: odd }, { requiredKeys: ['name'] });
    const image = fc.record(
      { type: fc.constant('image' as const), url: odd, alt: odd, caption: odd, credit: odd },
      { requiredKeys: ['type', 'url', 'alt'] },
    );
    const link = fc.record(
      { type: fc.constant('link' as const), url: odd, title: odd, source: odd, image: odd, description: odd },
      { requiredKeys: ['type', 'url', 'title'] },
    );
    const strange = fc.record(
      {
        headline: odd,
        body: odd,
        sources: fc.array(row, { maxLength: 11 }),
        media: fc.array(fc.oneof(image, link), { maxLength: 2 }),
        derivedFrom: fc.array(fc.constantFrom(id, newPostId(), 'x'), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(newPost, strange, fc.boolean(), (sound, fields, isSound) => {
        const post = { ...sound, ...(!isSound && fields), id } as NewPost;
        const found = lacksOf(post, '<p>Text</p>', { channelId, origin }).filter(
          ({ why }) => why !== 'no-description' && why !== 'no-https',
        );
        const isKeyEvent =
          lackingField({ keyEvent: false, headline: null, media: [], html: '<p>Text</p>', ...post } as never) !== undefined;
        expect(found.length === 0).toBe(newPostSchema.safeParse(post).success && !isKeyEvent);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a field of the form', () => {
  it('is named without its remark where a sentence says what is missing', () => {
    expect(nameOfLabel('Headline (optional)')).toBe('Headline');
    expect(nameOfLabel('العنوان (اختياري)')).toBe('العنوان');
    expect(nameOfLabel('Text')).toBe('Text');
  });

  it.each([
    ['example.org/exit', 'https://example.org/exit'],
    [' www.example.org ', 'https://www.example.org'],
    ['localhost.example.org:8080/a?b#c', 'https://localhost.example.org:8080/a?b#c'],
    ['https://example.org', 'https://example.org'],
    ['http://example.org', 'http://example.org'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['two words.example', 'two words.example'],
    ['media:0123', 'media:0123'],
    ['', ''],
  ])('completes the address %j to %j', (written, completed) => {
    expect(completedAddress(written)).toBe(completed);
  });
});
