import { describe, expect, it } from 'vitest';
import type { ImageMedia, LinkMedia, Media } from '../../../src/protocol/model.ts';
import {
  isReference,
  mediaIdIn,
  mediaIdsIn,
  postWithAddresses,
  postWithReferences,
} from '../../../src/protocol/uploaded-media.ts';

const id = 'kR3vQ0yT9mB2xW7nL5sZ1A';
const channelId = 'storm';
const publicUrl = 'https://news.example/live';
const start = `${publicUrl}/media/${channelId}/${id}`;

const image: ImageMedia = {
  type: 'image',
  url: `media:${id}`,
  alt: 'A bridge',
  credit: 'Ada',
  width: 1600,
  height: 900,
  renditions: [
    { url: `media:${id}/640.jpg`, width: 640, mimeType: 'image/jpeg' },
    { url: `media:${id}/1200.webp`, width: 1200, mimeType: 'image/webp' },
    { url: `media:${id}/1200.jpg`, width: 1200, mimeType: 'image/jpeg' },
    { url: `media:${id}/1600.jpg`, width: 1600, mimeType: 'image/jpeg' },
  ],
};
const card: LinkMedia = { type: 'link', url: 'https://a.example/', title: 'A', image: `media:${id}`, source: 'B' };
const stored: Media[] = [image, { type: 'video', url: `media:${id}`, mimeType: 'video/mp4' }, card];
const shown = (media: readonly Media[], url: string | undefined = publicUrl) =>
  postWithAddresses({ channelId, media }, url).media;
const back = (media: readonly Media[]) => postWithReferences({ channelId, media }, publicUrl).media;

describe('references to uploaded media', () => {
  it('become addresses, and the address of a picture is the JPEG nearest to 1,200 pixels', () => {
    const [picture, video] = shown(stored) as [ImageMedia, Media];
    expect(picture.url).toBe(`${start}/1200.jpg`);
    expect(picture.renditions?.map(({ url }) => url)).toEqual(
      ['640.jpg', '1200.webp', '1200.jpg', '1600.jpg'].map((name) => `${start}/${name}`),
    );
    expect(video.url).toBe(`${start}/video.mp4`);
  });

  it('become the address of a smaller picture in the card of a link, and count as its uploads', () => {
    const [, , link] = shown(stored);
    expect(link).toEqual({ ...card, image: `${start}/800.jpg` });
    expect(shown([{ ...card, image: `media:${id}/640.jpg` }])).toEqual([{ ...card, image: `${start}/640.jpg` }]);
    expect(mediaIdsIn([card])).toEqual([id]);
  });

  it('are the same byte for byte after both directions', () => {
    const other: ImageMedia = { ...image, url: `media:${id}/640.jpg` };
    for (const media of [stored, [other], [{ ...card, image: `media:${id}/640.jpg` }]])
      expect(JSON.stringify(back(shown(media)))).toBe(JSON.stringify(media));
  });

  it('leave media elsewhere and in other channels alone', () => {
    const strange: Media[] = [
      { type: 'image', url: 'https://pictures.example/a.jpg', alt: '' },
      { type: 'image', url: `${publicUrl}/media/other/${id}/1200.jpg`, alt: '' },
      { type: 'image', url: `${start}/../x/1200.jpg`, alt: '' },
      { type: 'link', url: 'https://a.example/', title: 'A' },
    ];
    const post = { channelId, media: strange };
    expect(postWithReferences(post, publicUrl)).toBe(post);
    expect(postWithAddresses(post, publicUrl)).toBe(post);
  });

  it('stay without a public address', () => {
    expect(postWithAddresses({ channelId, media: stored }, undefined).media).toBe(stored);
  });

  it('are recognised by their form', () => {
    for (const good of [`media:${id}`, `media:${id}/1200.jpg`]) expect(isReference(good)).toBe(true);
    for (const bad of ['media:', 'media:short', `media:${id}/`, `media:${id}/../a`, `media:${id}x`, `https://media:${id}`])
      expect(isReference(bad)).toBe(false);
  });

  it('have an id, as has the address of a file', () => {
    expect(mediaIdIn(`media:${id}`, channelId, publicUrl)).toBe(id);
    expect(mediaIdIn(`${start}/640.jpg`, channelId, publicUrl)).toBe(id);
    expect(mediaIdIn(`${publicUrl}/media/other/${id}/640.jpg`, channelId, publicUrl)).toBeUndefined();
  });
});
