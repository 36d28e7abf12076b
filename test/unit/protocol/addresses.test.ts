import { describe, expect, it } from 'vitest';
import { channelAddress, onServer, pageFrom, permanentLink, postPath } from '../../../src/protocol/addresses.ts';

const postId = '01980f0e-5a00-7a10-8c00-5b1d6f0a0001';
const here = { id: 'moon', url: null };
const elsewhere = (url: string) => ({ id: 'moon', url });

describe('the permanent link of a post', () => {
  it('is its page on the server, below the path of the public URL', () => {
    expect(permanentLink(here, postId, 'https://live.example')).toBe(`https://live.example/live/moon/${postId}`);
    expect(permanentLink(here, postId, 'https://news.example/live')).toBe(`https://news.example/live/live/moon/${postId}`);
    expect(postPath('moon', postId)).toBe(`/live/moon/${postId}`);
  });

  it("is a fragment of the newsroom's page if the channel has one, and replaces any other fragment", () => {
    for (const url of ['https://news.example/moon?edition=uk', 'https://news.example/moon?edition=uk#top']) {
      expect(permanentLink(elsewhere(url), postId, 'https://live.example')).toBe(
        `https://news.example/moon?edition=uk#post-${postId}`,
      );
    }
  });
});

describe('the address of a channel', () => {
  it("is the newsroom's page unchanged, or otherwise its page on the server", () => {
    expect(channelAddress(elsewhere('https://news.example/moon#top'), 'https://live.example')).toBe(
      'https://news.example/moon#top',
    );
    expect(channelAddress(here, 'https://live.example')).toBe('https://live.example/live/moon');
    expect(pageFrom('moon', 7)).toBe('/live/moon?before=8');
    expect(onServer('/', 'http://127.0.0.1:4000')).toBe('http://127.0.0.1:4000/');
    expect(onServer('/docs', 'https://news.example/live/')).toBe('https://news.example/live/docs');
  });
});
