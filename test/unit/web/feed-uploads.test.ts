import { expect, it } from 'vitest';
import { atom } from '../../../src/web/feeds/atom.ts';
import { jsonFeed } from '../../../src/web/feeds/json-feed.ts';
import { jsonLd } from '../../../src/web/feeds/json-ld.ts';
import { ninjs } from '../../../src/web/feeds/ninjs.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { all, atomFaults } from '../../support/samples/atom.ts';
import { formFaults, jsonFeedForms, ninjsForm } from '../../support/samples/feed-forms.ts';
import { feedPage } from '../../support/samples/feed-samples.ts';
import { aPost } from '../../support/samples/samples.ts';
import { schemaOrgFaults } from '../../support/samples/schema-org.ts';
import { type Element, parseXml } from '../../support/samples/xml.ts';

/** Uploaded pictures with their sizes, and the sound of a link, in every feed. */

const address = (name: string) => `https://live.example.org/media/moon/kR3vQ0yT9mB2xW7nL5sZ1A/${name}`;
const post = aPost({
  seq: 1,
  media: [
    {
      ...{ type: 'image', url: address('800.jpg'), alt: 'A crater', width: 800, height: 600 },
      renditions: [
        { url: address('400.webp'), width: 400, mimeType: 'image/webp' },
        { url: address('800.jpg'), width: 800, mimeType: 'image/jpeg' },
      ],
    },
    {
      ...{ type: 'link', url: 'https://radio.example.org/vote', title: 'An hour & a half' },
      audio: { url: address('audio.m4a'), mimeType: 'audio/mp4' },
    },
  ],
});
const mediaRss = '{http://search.yahoo.com/mrss/}';
const page = (file: string) => feedPage(file, {}, [post]);

describeWith(needs.python, 'Atom', (python) => {
  it('has each size in a group of Media RSS, and the sound as an enclosure', () => {
    const feed = parseXml(python, atom(page('feed.atom'), {}));
    expect(atomFaults(feed)).toEqual([]);
    const [entry] = all(feed, 'entry') as [Element];
    expect(all(entry, 'link').filter(({ attributes }) => attributes.rel === 'enclosure')).toMatchObject([
      { attributes: { href: address('800.jpg'), type: 'image/jpeg', title: 'A crater' } },
      { attributes: { href: address('audio.m4a'), type: 'audio/mp4', title: 'An hour & a half' } },
    ]);
    const [group] = entry.children.filter(({ name }) => name === `${mediaRss}group`);
    expect(group?.children).toMatchObject([
      { name: `${mediaRss}content`, attributes: { url: address('400.webp'), type: 'image/webp', medium: 'image', width: '400' } },
      { name: `${mediaRss}content`, attributes: { url: address('800.jpg'), type: 'image/jpeg', medium: 'image', width: '800' } },
    ]);
  });
});

it('JSON Feed attaches the sound, and has the sizes in its extension', () => {
  const feed = JSON.parse(jsonFeed(page('feed.json'))) as { items: object[] };
  for (const form of jsonFeedForms) expect(formFaults(form, feed as never)).toEqual([]);
  expect(feed.items).toMatchObject([
    {
      attachments: [
        { url: address('800.jpg'), mime_type: 'image/jpeg' },
        { url: address('audio.m4a'), mime_type: 'audio/mp4', title: 'An hour & a half' },
      ],
      _pressbox: { media: [{ renditions: [{ width: 400 }, { width: 800 }] }, {}] },
    },
  ]);
});

it('ninjs has the sizes and the sound as renditions', () => {
  const feed = JSON.parse(ninjs(page('ninjs.json'), {})) as { associations: object[] };
  expect(formFaults(ninjsForm, feed as never)).toEqual([]);
  expect(feed.associations[0]).toMatchObject({
    associations: [
      {
        renditions: [
          { name: 'main', href: address('800.jpg'), width: 800, height: 600 },
          { name: 'webp-400', href: address('400.webp'), contentType: 'image/webp', width: 400 },
          { name: 'jpeg-800', href: address('800.jpg'), contentType: 'image/jpeg', width: 800 },
        ],
      },
      { renditions: [{ name: 'page' }, { name: 'sound', href: address('audio.m4a'), contentType: 'audio/mp4' }] },
    ],
  });
});

it('JSON-LD has the sound as audio', () => {
  const blog = JSON.parse(jsonLd(page('liveblog.jsonld'))) as { liveBlogUpdate: object[] };
  expect(schemaOrgFaults(blog as never)).toEqual([]);
  const audio = { '@type': 'AudioObject', contentUrl: address('audio.m4a'), encodingFormat: 'audio/mp4' };
  expect([blog.liveBlogUpdate].flat(2)).toMatchObject([{ audio: [{ ...audio, name: 'An hour & a half' }] }]);
});
