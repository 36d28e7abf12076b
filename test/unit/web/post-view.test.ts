import { describe, expect, it } from 'vitest';
import { renderRegion } from '../../../client/browser/view/page/page.ts';
import { type PostSetting, renderPost } from '../../../client/browser/view/post/post.ts';
import type { Media, ReaderPost } from '../../../src/protocol/model.ts';
import { escaped, hostile, textOf } from '../../support/attacks/page-text.ts';
import { aChange, aChannel, aPost } from '../../support/samples/samples.ts';

const rendered = (fields: Partial<ReaderPost>, setting: PostSetting = { timezone: 'UTC', language: 'en' }) =>
  renderPost(aPost({ publishedAt: '2026-11-24T14:05:00.000Z', ...fields }), setting).text;

describe('a post on a page', () => {
  it('shows the html that the server sanitized unchanged, and escapes everything else', () => {
    const url = 'https://a.example/?a="b"&c';
    const html = rendered({
      html: '<p>Safe &amp; sound</p>',
      headline: hostile,
      authors: [{ name: hostile, role: hostile, url }],
      sources: [{ name: hostile, via: hostile, url }],
      history: [aChange('correction', hostile), aChange('update', hostile)],
      media: [
        { type: 'image', url, alt: hostile, caption: hostile, credit: hostile },
        { type: 'video', url, mimeType: hostile, poster: url, captions: url, caption: hostile },
        { type: 'link', url, title: hostile, source: hostile, image: url, description: hostile },
      ],
    });
    expect(html).toContain('<div class="body"><p>Safe &amp; sound</p></div>');
    expect(html).not.toContain('<script');
    expect(html).not.toContain(`"b"`);
    expect(html.split(escaped)).toHaveLength(16);
  });

  it('shows its time in the time zone of the channel, with the label of the zone', () => {
    expect(rendered({})).toContain(
      '<time datetime="2026-11-24T14:05:00.000Z" title="Tuesday, November 24, 2026 at 14:05 Coordinated Universal Time">14:05 UTC</time>',
    );
    expect(rendered({}, { timezone: 'Europe/Berlin', language: 'en-GB' })).toContain('>15:05 CET</time>');
    expect(rendered({}, { timezone: 'Europe/Berlin', language: 'de' })).toContain(
      'title="Dienstag, 24. November 2026 um 15:05 Mitteleuropäische Normalzeit">15:05 MEZ<',
    );
  });

  it('shows its kind, its key event mark, its developing mark and its verification', () => {
    const text = textOf(
      rendered({ kind: 'breaking', keyEvent: true, headline: 'H', developing: true, verification: 'unverified' }),
    );
    expect(text).toContain('Breaking Key event Unverified Developing');
    expect(textOf(rendered({ verification: 'disputed' }))).toContain('Disputed');
    expect(rendered({})).not.toContain('marks');
  });

  it('shows each correction, clarification and update with its time, and no refile', () => {
    const text = textOf(
      rendered({
        html: '<p>Text</p>',
        history: [
          aChange('refile', 'A slip', '2026-11-24T14:06:00.000Z', 2),
          aChange('correction', 'It was two.', '2026-11-24T14:10:00.000Z', 3),
          aChange('clarification', 'Meant the ship.', '2026-11-25T00:20:00.000Z', 4),
          aChange('update', 'Added a quote.', '2026-11-25T00:30:00.000Z', 5),
        ],
      }),
    );
    expect(text).toMatch(
      /Correction, 14:10 UTC : It was two\. See what changed Clarification, Nov 25, 2026, 00:20 UTC : Meant the ship\. See what changed Text/,
    );
    expect(text).toMatch(/Text Update, Nov 25, 2026, 00:30 UTC : Added a quote\./);
    expect(text).toContain('updated Nov 25, 2026, 00:30 UTC');
    expect(text).not.toContain('slip');
  });

  it.each([
    ['fr', 'Correction, 14:20 UTC\u00a0: ', 'Source\u00a0: Reuters, AFP'],
    ['ar', 'تصحيح، 14:20 UTC: ', 'المصدر: Reuters، AFP'],
  ])('uses the punctuation of its language: %s', (language, label, source) => {
    const text = rendered(
      { history: [aChange('correction', 'x')], sources: [{ name: 'Reuters' }, { name: 'AFP' }] },
      { timezone: 'UTC', language },
    ).replace(/<[^>]+>/g, '');
    expect(text).toContain(`${label}x`);
    expect(text).toContain(source);
  });

  it('shows only the time of an update without a note', () => {
    expect(textOf(rendered({ history: [aChange('update', null)] }))).toContain('14:05 UTC updated 14:20 UTC');
    expect(textOf(rendered({ history: [aChange('refile', null)] }))).not.toContain('14:20');
    // A later refile does not hide the update. A correction shows its time in its own note.
    const mended = [aChange('update', null), aChange('refile', null, '2026-11-24T14:30:00.000Z', 3)];
    expect(textOf(rendered({ history: mended }))).toContain('14:05 UTC updated 14:20 UTC');
    const corrected = [...mended, aChange('correction', null, '2026-11-24T14:40:00.000Z', 4)];
    expect(textOf(rendered({ history: corrected }))).not.toContain('updated');
  });

  it('leaves a tombstone with the reason and without its text after a retraction', () => {
    const html = rendered({
      status: 'retracted',
      headline: 'Gone',
      html: '<p>Gone</p>',
      history: [aChange('retraction', 'Misheard.')],
    });
    expect(textOf(html)).toContain('Retracted, 14:20 UTC : Misheard.');
    expect(html).not.toContain('Gone');
  });

  it('leaves a tombstone without a reason if it was taken down without one', () => {
    const html = rendered({ status: 'taken-down', history: [aChange('correction', null), aChange('takedown', null)] });
    expect(textOf(html)).toContain('Removed, 14:20 UTC : This post is no longer available.');
    expect(html).not.toContain('Correction');
  });

  it('accepts unknown kinds, media and statuses of later servers', () => {
    const kind = rendered({ kind: 'poll' as ReaderPost['kind'], verification: 'likely' as ReaderPost['verification'] });
    expect(kind).toContain('class="post"');
    expect(kind).not.toContain('undefined');
    expect(rendered({ kind: 'constructor' as ReaderPost['kind'] })).toContain('class="post"');
    expect(rendered({ media: [{ type: 'hologram', url: 'https://a.example' } as unknown as Media] })).not.toContain('media');
    const unknown = rendered({ status: 'embargoed' as ReaderPost['status'], html: '<p>Secret</p>' });
    expect(unknown).not.toContain('Secret');
    expect(textOf(unknown)).toContain('Withdrawn');
    expect(unknown).toContain('class="post withdrawn"');
  });

  it('reserves the space of a picture or video before it loads', () => {
    const url = 'https://a.example/a';
    expect(rendered({ media: [{ type: 'image', url, alt: 'A', width: 1200, height: 800 }] })).toContain(
      'width="1200" height="800"',
    );
    expect(rendered({ media: [{ type: 'image', url, alt: 'A' }] })).toContain('<figure class="image unsized"><img');
    expect(rendered({ media: [{ type: 'video', url, width: 640, height: 360 }] })).toMatch(
      /<video[^>]* width="640" height="360"/,
    );
  });

  it('neither links to an address outside the web nor loads one', () => {
    for (const url of [
      'javascript:alert(1)',
      'javascript:alert("https://a.example")',
      'data:text/html,x',
      ' https://a.example',
    ]) {
      const html = rendered({
        authors: [{ name: 'A', url }],
        sources: [{ name: 'S', url }],
        media: [
          { type: 'link', url, title: 'T' },
          { type: 'image', url, alt: 'I' },
          { type: 'video', url },
          { type: 'link', url: 'https://a.example/', title: 'T', image: url },
          { type: 'video', url: 'https://a.example/', poster: url, captions: url },
        ],
      });
      expect(html.match(/(?:href|src|poster)="(?!https:\/\/a\.example\/|\/live\/)[^"]*"/g)).toBe(null);
      expect(html).not.toMatch(/javascript:|data:text/);
    }
  });

  it('loads media of the server from the host that the reader uses', () => {
    const own = 'http://127.0.0.1:4000/assets';
    const media: Media[] = [
      { type: 'image', url: `${own}/a.svg`, alt: 'A' },
      { type: 'video', url: `${own}/b.mp4`, poster: `${own}/b.png`, captions: `${own}/b.vtt` },
      { type: 'link', url: 'https://a.example/', title: 'T', image: `${own}/c.png` },
      { type: 'image', url: 'https://a.example/http://b.example/d.png', alt: 'D' },
    ];
    const loaded = (server?: string) =>
      [
        ...rendered({ media }, { timezone: 'UTC', language: 'en', ...(server && { server }) }).matchAll(
          / (?:src|poster)="([^"]*)"/g,
        ),
      ].map(([, at]) => at);
    const from = (base: string) => [
      ...['a.svg', 'b.png', 'b.mp4', 'b.vtt', 'c.png'].map((file) => `${base}/assets/${file}`),
      'https://a.example/http://b.example/d.png',
    ];
    expect(loaded()).toEqual(from(''));
    expect(loaded('https://live.example.org')).toEqual(from('https://live.example.org'));
    expect(loaded('http://localhost:4000/live')).toEqual(from('http://localhost:4000'));
    expect(loaded('http://[::1]/live')).toEqual(from('http://[::1]'));
  });

  it('never takes the path of the server’s own media for another host', () => {
    const image = { type: 'image', url: 'http://127.0.0.1:4000//b.example/a.png', alt: 'A' } as const;
    for (const server of [undefined, 'https://live.example.org'])
      expect(rendered({ media: [image] }, { timezone: 'UTC', language: 'en', ...(server && { server }) })).toContain(
        ` src="${server ?? ''}/b.example/a.png"`,
      );
  });

  it('shows the host that a link leads to, whatever comes before the host', () => {
    for (const url of [
      'https://a.example',
      'https://b.example@a.example/x',
      'https://b.example@a.example\\x',
      'HTTPS://a.example?@b.example',
    ])
      expect(textOf(rendered({ media: [{ type: 'link', url, title: 'T' }] }))).toContain(' T a.example ');
  });

  it('marks links as nofollow and user content, and loads pictures without a referrer', () => {
    const url = 'https://a.example/';
    const html = rendered({
      authors: [{ name: 'A', url }],
      media: [
        { type: 'image', url, alt: 'I' },
        { type: 'link', url, title: 'T', image: url },
      ],
    });
    expect(html.match(/<a href="https:[^>]*>/g)).toEqual(Array(2).fill(`<a href="${url}" rel="noopener nofollow ugc">`));
    const images = html.match(/<img [^>]*>/g) ?? [];
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toContain('referrerpolicy="no-referrer"');
  });
});

describe('the summary of a channel', () => {
  it('is shown above the posts, unless it is pinned', () => {
    const summary = aPost({ kind: 'summary', html: '<p>So far.</p>' });
    const shown = { channel: aChannel(), posts: [summary], keyEvents: [], summary, pinned: null };
    expect(textOf(renderRegion('summary', shown, '').text)).toContain('So far.');
    expect(renderRegion('summary', { ...shown, pinned: summary }, '').text).toBe('');
  });
});

describe('the media of a post', () => {
  const server = 'https://live.example.org';
  const file = (name: string, mimeType: string, width: number) => ({ url: `${server}/media/fire/id/${name}`, mimeType, width });
  const renditions = [
    file('400.webp', 'image/webp', 400),
    file('400.jpg', 'image/jpeg', 400),
    file('800.webp', 'image/webp', 800),
  ];
  const picture: Media = {
    type: 'image',
    url: `${server}/media/fire/id/400.jpg`,
    alt: 'A quay',
    width: 800,
    height: 600,
    renditions,
  };
  const video: Media = { type: 'video', url: 'https://a.example/a.mp4' };

  it('have each file of an uploaded picture by type, and a plain picture for browsers that know neither', () => {
    const html = rendered({ media: [picture] });
    expect(html).toMatch(
      /<source type="image\/webp" sizes="[^"]*" srcset="\S*\/400\.webp 400w, \S*\/800\.webp 800w"><source type="image\/jpeg" sizes="[^"]*" srcset="\S*\/400\.jpg 400w"><img src="\S*\/400\.jpg" alt="A quay" width="800" height="600"/,
    );
    expect(html).not.toContain('gallery');
    expect(rendered({ media: [{ ...picture, renditions: undefined }] })).not.toContain('<picture>');
  });

  it('say in quarters where the focus of a picture is', () => {
    const withFocus = (x: number, y: number) => rendered({ media: [{ ...picture, focus: { x, y } }] });
    expect(withFocus(0.1, 0.6)).toContain('height="600" class="x0 y2" loading');
    expect(withFocus(1, 0.13)).toContain('class="x4 y1"');
    expect(withFocus('"><script>' as never, null as never)).toContain('class="xNaN y0"');
    expect(rendered({ media: [picture] })).not.toContain('class="x');
  });

  it('are a gallery if several of them are pictures, each a link to its file', () => {
    const html = rendered({ media: [picture, video, { ...picture, alt: 'A pier' }] });
    expect(html).toContain('<div class="media gallery">');
    expect(html.match(/<a href="\S*\/400\.jpg" rel="noopener"><picture>/g)).toHaveLength(2);
    expect(rendered({ media: [picture, video] })).not.toContain('gallery');
  });

  it('have a player for a sound, in the card of its link', () => {
    const audio = { url: 'https://a.example/a.m4a', mimeType: 'audio/mp4' };
    const html = rendered({ media: [{ type: 'link', url: 'https://a.example/', title: 'On the radio', audio }] });
    expect(html).toContain('<audio controls preload="none" src="https://a.example/a.m4a"></audio></aside>');
    const hostileAudio = { ...audio, url: 'javascript:alert(1)' };
    expect(rendered({ media: [{ type: 'link', url: 'https://a.example/', title: 'T', audio: hostileAudio }] })).not.toContain(
      'audio',
    );
  });

  it('offer a post of another site only where the page may show it, and stay links elsewhere', () => {
    const link = (embed: object): Media[] => [{ type: 'link', url: 'https://a.example/', title: 'T', embed } as Media];
    const youtube = link({ provider: 'youtube', id: 'dQw4w9WgXcQ' });
    const setting = { timezone: 'UTC', language: 'en', embeds: { youtube: 'YouTube', 'social.example': 'social.example' } };
    expect(rendered({ media: youtube }, setting)).toContain(
      '<a class="action" href="https://a.example/" rel="noopener" data-embed="youtube dQw4w9WgXcQ">Show the content from YouTube</a>',
    );
    const toot = (host: string) => rendered({ media: link({ provider: 'mastodon', id: `${host}/@ada/1` }) }, setting);
    expect(toot('social.example')).toContain('data-embed="mastodon social.example/@ada/1">Show the content from social.example<');
    expect(toot('other.example')).not.toContain('data-embed');
    for (const provider of ['vimeo', 'hologram', 'constructor'])
      expect(rendered({ media: link({ provider, id: '1' }) }, setting)).not.toContain('data-embed');
    expect(rendered({ media: youtube })).not.toContain('data-embed');
  });
});
