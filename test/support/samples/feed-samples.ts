import type { Channel, ReaderPost } from '../../../src/protocol/model.ts';
import { type FeedPage, linksOf } from '../../../src/web/feeds/feed-page.ts';
import { aChannel, aPost, emptied } from './samples.ts';

/** A page of a feed with every kind of post in every state. */

export const publicUrl = 'https://live.example.org';

/** Characters that XML 1.0 cannot contain, but a post can. */
export const unwritable = '\u0000\u0008\u000b\u001f\ufffe\uffff\ud800';

export const hostileText = `]]></title><script>hit()</script>&amp;"'<!-- \u2028\u202e${unwritable}`;

const later = (minutes: number) => `2026-11-24T12:${String(minutes).padStart(2, '0')}:00.000Z`;

export const everyPost: readonly ReaderPost[] = [
  aPost({
    seq: 12,
    headline: 'Landed',
    html: '<p>The <strong>Eagle</strong> has landed &amp; stands.</p>\n<ul><li>Fuel: 2 %</li>\n</ul>',
  }),
  aPost({ seq: 11, kind: 'breaking', keyEvent: true, headline: 'Engine stopped', verification: 'unverified', developing: true }),
  aPost({ seq: 10, kind: 'summary', headline: 'So far', html: '<p>Read on.</p>', derivedFrom: [aPost({ seq: 12 }).id] }),
  aPost({
    seq: 9,
    kind: 'analysis',
    html: `<p>${'What it means is not easy to say, since nobody has been there. '.repeat(8)}</p>`,
    authors: [{ name: 'Grace Murray', role: 'Science', url: 'https://news.example/grace' }, { name: 'Ada Byron' }],
    sources: [{ name: 'Houston', via: 'Radio', url: 'https://houston.example/' }, { name: 'A hobbyist' }],
  }),
  aPost({
    seq: 8,
    media: [
      {
        type: 'image',
        url: 'https://pictures.example/e|a.jpg?x=[1]',
        alt: 'The Eagle',
        caption: 'On the ground',
        credit: 'NASA',
        width: 640,
        height: 480,
      },
      { type: 'image', url: 'https://pictures.example/plain', alt: '' },
      {
        type: 'video',
        url: 'https://films.example/landing.mp4',
        poster: 'https://films.example/landing.png',
        caption: 'Live',
        width: 1280,
        height: 720,
      },
      {
        type: 'video',
        url: 'https://films.example/bare',
        mimeType: 'video/webm; codecs="vp9"',
        captions: 'https://films.example/bare.vtt',
      },
      {
        type: 'link',
        url: 'https://elsewhere.example/a',
        title: 'What others write',
        source: 'Elsewhere',
        description: 'All of it',
      },
    ],
  }),
  aPost({
    seq: 7,
    headline: 'Four minutes',
    html: '<p>It took three.</p>',
    revision: 5,
    updatedAt: later(40),
    history: [
      { revision: 2, kind: 'refile', note: null, at: later(10) },
      { revision: 3, kind: 'clarification', note: 'Minutes of the descent.', at: later(20) },
      { revision: 4, kind: 'update', note: 'Added the altitude.', at: later(30) },
      { revision: 5, kind: 'correction', note: 'It took three & a <half>.', at: later(40) },
    ],
  }),
  emptied(
    aPost({
      seq: 6,
      status: 'retracted',
      revision: 2,
      updatedAt: later(50),
      history: [{ revision: 2, kind: 'retraction', note: 'Nobody saw it.', at: later(50) }],
    }),
  ),
  emptied(
    aPost({
      seq: 5,
      kind: 'breaking',
      status: 'taken-down',
      revision: 3,
      updatedAt: later(55),
      history: [
        { revision: 2, kind: 'correction', note: null, at: later(5) },
        { revision: 3, kind: 'takedown', note: null, at: later(55) },
      ],
    }),
  ),
  aPost({ seq: 4, headline: 'هبط النسر', html: '<p>على <em>سطح القمر</em> 🌙 e\u0301</p>' }),
  aPost({
    seq: 3,
    headline: hostileText,
    html: `<p>&lt;script&gt;hit()&lt;/script&gt; ]]&gt; ${unwritable}</p>`,
    authors: [{ name: hostileText }],
  }),
];

export function feedPage(file: string, changed: Partial<Channel> = {}, posts: readonly ReaderPost[] = everyPost): FeedPage {
  const channel = aChannel({
    standfirst: 'Minute by minute',
    section: 'Science',
    byline: [{ name: 'Ada Byron', url: 'https://news.example/ada' }],
    picture: { url: 'https://pictures.example/moon.jpg', alt: 'The Moon', credit: 'NASA', width: 1200, height: 675 },
    history: [{ revision: 2, kind: 'correction', note: 'It is the first one.', at: later(1) }],
    updatedAt: later(2),
    ...changed,
  });
  return { channel, posts, whole: true, offset: 40, links: linksOf(publicUrl, channel, file, {}, {}, undefined) };
}
