import { expect, it, onTestFinished, vi } from 'vitest';
import { loadLastVisit, saveLastVisit } from '../../../client/browser/page/last-visit.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';

it('what a page stores of a visit has ids and a cursor, and no text of a post', () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => stored.set(key, text),
  };
  vi.stubGlobal('localStorage', storage);
  onTestFinished(() => void vi.unstubAllGlobals());
  const post = { id: 'post', seq: 7, headline: 'A headline of the post', html: '<p>A text of the post</p>' };
  const timeline = { cursor: 'c.7', channel: { headline: 'A headline of the post' }, posts: [post] } as unknown as Timeline;
  saveLastVisit('fire', timeline, { at: 1, newest: 7, seen: new Map([['post', 2]]) });
  expect(loadLastVisit('fire')).toMatchObject({ cursor: 'c.7', newest: 7, seen: new Map([['post', 2]]) });
  expect([...stored.values()].join()).not.toContain('of the post');
});
