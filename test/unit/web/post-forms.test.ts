import { describe, expect, it } from 'vitest';
import { safe } from '../../../client/browser/view/html.ts';
import { unbroken } from '../../../client/browser/view/post/body.ts';
import { type PostSetting, renderPost } from '../../../client/browser/view/post/post.ts';
import type { Media, ReaderPost } from '../../../src/protocol/model.ts';
import { textOf } from '../../support/attacks/page-text.ts';
import { aPost } from '../../support/samples/samples.ts';

const rendered = (fields: Partial<ReaderPost>, setting: PostSetting = { timezone: 'UTC', language: 'en' }) =>
  renderPost(aPost({ publishedAt: '2026-11-24T14:05:00.000Z', headline: 'H', ...fields }), setting).text;

describe('a post', () => {
  it('keeps a score, a range and a date on one line, and addresses as they are', () => {
    expect(unbroken(safe('<a href="/2-1">2-1</a>, 10–12, 2026-11-24, a-1, 1 - 2')).text).toBe(
      '<a href="/2-1"><span class="score">2-1</span></a>, <span class="score">10–12</span>, <span class="score">2026-11-24</span>, a-1, 1 - 2',
    );
    expect(rendered({ headline: 'Norway 2-1 Sweden' })).toContain('>Norway <span class="score">2-1</span> Sweden</h3>');
  });
});

describe('an analysis', () => {
  const url = 'https://a.example/sara.jpg';
  const authors = [{ name: 'Sara Lindqvist' }, { name: 'Ruth Calder' }];
  const portrait: Media = { type: 'image', url, alt: 'Sara Lindqvist', caption: 'In Oslo' };
  const other: Media = { type: 'image', url: 'https://a.example/quay.jpg', alt: 'A quay' };

  it('shows the picture whose description is the name of an author beside the byline, and only there', () => {
    const post = rendered({ kind: 'analysis', authors, media: [other, portrait] });
    expect(post.match(/<img[^>]*>/g)).toHaveLength(2);
    expect(post).toContain(`<p class="by"><img class="portrait" src="${url}" alt="" `);
    expect(post.match(/<figure/g)).toHaveLength(1);
    expect(rendered({ kind: 'analysis', authors, media: [portrait] })).not.toContain('class="media"');
  });

  it('has its byline once, above the text', () => {
    const text = textOf(rendered({ kind: 'analysis', authors, html: '<p>Body.</p>' }));
    expect(text).toMatch(/Sara Lindqvist , Ruth Calder.*Body\./);
    expect(text.match(/Ruth Calder/g)).toHaveLength(1);
    expect(rendered({ kind: 'analysis', authors: [] })).not.toContain('class="by"');
  });

  it('is the only kind with portraits', () => {
    expect(rendered({ kind: 'breaking', authors, media: [portrait] })).toContain('<figure class="image unsized"><img');
    expect(rendered({ kind: 'analysis', authors: [], media: [portrait] })).not.toContain('portrait');
  });
});

describe('the name of a post', () => {
  const heading = (markup: string) => {
    const [, id] = /aria-labelledby="([^"]+)"/.exec(markup) ?? [];
    const [, tag, text] = new RegExp(`<(h3)[^>]* id="${id}"[^>]*>(.*?)</h3>`).exec(markup) ?? [];
    return [tag, textOf(text ?? '').trim()];
  };

  it('is its headline, and its time if it has none or was withdrawn', () => {
    expect(heading(rendered({}))).toEqual(['h3', 'H']);
    expect(heading(rendered({ headline: null }))).toEqual(['h3', '14:05 UTC']);
    expect(heading(rendered({ status: 'retracted' }))).toEqual(['h3', '14:05 UTC']);
    expect(rendered({}).match(/<h3/g)).toHaveLength(1);
  });

  it('has an id of its own where the post is shown twice', () => {
    const ids = (['list', 'pinned', 'summary'] as const).map(
      (place) => /aria-labelledby="([^"]+)"/.exec(rendered({ id: 'p' }, { timezone: 'UTC', language: 'en', place }))?.[1],
    );
    expect(ids).toEqual(['post-p-name', 'pinned-p-name', 'summary-p-name']);
  });
});
