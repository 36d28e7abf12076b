import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/protocol/model.ts';
import { linksOf } from '../../../src/web/feeds/feed-page.ts';
import { jsonFeed } from '../../../src/web/feeds/json-feed.ts';
import { jsonLd } from '../../../src/web/feeds/json-ld.ts';
import { noticePage } from '../../../src/web/feeds/members-notice.ts';
import { ninjs } from '../../../src/web/feeds/ninjs.ts';
import { textAttacks } from '../../support/attacks/script-attacks.ts';
import { formFaults, jsonFeedForms, ninjsForm } from '../../support/samples/feed-forms.ts';
import { everyPost, feedPage, hostileText, publicUrl } from '../../support/samples/feed-samples.ts';
import { aChannel, aPost } from '../../support/samples/samples.ts';
import { schemaOrgFaults } from '../../support/samples/schema-org.ts';

/** The JSON feeds of a channel with every kind of post. */

type Thing = Record<string, never>;
const parse = (text: string) => JSON.parse(text) as Thing;
const channels = [
  {},
  { language: 'ar', url: 'https://news.example/ü', access: 'members' },
  {
    byline: [],
    standfirst: null,
    section: null,
    picture: null,
    updatedAt: null,
    state: 'ended',
    endedAt: '2026-11-24T13:00:00.000Z',
  },
] satisfies Partial<Channel>[];
const at = (seq: number) => everyPost.findIndex((post) => post.seq === seq);

describe('a JSON Feed', () => {
  const feed = parse(jsonFeed(feedPage('feed.json'))) as unknown as { items: Record<string, unknown>[]; _pressbox: object };
  const item = (seq: number) => feed.items[at(seq)] as Record<string, unknown>;

  it.each(jsonFeedForms)(
    'matches the published schema of version 1.1 and the stricter form, and fails both checks if broken',
    (form) => {
      for (const channel of channels) {
        expect(formFaults(form, parse(jsonFeed(feedPage('feed.json', channel))))).toEqual([]);
        const notice = noticePage(aChannel(channel), 'feed.json', {}, publicUrl);
        expect(formFaults(form, parse(jsonFeed(notice)))).toEqual([]);
      }
      const broken = [
        { next_url: 'a b' },
        { version: '1.1' },
        { items: [{ ...feed.items[0], date_published: 'now' }] },
        { more: 1 },
      ];
      for (const change of broken) expect(formFaults(form, { ...feed, ...change })).not.toEqual([]);
    },
  );

  it('has each post with its id, its times and its media', () => {
    expect(feed.items.map(({ id }) => id)).toEqual(everyPost.map(({ id }) => `urn:uuid:${id}`));
    expect(item(7)).toMatchObject({ date_published: everyPost[at(7)]?.publishedAt, date_modified: '2026-11-24T12:40:00.000Z' });
    expect(item(8)).toMatchObject({
      title: 'On the ground',
      image: 'https://pictures.example/e%7Ca.jpg?x=%5B1%5D',
      attachments: [
        { url: 'https://pictures.example/e%7Ca.jpg?x=%5B1%5D', mime_type: 'image/jpeg', title: 'On the ground' },
        { url: 'https://pictures.example/plain', mime_type: 'application/octet-stream' },
        { url: 'https://films.example/landing.mp4', mime_type: 'video/mp4', title: 'Live' },
        { url: 'https://films.example/bare', mime_type: 'video/webm; codecs="vp9"' },
      ],
    });
    expect(item(11).tags).toEqual(['Breaking', 'Key event', 'Unverified', 'Developing']);
  });

  it('has the fields in `_pressbox` that the standard does not define', () => {
    expect(item(7)._pressbox).toMatchObject({ revision: 5, status: 'published', history: everyPost[at(7)]?.history });
    expect(item(8)._pressbox).toMatchObject({ media: everyPost[at(8)]?.media });
    expect(item(5)._pressbox).toMatchObject({ status: 'taken-down', kind: 'breaking', media: [], sources: [] });
    expect(feed._pressbox).toMatchObject({ channelId: 'moon', state: 'live', offset: 40, picture: { alt: 'The Moon' } });
  });
});

