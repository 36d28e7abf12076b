import fc from 'fast-check';
import {
  accesses,
  type Media,
  type Person,
  type Picture,
  type PostFields,
  postKinds,
  revisionKinds,
  type Source,
  verifications,
} from '../../../src/protocol/model.ts';
import type { NewChannel, NewPost, Revision } from '../../../src/protocol/schemas.ts';
import { isVisible } from '../../../src/protocol/visible-text.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

/**
 * fast-check arbitraries of requests by authors. Every value is valid by the schemas and, as far as one request can be, by the
 * rules: a new post has content, a correction has its note. Sizes are small, because other tests cover large values.
 */

const controls = /[\p{Cc}\u2028\u2029]/u;

/**
 * Whole characters: letters, punctuation of html and markdown, emoji, right-to-left and combining characters, but no control
 * characters.
 */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcdefghij KLMNO 0123456789 .,;:!?-') },
  { weight: 2, arbitrary: fc.constantFrom(...'<>&"\'`*_~[](){}|\\/#+=@') },
  { weight: 1, arbitrary: fc.constantFrom('é', 'ß', '漢', 'א', 'ع', '\u0301', '\u200f', '👩\u200d🚀', '🌕', '\u00a0') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((text) => !controls.test(text)) },
);

/** One line that is not blank, of at most `most` characters. */
function line(most: number = 40): fc.Arbitrary<string> {
  return fc
    .string({ unit: character, minLength: 1, maxLength: Math.min(most, 60) })
    .map((text) => [...text].slice(0, most).join(''))
    .filter(isVisible);
}

/** Markdown syntax, combined at random: this finds more than random characters do. */
const markdownPiece = fc.constantFrom(
  ...[
    '*',
    '**',
    '_',
    '~~',
    '`',
    '```\n',
    '[',
    ']',
    '(',
    ')',
    '![',
    '](',
    '<',
    '>',
    '> ',
    '# ',
    '- ',
    '1. ',
    '    ',
    '\n',
    '\n\n',
    '  \n',
    '\\',
    '&',
    '&lt;',
  ],
  ...[
    '| a | b |\n|---|:-:|\n| c | d |\n',
    '[a]: https://example.com "t"\n\n',
    '[a]',
    'https://example.com/?q=1&r=%20',
    'www.example.org',
    'a@example.org',
  ],
  ...[
    '[x](javascript:alert(1))',
    '[y](post:01890a5d-ac96-774b-bcce-b302099a8057)',
    '<script>',
    '</p>',
    '<!--',
    '-->',
    '<a href="x">',
    '" onclick="',
    "'",
  ],
  ...['![alt](https://example.com/p.png "t")', '[r](/relative)', '<https://example.org>', '***\n', '===\n', '+ [ ] ', '9. '],
);

/** Text of several lines in the author's markdown. */
export const markdown: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 3, arbitrary: markdownPiece }, { weight: 2, arbitrary: line() }), { maxLength: 30 })
  .map((pieces) => pieces.join(''));

const path = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_~/'), maxLength: 20 });
const httpsUrl: fc.Arbitrary<string> = path.map((tail) => `https://pictures.example/${tail}`);
const webUrl = fc.oneof(
  httpsUrl,
  path.map((tail) => `http://wire.example/${tail}`),
);
const pixels = fc.integer({ min: 1, max: 8_000 });

const person: fc.Arbitrary<Person> = fc.record({ name: line(), role: line(), url: webUrl }, { requiredKeys: ['name'] });
const source: fc.Arbitrary<Source> = fc.record({ name: line(), via: line(), url: webUrl }, { requiredKeys: ['name'] });
const picture: fc.Arbitrary<Picture> = fc.record(
  { url: httpsUrl, alt: line(), caption: line(), credit: line(), width: pixels, height: pixels },
  { requiredKeys: ['url', 'alt'] },
);
const media: fc.Arbitrary<Media> = fc.oneof(
  picture.map((image) => ({ type: 'image' as const, ...image })),
  fc.record(
    {
      type: fc.constant('video' as const),
      url: httpsUrl,
      mimeType: fc.constantFrom('video/mp4', 'video/webm'),
      poster: httpsUrl,
      captions: httpsUrl,
      caption: line(),
      width: pixels,
      height: pixels,
    },
    { requiredKeys: ['type', 'url'] },
  ),
  fc
    .record(
      { type: fc.constant('link' as const), url: httpsUrl, title: line(), source: line(), image: httpsUrl, description: line() },
      { requiredKeys: ['type', 'url', 'title'] },
    )
    .chain((link) =>
      fc.oneof(
        fc.constant(link),
        fc.nat().map((id) => ({ ...link, embed: { provider: 'x' as const, id: String(id) } })),
        httpsUrl.map((url) => ({ ...link, audio: { url, mimeType: 'audio/mp4' } })),
      ),
    ),
);

const postFields = {
  kind: fc.constantFrom(...postKinds),
  keyEvent: fc.boolean(),
  headline: fc.option(line(), { nil: null }),
  body: markdown,
  media: fc.array(media, { maxLength: 3 }),
  authors: fc.array(person, { minLength: 1, maxLength: 3 }),
  sources: fc.array(source, { maxLength: 3 }),
  verification: fc.option(fc.constantFrom(...verifications), { nil: null }),
  developing: fc.boolean(),
} satisfies { [F in Exclude<keyof PostFields, 'derivedFrom'>]: fc.Arbitrary<PostFields[F]> };

/** A post that every channel accepts. The caller sets `derivedFrom` and `id`, which depend on the existing posts. */
export const newPost: fc.Arbitrary<NewPost> = fc
  .record(postFields, { requiredKeys: [] })
  .chain((post) => line().map((headline) => (post.keyEvent || !post.headline ? { ...post, headline } : post)));

/** A revision that every published post with a headline accepts: it keeps the headline, and always has a change or a note. */
export const revision: fc.Arbitrary<Revision> = fc.record({
  kind: fc.constantFrom(...revisionKinds),
  note: line(limits.noteCharacters),
  changes: fc
    .tuple(fc.record({ ...postFields, headline: line() }, { requiredKeys: [] }), line())
    .map(([changes, word]) => ({ ...changes, body: `${changes.body ?? ''}\n\n${word}` })),
});

export const newChannel: fc.Arbitrary<NewChannel> = fc.record(
  {
    headline: line(),
    state: fc.constantFrom('scheduled' as const, 'live' as const),
    standfirst: fc.option(line(), { nil: null }),
    section: fc.option(line(), { nil: null }),
    byline: fc.array(person, { maxLength: 3 }),
    picture: fc.option(picture, { nil: null }),
    language: fc.constantFrom('en', 'de-AT', 'ar'),
    timezone: fc.constantFrom('UTC', 'Europe/Vienna', 'America/New_York'),
    access: fc.constantFrom(...accesses),
    url: fc.option(httpsUrl, { nil: null }),
  },
  { requiredKeys: ['headline'] },
);
