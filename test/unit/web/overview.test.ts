import { describe, expect, it } from 'vitest';
import { renderKeyEvents, renderPinned, renderSummary, summaryAbove } from '../../../client/browser/view/page/overview.ts';
import { listed } from '../../../client/browser/view/page/page.ts';
import type { ReaderPost } from '../../../src/protocol/model.ts';
import { aChange, aChannel, aPost } from '../../support/samples/samples.ts';

const setting = { timezone: 'UTC', language: 'en' };
const around = { channel: aChannel(), posts: [], keyEvents: [] };

const summaryOf = (html: string) => {
  const { text } = renderSummary({ ...around, pinned: null, summary: aPost({ html }) }, setting);
  return /<div class="body brief">(.*?)<\/div><details>/s.exec(text)?.[1];
};
const pinnedOf = (fields: Partial<ReaderPost>) =>
  renderPinned({ ...around, summary: null, pinned: aPost(fields) }, setting).text.replace(/<article.*/s, '');

describe('the summary above the posts', () => {
  it('has the first three items of its first list', () => {
    const items = ['One', 'Two &amp; more', '<strong>Three</strong>', 'Four'].map((item) => `<li>${item}</li>\n`);
    const three = items.slice(0, 3).join('').replaceAll('<li>', '<li dir="auto">');
    expect(summaryOf(`<p>Before.</p>\n<ul>\n${items.join('')}</ul>\n<p>After.</p>\n`)).toBe(`<ul>${three}</ul>`);
    expect(summaryOf(`<ol start="3">\n${items.join('')}</ol>\n`)).toBe(`<ol start="3">${three}</ol>`);
  });

  it('ends before an item that contains a list', () => {
    const nested = '<ul>\n<li>One</li>\n<li>Two<ul>\n<li>Inner</li>\n</ul>\n</li>\n</ul>\n';
    expect(summaryOf(nested)).toBe('<ul><li dir="auto">One</li>\n</ul>');
  });

  it('has the first 300 characters without a list, up to the end of a word', () => {
    expect(summaryOf('<p>All is <em>well</em> &amp; quiet.</p>\n')).toBe('<p>All is well &amp; quiet.</p>');
    const start = `<p>${'Water &amp; wind. '.repeat(21)}Water…</p>`;
    expect(summaryOf(`<p>${'Water &amp; wind. '.repeat(40)}</p>\n`)).toBe(start);
    expect(summaryOf(`<p>${'水'.repeat(400)}</p>\n`)).toBe(`<p>${'水'.repeat(300)}…</p>`);
  });

  it('is the post at its permanent address, and not in the list of posts', () => {
    const [summary, next] = [aPost({ id: 'summary', seq: 2, kind: 'summary' }), aPost({ id: 'next', seq: 1 })];
    const shown = { ...around, pinned: null, summary };
    expect(renderSummary(shown, setting).text).toContain('<article class="post summary" id="post-summary"');
    expect(listed([summary, next], summaryAbove(shown)?.id)).toEqual([next]);
  });

  it('says in short that it was corrected', () => {
    const summary = aPost({ kind: 'summary', history: [aChange('correction', 'It was 14.')] });
    const short = (post: ReaderPost) =>
      renderSummary({ ...around, pinned: null, summary: post }, setting).text.replace(/<article.*/s, '');
    expect(short(summary)).toContain(' · <strong class="label">Correction</strong></summary>');
    expect(short({ ...summary, history: [aChange('update', null)] })).not.toContain('class="label"');
  });

  it('is left out if a permanent link led to the summary, which is then in the list', () => {
    const summary = aPost({ id: 'summary', kind: 'summary' });
    const shown = { ...around, pinned: null, summary, marked: 'summary' };
    expect(renderSummary(shown, setting).text).toBe('');
    expect(listed([summary], summaryAbove(shown)?.id)).toEqual([summary]);
  });

  it('is left out if the summary is pinned', () => {
    const post = aPost();
    expect(renderSummary({ ...around, pinned: post, summary: post }, setting).text).toBe('');
  });
});

describe('the key events above the posts', () => {
  const keyEvents = ['2026-11-25T01:00', '2026-11-25T00:30', '2026-11-24T23:30', '2026-11-24T22:00', '2026-11-23T12:00'].map(
    (at, seq) => ({ id: aPost({ seq }).id, seq, headline: `Event ${seq}`, publishedAt: `${at}:00.000Z` }),
  );
  const textOf = (events: typeof keyEvents, timezone = 'UTC') =>
    renderKeyEvents({ ...around, pinned: null, summary: null, keyEvents: events }, { ...setting, timezone })
      .text.replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ');

  it('show each day once if they are from more than one', () => {
    expect(textOf(keyEvents)).toMatch(
      /Wednesday, November 25, 2026 01:00 UTC Event 0 00:30 UTC Event 1 Tuesday, November 24, 2026 23:30 UTC Event 2 .* 22:00 UTC Event 3 Monday, November 23, 2026 12:00 UTC Event 4/,
    );
  });

  it('show no day if all are from one day in the time zone of the page', () => {
    expect(textOf(keyEvents.slice(0, 2))).not.toContain('2026');
    expect(textOf(keyEvents.slice(0, 3), 'Europe/Oslo')).not.toContain('2026');
    expect(textOf(keyEvents.slice(0, 3))).toContain('2026');
  });
});

describe('the pinned post above the posts', () => {
  it('shows its headline, the start of its text and its first picture before it is unfolded', () => {
    const image = { type: 'image', url: 'https://example.org/a.jpg', alt: 'A quay', caption: 'The quay' } as const;
    const link = { type: 'link', url: 'https://example.org', title: 'Tides' } as const;
    const text = pinnedOf({ headline: 'The <dyke> holds', html: '<p>For twenty minutes.</p>', media: [link, image] });
    expect(text).toContain('<strong class="headline" dir="auto">The &lt;dyke&gt; holds</strong>');
    expect(text).toContain('<span class="opening" dir="auto">For twenty minutes.</span>');
    expect(text).toContain('<img class="thumb" src="https://example.org/a.jpg" alt="" loading="lazy"');
    expect(text).not.toContain('The quay');
  });

  it('has no picture from an address that is not on the web, and no headline if the post has none', () => {
    const text = pinnedOf({ headline: null, media: [{ type: 'image', url: 'data:,', alt: '' }] });
    expect(text).not.toContain('<img');
    expect(text).not.toContain('headline');
  });
});