describe('a live blog for search engines', () => {
  const blog = parse(jsonLd(feedPage('liveblog.jsonld'))) as unknown as Record<string, unknown> & {
    liveBlogUpdate: Record<string, unknown>[];
  };
  const update = (seq: number) => blog.liveBlogUpdate[at(seq)] as Record<string, unknown>;

  it('uses the vocabulary of schema.org, and fails the check if it does not', () => {
    for (const channel of channels) expect(schemaOrgFaults(parse(jsonLd(feedPage('liveblog.jsonld', channel))))).toEqual([]);
    for (const change of [
      { coverageStartTime: 'today' },
      { author: 'Ada' },
      { headline: undefined },
      { liveBlogUpdate: [{ '@type': 'Comment' }] },
      { correction: { '@type': 'CorrectionComment', text: 'x' } },
      { body: 'x' },
      { url: '/live/moon' },
    ]) {
      expect(schemaOrgFaults({ ...blog, ...change })).not.toEqual([]);
    }
  });

  it('covers the time from the start to the end of the channel', () => {
    expect(blog).toMatchObject({
      '@context': 'https://schema.org',
      coverageStartTime: '2026-11-24T12:00:00.000Z',
      isAccessibleForFree: true,
    });
    expect(blog.coverageEndTime).toBeUndefined();
    expect(blog.image).toMatchObject({ contentUrl: 'https://pictures.example/moon.jpg', creditText: 'NASA' });
    expect(parse(jsonLd(feedPage('liveblog.jsonld', channels[2])))).toMatchObject({
      coverageEndTime: '2026-11-24T13:00:00.000Z',
      author: { name: 'live.example.org' },
    });
    const expected = parse(
      jsonLd(feedPage('liveblog.jsonld', { state: 'scheduled', startedAt: null, startsAt: '2026-11-25T08:00:00.000Z' })),
    );
    expect(expected).toMatchObject({ coverageStartTime: '2026-11-25T08:00:00.000Z' });
  });

  it('has as its publisher the server with its base path, or the site of the page of the channel', () => {
    const publisherFor = (channel: Partial<Channel>) => {
      const page = feedPage('liveblog.jsonld', channel);
      const links = linksOf(`${publicUrl}/news/live`, page.channel, 'liveblog.jsonld', {}, {}, undefined);
      return parse(jsonLd({ ...page, links })).publisher;
    };
    expect(publisherFor({})).toMatchObject({ name: 'live.example.org', url: `${publicUrl}/news/live` });
    expect(publisherFor({ url: 'https://news.example/moon' })).toMatchObject({
      name: 'news.example',
      url: 'https://news.example',
    });
  });

  it('has each correction as a comment on its post, and nothing else of a withdrawn post', () => {
    expect(update(7).correction).toEqual([
      {
        '@type': 'CorrectionComment',
        name: 'clarification',
        dateCreated: '2026-11-24T12:20:00.000Z',
        text: 'Minutes of the descent.',
      },
      {
        '@type': 'CorrectionComment',
        name: 'correction',
        dateCreated: '2026-11-24T12:40:00.000Z',
        text: 'It took three & a <half>.',
      },
    ]);
    expect(blog.correction).toMatchObject([{ text: 'It is the first one.' }]);
    expect(update(6)).toMatchObject({ creativeWorkStatus: 'Retracted', correction: [{ text: 'Nobody saw it.' }] });
    expect(update(6).articleBody).toBeUndefined();
    expect(update(12)).toMatchObject({
      articleBody: 'The Eagle has landed & stands.\nFuel: 2 %',
      url: `${publicUrl}/live/moon/${aPost({ seq: 12 }).id}`,
    });
    expect(update(8).image).toMatchObject([{ width: { value: 640, unitCode: 'E37' }, creditText: 'NASA' }, {}]);
    expect(update(9).citation).toEqual(['Houston, Radio, https://houston.example/', 'A hobbyist']);
  });

  it('can be inserted into a page as it is, whatever the text contains', () => {
    const attacks = [hostileText, ...Object.values(textAttacks).flat()];
    const posts = attacks.map((headline, number) => aPost({ seq: number + 2, headline, authors: [{ name: headline }] }));
    const text = jsonLd(feedPage('liveblog.jsonld', { headline: hostileText }, posts));
    expect(text).not.toMatch(/[<>&\u2028\u2029]/);
    const { liveBlogUpdate } = parse(text) as unknown as { liveBlogUpdate: { headline: string }[] };
    expect(liveBlogUpdate.map(({ headline }) => headline)).toEqual(attacks);
  });
});

describe('a ninjs item', () => {
  const root = parse(ninjs(feedPage('ninjs.json'), {})) as unknown as Record<string, unknown> & {
    associations: Record<string, unknown>[];
  };
  const item = (seq: number) => root.associations[at(seq)] as Record<string, unknown>;

  it('follows version 3.1, and fails the check if it does not', () => {
    for (const channel of channels) expect(formFaults(ninjsForm, parse(ninjs(feedPage('ninjs.json', channel), {})))).toEqual([]);
    for (const change of [
      { pubStatus: 'cancelled' },
      { pubstatus: 'usable' },
      { version: 3 },
      { associations: [{ uri: 'urn:x:y' }] },
    ]) {
      expect(formFaults(ninjsForm, { ...root, ...change })).not.toEqual([]);
    }
  });

  it('is the channel with its posts, as complete as the page', () => {
    expect(root).toMatchObject({ type: 'composite', representationType: 'full', version: '40', pubStatus: 'usable' });
    expect(parse(ninjs({ ...feedPage('ninjs.json'), whole: false }, {}))).toMatchObject({ representationType: 'partial' });
    expect(root.associations.map(({ uri }) => uri)).toEqual([
      ...everyPost.map(({ id }) => `urn:uuid:${id}`),
      'https://pictures.example/moon.jpg',
    ]);
    expect(item(7)).toMatchObject({ version: '5', versionCreated: '2026-11-24T12:40:00.000Z', type: 'text' });
  });

  it('cancels a withdrawn post with the reason for editors, without text and headline', () => {
    expect(item(6)).toMatchObject({ pubStatus: 'canceled', edNote: 'Nobody saw it.', version: '2' });
    expect(item(5)).toMatchObject({ pubStatus: 'canceled', version: '3' });
    for (const seq of [5, 6])
      for (const name of ['bodies', 'headlines', 'by', 'genres', 'associations']) expect(item(seq)[name]).toBeUndefined();
    expect(item(7).descriptions).toMatchObject([
      { role: 'clarification' },
      { role: 'update' },
      { role: 'correction', value: '2026-11-24T12:40:00.000Z It took three & a <half>.' },
    ]);
  });

  it('associates media with their renditions', () => {
    expect(item(8).associations).toMatchObject([
      { type: 'picture', by: 'NASA', renditions: [{ name: 'main', contentType: 'image/jpeg', width: 640, height: 480 }] },
      { type: 'picture' },
      { type: 'video', renditions: [{ contentType: 'video/mp4' }, { name: 'poster' }] },
      { type: 'video', renditions: [{}, { name: 'captions' }] },
      { rel: 'link', title: 'What others write' },
    ]);
  });
});
