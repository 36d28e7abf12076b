import sanitizeHtml from 'sanitize-html';
import { describe, expect, it } from 'vitest';
import { textOf as plainTextOf } from '../../../client/browser/view/wording/plain-text.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import type { Media } from '../../../src/protocol/model.ts';
import { atom } from '../../../src/web/feeds/atom.ts';
import { contentOf, summaryOf, titleOf } from '../../../src/web/feeds/content.ts';
import { feedId, linksOf, plainUri } from '../../../src/web/feeds/feed-page.ts';
import { noticePage } from '../../../src/web/feeds/members-notice.ts';
import { escapeXml } from '../../../src/web/feeds/xml.ts';
import { describe as describePost } from '../../../src/web/pages/preview.ts';
import { textAttacks } from '../../support/attacks/script-attacks.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { all, atomFaults, isUri, links, textOf } from '../../support/samples/atom.ts';
import { everyPost, feedPage, hostileText, publicUrl, unwritable } from '../../support/samples/feed-samples.ts';
import { aChannel, aPost } from '../../support/samples/samples.ts';
import { type Element, parseXml } from '../../support/samples/xml.ts';

describe('text in XML', () => {
  it('is escaped, without the characters that XML 1.0 cannot contain', () => {
    expect(escapeXml(`<a b="c" d='e'>&\r\n\t`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;&#13;\n\t');
    expect(escapeXml(`a${unwritable}b\udc00\u{1f319}\u0085`)).toBe('ab\u{1f319}\u0085');
  });
});

it('the text of a post has absolute URLs for media on the server', () => {
  const channel = aChannel();
  const links = linksOf('http://live.example.org', channel, 'feed.atom', {}, {}, undefined);
  const media: Media[] = [{ type: 'image', url: 'http://127.0.0.1:4000/assets/a.svg', alt: 'A' }];
  expect(contentOf(aPost({ media }), channel, links)).toContain('src="http://live.example.org/assets/a.svg"');
});

describe('what lists show of a text', () => {
  const channel = aChannel();

  it.each([
    ['feedTitleCharacters', (html: string) => titleOf(aPost({ html }), channel)],
    ['feedSummaryCharacters', (html: string) => summaryOf(aPost({ html }))],
    ['previewCharacters', (html: string) => describePost(channel, aPost({ html }))],
  ] as const)('is all of it up to %s, and cut beyond', (name, shown) => {
    const text = `${'word '.repeat(100)}`.slice(0, liveLimits[name] - 1).padEnd(liveLimits[name], 'x');
    expect(shown(`<p>${text}</p>`)).toBe(text);
    const cut = shown(`<p>${text}x</p>`) ?? '';
    expect(cut.endsWith('…')).toBe(true);
    expect(cut.length).toBeLessThanOrEqual(liveLimits[name]);
    expect(cut.length).toBeGreaterThan(liveLimits[name] - 10);
  });
});

describe('the title of a post', () => {
  const channel = aChannel({ timezone: 'Europe/Berlin' });

  it('is its headline, or the beginning of its text, or its media', () => {
    expect(titleOf(aPost({ headline: 'A' }), channel)).toBe('A');
    expect(titleOf(aPost({ html: '<p>Fish &amp; <em>chips</em>.<br>\nAnd</p>' }), channel)).toBe('Fish & chips. And');
    expect(titleOf(aPost({ media: [{ type: 'image', url: 'https://a.example/', alt: 'A cat', caption: '' }] }), channel)).toBe(
      'A cat',
    );
    expect(titleOf(aPost({ media: [{ type: 'link', url: 'https://a.example/', title: 'Read' }] }), channel)).toBe('Read');
    expect(titleOf(aPost({ media: [{ type: 'video', url: 'https://a.example/' }] }), channel)).toBe(
      'Post of Nov 24, 2026, 13:00 GMT+1',
    );
  });

  it('is cut between words, also in scripts without spaces, and never inside a character', () => {
    const long = titleOf(aPost({ html: `<p>${'word '.repeat(50)}</p>` }), channel);
    expect(long).toMatch(/^(?:word )+word…$/);
    expect(long.length).toBeLessThanOrEqual(100);
    for (const text of ['月面に着陸した'.repeat(30), '👩‍🚀'.repeat(60), `${'x'.repeat(300)}`]) {
      const cut = titleOf(aPost({ html: `<p>${text}</p>` }), channel);
      expect(text.startsWith(cut.slice(0, -1))).toBe(true);
      expect(cut.length).toBeLessThanOrEqual(100);
      expect(cut.length).toBeGreaterThan(50);
      expect(cut.slice(0, -1)).not.toMatch(/\p{Surrogate}|\u200d$/u);
    }
  });

  it('says of a withdrawn post that it is withdrawn, with its time', () => {
    expect(titleOf(everyPost.find(({ status }) => status === 'retracted')!, channel)).toBe(
      'Retracted: post of Nov 24, 2026, 13:00 GMT+1',
    );
    expect(titleOf(everyPost.find(({ status }) => status === 'taken-down')!, channel)).toBe(
      'Removed: post of Nov 24, 2026, 13:00 GMT+1',
    );
  });

  it('contains the text that readers of the page see', () => {
    expect(
      plainTextOf(
        '<table>\n<thead>\n<tr>\n<th>A</th>\n<th>B &lt;</th>\n</tr>\n</thead></table>\n<pre><code>&amp;lt;\n</code></pre>',
      ),
    ).toBe('A\tB <\n&lt;');
  });
});

describe('an address in a feed', () => {
  it.each([
    ['https://a.example/é|[1]{2}^`"<> b', 'https://a.example/%C3%A9%7C%5B1%5D%7B2%7D%5E%60%22%3C%3E%20b'],
    ['https://münchen.example/%zz?q=ä#a#b', 'https://xn--mnchen-3ya.example/%25zz?q=%C3%A4#a%23b'],
    ['https://[2001:db8::1]:8443/a', 'https://[2001:db8::1]:8443/a'],
    ['https://a.example/%C3%A9?x=1&y=%2F#post-1', 'https://a.example/%C3%A9?x=1&y=%2F#post-1'],
  ])('is written in the syntax of RFC 3986: %s', (given, written) => {
    expect(plainUri(given)).toBe(written);
    expect(isUri(written)).toBe(true);
  });

  it('leads to the newsroom’s page if the channel has one', () => {
    const { id } = aPost();
    const own = linksOf(publicUrl, aChannel(), 'feed.atom', {}, {}, undefined);
    expect([own.home, own.post(id), own.self]).toEqual([
      `${publicUrl}/live/moon`,
      `${publicUrl}/live/moon/${id}`,
      `${publicUrl}/v1/channels/moon/feed.atom`,
    ]);
    const theirs = linksOf(
      publicUrl,
      aChannel({ url: 'https://news.example/moon?a=é' }),
      'feed.atom',
      { keyEvent: true },
      { before: 7 },
      { before: 3, told: { from: 1, to: 2 } },
    );
    expect(theirs.home).toBe('https://news.example/moon?a=%C3%A9');
    expect(theirs.post(id)).toBe(`https://news.example/moon?a=%C3%A9#post-${id}`);
    expect([theirs.self, theirs.feed, theirs.next]).toEqual(
      ['keyEvent=true&before=7', 'keyEvent=true', 'keyEvent=true&before=3&told=1-2'].map(
        (query) => `${publicUrl}/v1/channels/moon/feed.atom?${query}`,
      ),
    );
  });
});

describe('the id of a feed', () => {
  it('depends on the channel and the filter, and not on the address of the server', () => {
    const id = feedId(aChannel(), {});
    // A fixed form: feed readers remember the id.
    expect(id).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(feedId(aChannel({ headline: 'Another', url: 'https://news.example/', revision: 9, access: 'members' }), {})).toBe(id);
    const others = [
      feedId(aChannel({ id: 'mars' }), {}),
      feedId(aChannel({ createdAt: '2026-11-24T12:00:00.001Z' }), {}),
      feedId(aChannel(), { keyEvent: true }),
      feedId(aChannel(), { kind: 'summary' }),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
  });
});

describeWith(needs.python, 'an Atom feed', (python) => {
  const parse = (text: string) => parseXml(python, text);
  const feed = parse(atom(feedPage('feed.atom'), {}));
  const entries = all(feed, 'entry');
  const entryOf = (seq: number) => entries.find((entry) => textOf(entry, 'id') === `urn:uuid:${aPost({ seq }).id}`) as Element;

  it('follows RFC 4287, in every language and with a newsroom’s page', () => {
    expect(atomFaults(feed)).toEqual([]);
    for (const changed of [
      { language: 'ar' },
      { language: 'zh-Hant-TW', url: 'https://news.example/ü' },
      { byline: [], standfirst: null, section: null, updatedAt: null },
    ]) {
      expect(atomFaults(parse(atom(feedPage('feed.atom', changed), {})))).toEqual([]);
    }
    expect(atomFaults(parse(atom(feedPage('feed.atom', { byline: [] }, []), {})))).toEqual([]);
    const notice = noticePage(aChannel({ access: 'members', headline: hostileText }), 'feed.atom', {}, publicUrl);
    expect(atomFaults(parse(atom(notice, {})))).toEqual([]);
  });

  it('fails the check if it breaks RFC 4287', () => {
    const text = atom(feedPage('feed.atom'), {});
    for (const [whole, broken] of [
      ['<feed', '<food'],
      [/<updated>[^<]*<\/updated>/, ''],
      [/<published>[^<]*</, '<published>yesterday<'],
      [/<id>[^<]*<\/id>\n<title>Landed/, '<title>Landed'],
      ['type="html"', 'type="xhtml"'],
      ['rel="self"', 'rel="other"'],
      [/href="https:\/\/pictures[^"]*"/, 'href="https://a b"'],
      ['<name>Ada Byron</name>', '<name> </name>'],
      ['term="breaking"', 'term=""'],
      [/<author>.*<\/author>/g, ''],
      ['xml:lang="en"', 'xml:lang="en" xmlns:x="urn:x"'],
      ['<generator>', '<subtitle>again</subtitle><generator>'],
    ] as [string | RegExp, string][]) {
      const changed = text.replace(whole, broken).replace('</feed>', broken === '<food' ? '</food>' : '</feed>');
      expect(changed).not.toBe(text);
      // One of the changed feeds is valid, which shows that the check does not fail for every change.
      expect([broken, atomFaults(parse(changed)).length > 0]).toEqual([broken, !broken.includes('urn:x')]);
    }
    expect(() => parse(text.replace('Landed', 'Land\u0001ed'))).toThrow();
  });

  it('has the id of each post, and the times of its publication and last change', () => {
    expect(entries.map((entry) => textOf(entry, 'id'))).toEqual(everyPost.map(({ id }) => `urn:uuid:${id}`));
    expect(entries.map((entry) => textOf(entry, 'updated'))).toEqual(everyPost.map((post) => post.updatedAt ?? post.publishedAt));
    expect(entries.map((entry) => textOf(entry, 'published'))).toEqual(everyPost.map((post) => post.publishedAt));
    // The latest change of all posts.
    expect(textOf(feed, 'updated')).toBe('2026-11-24T12:55:00.000Z');
    expect(entries.map((entry) => links(entry, 'alternate'))).toEqual(everyPost.map(({ id }) => `${publicUrl}/live/moon/${id}`));
  });

  it('has the authors, the kind and the verification of a post', () => {
    expect(all(entryOf(9), 'author').map((one) => one.children.map(({ text }) => text))).toEqual([
      ['Grace Murray', 'https://news.example/grace'],
      ['Ada Byron'],
    ]);
    const terms = (seq: number) => all(entryOf(seq), 'category').map(({ attributes }) => attributes.term);
    expect(terms(11)).toEqual(['breaking', 'key-event', 'unverified', 'developing']);
    expect([terms(12), terms(9), terms(6), terms(5)]).toEqual([['update'], ['analysis'], ['retracted'], ['taken-down']]);
    expect(textOf(entryOf(11), 'content')).toBe('<p><strong>Breaking · Key event · Unverified · Developing</strong></p>');
    expect(textOf(entryOf(9), 'content')).toContain(
      '<p>Source: <a href="https://houston.example/" rel="noopener nofollow ugc">Houston</a> via Radio, A hobbyist</p>',
    );
    expect(textOf(entryOf(10), 'content')).toContain(
      `Drawn from <a href="${publicUrl}/live/moon/${aPost({ seq: 12 }).id}">post 1</a>`,
    );
  });

  it('encloses pictures and videos, and links to other pages', () => {
    const found = all(entryOf(8), 'link').map(({ attributes: { rel, href, type, title } }) => [rel, href, type, title]);
    expect(found).toEqual([
      ['alternate', `${publicUrl}/live/moon/${aPost({ seq: 8 }).id}`, 'text/html', undefined],
      ['enclosure', 'https://pictures.example/e%7Ca.jpg?x=%5B1%5D', 'image/jpeg', 'On the ground'],
      ['enclosure', 'https://pictures.example/plain', undefined, undefined],
      ['enclosure', 'https://films.example/landing.mp4', 'video/mp4', 'Live'],
      ['enclosure', 'https://films.example/bare', 'video/webm; codecs="vp9"', undefined],
      ['related', 'https://elsewhere.example/a', undefined, 'What others write'],
    ]);
    expect(textOf(entryOf(8), 'content')).toContain('<img src="https://pictures.example/plain" alt=""');
  });

  it('shows corrections with their time before the text, and no refiles', () => {
    const content = textOf(entryOf(7), 'content') ?? '';
    const order = [
      'Minutes of the descent.',
      'It took three &amp; a &lt;half&gt;.',
      '<p>It took three.</p>',
      'Added the altitude.',
    ];
    expect(order.map((text) => content.indexOf(text)).every((at, index, all) => at >= 0 && at > (all[index - 1] ?? -1))).toBe(
      true,
    );
    expect(content).toContain('<time datetime="2026-11-24T12:40:00.000Z"');
    expect(content).not.toContain('12:10');
  });

  it('shows of a withdrawn post only that it was withdrawn, and why', () => {
    expect(textOf(entryOf(6), 'content')?.replace(/<[^>]*>/g, '')).toBe('Retracted, 12:50 UTC: Nobody saw it.');
    expect(textOf(entryOf(5), 'content')?.replace(/<[^>]*>/g, '')).toBe('Removed, 12:55 UTC: This post is no longer available.');
    expect(all(entryOf(5), 'author')).toEqual([]);
    expect(textOf(entryOf(5), 'summary')).toBeUndefined();
  });

  it('marks the direction of text that runs from right to left', () => {
    const arabic = parse(atom(feedPage('feed.atom', { language: 'ar' }), {}));
    expect(arabic.attributes['{http://www.w3.org/XML/1998/namespace}lang']).toBe('ar');
    for (const entry of all(arabic, 'entry')) expect(textOf(entry, 'content')).toMatch(/^<div dir="rtl" lang="ar">.*<\/div>$/s);
    expect(textOf(entryOf(4), 'content')).toBe('<p>على <em>سطح القمر</em> 🌙 e\u0301</p>');
  });

  it('accepts any text and leaves out the characters that XML cannot contain', () => {
    const hostile = hostileText.replaceAll(unwritable, '');
    expect([textOf(entryOf(3), 'title'), all(entryOf(3), 'author')[0]?.children[0]?.text]).toEqual([hostile, hostile]);
    expect(textOf(entryOf(3), 'summary')).toMatch(/^<script>hit\(\)<\/script> \]\]> *$/);
    expect(textOf(entryOf(3), 'content')).toBe('<p>&lt;script&gt;hit()&lt;/script&gt; ]]&gt; </p>');
  });

  it('contains no tag and no URL that could run as a script', () => {
    const attacks = Object.values(textAttacks).flat();
    const posts = attacks.map((attack, at) => {
      const line = attack.replace(/\s+/g, ' ');
      return aPost({
        seq: at + 10,
        headline: line,
        authors: [{ name: line, role: line }],
        sources: [{ name: line, via: line }],
        media: [
          { type: 'image', url: 'https://media.example/a.png', alt: line, caption: attack, credit: line },
          { type: 'video', url: 'https://media.example/a', mimeType: 'video/mp4', caption: attack },
          { type: 'link', url: 'https://media.example/', title: line, source: line, description: line },
        ],
        history: [{ revision: 2, kind: 'correction', note: attack, at: '2026-11-24T12:05:00.000Z' }],
      });
    });
    const document = parse(
      atom(feedPage('feed.atom', { headline: attacks[0]!, standfirst: attacks[1]!, section: attacks[2]! }, posts), {}),
    );
    expect(atomFaults(document)).toEqual([]);
    expect(all(document, 'entry').map((entry) => textOf(entry, 'title'))).toEqual(posts.map(({ headline }) => headline));
    const tags = new Set<string>();
    const wrong: string[] = [];
    for (const entry of all(document, 'entry')) {
      sanitizeHtml(textOf(entry, 'content') ?? '', {
        allowedTags: false,
        allowedAttributes: false,
        allowVulnerableTags: true,
        onOpenTag: (tag, attributes) => {
          tags.add(tag);
          for (const [name, value] of Object.entries(attributes)) {
            const isAddress = ['href', 'src', 'poster'].includes(name);
            if (/^(?:on|style|srcdoc)/i.test(name) || (isAddress && !value.startsWith('https://media.example/')))
              wrong.push(`${tag} ${name}=${value}`);
          }
        },
      });
    }
    expect(wrong).toEqual([]);
    expect([...tags].sort()).toEqual(
      [
        'a',
        'aside',
        'bdi',
        'figcaption',
        'figure',
        'div',
        'img',
        'li',
        'p',
        'source',
        'span',
        'strong',
        'time',
        'ul',
        'video',
      ].sort(),
    );
  });
});
