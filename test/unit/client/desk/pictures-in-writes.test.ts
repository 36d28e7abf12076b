import { describe, expect, it } from 'vitest';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { picturesIn, sentWrite } from '../../../../client/browser/desk/pictures/uploads/pictures-in-writes.ts';
import type { Media } from '../../../../src/protocol/model.ts';

/** Writes with pictures of this device: each type, so that a type that is added does not compile before it is here. */

const media: Media[] = [
  { type: 'image', url: 'device:one', alt: '', decorative: true } as Media,
  { type: 'link', url: 'https://example.org/', title: 'The path', image: 'device:two' },
  { type: 'image', url: 'https://example.org/a.jpg', alt: 'A pier' },
];
const picture = { url: 'device:one', alt: '', decorative: true } as { url: string; alt: string };
const about = { channelId: 'eclipse', postId: 'p' };
const revision = { kind: 'update' } as const;
const writes: Record<Write['type'], { write: Write; names: string[] }> = {
  publish: { write: { type: 'publish', channelId: 'eclipse', post: { id: 'p', media } }, names: ['one', 'two'] },
  revise: {
    write: { type: 'revise', ...about, expected: 1, revision: { ...revision, changes: { media } } },
    names: ['one', 'two'],
  },
  retract: { write: { type: 'retract', ...about, note: 'It did not happen.' }, names: [] },
  takedown: { write: { type: 'takedown', ...about, note: null }, names: [] },
  // The server takes uploads only of coverages that exist.
  'create-channel': { write: { type: 'create-channel', channel: { id: 'eclipse', headline: 'Eclipse' } }, names: [] },
  'update-channel': {
    write: { type: 'update-channel', channelId: 'eclipse', expected: 1, patch: { picture } },
    names: ['one'],
  },
};
const uploads = { one: 'media:1', two: 'media:2' };

describe.each(Object.entries(writes))('%s', (_type, { write, names }) => {
  it('waits for every picture that it names', () => expect(picturesIn(write)).toEqual(names));

  it('is sent with the references of its pictures, and with nothing that only this device knows', () => {
    const sent = sentWrite(write, uploads);
    expect(JSON.stringify(sent)).not.toMatch(/device:|decorative/);
    for (const id of names) expect(JSON.stringify(sent)).toContain(uploads[id as keyof typeof uploads]);
    expect(picturesIn(sent)).toEqual([]);
  });
});

it('a write without pictures is sent as it is', () => {
  const change: Write = { type: 'revise', ...about, expected: 1, revision: { ...revision, changes: { body: 'Noon.' } } };
  expect(sentWrite(change, uploads)).toBe(change);
});
