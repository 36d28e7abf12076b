import { describe, expect, it } from 'vitest';
import { holds } from '../../../../client/browser/desk/outbox/lookup.ts';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { undo } from '../../../../client/browser/desk/outbox/transitions.ts';
import type { PictureUpload } from '../../../../client/browser/desk/pictures/device-picture.ts';
import { Device, done, postId, publication, refusalOf, revision, unknown } from './device-outbox.ts';

/** The rules of the outbox for writes that name pictures of this device. */

const withPicture = (at: number, ...pictures: string[]): Write => ({
  type: 'publish',
  channelId: 'eclipse',
  post: {
    id: postId(at),
    body: `Post ${at}.`,
    media: pictures.map((id) => ({ type: 'image', url: `device:${id}`, alt: '', decorative: true })),
  },
});
const uploaded = (id: string): PictureUpload => ({ at: 'uploaded', url: `media:${id.padEnd(22, 'x')}`, width: 4, height: 3 });
const unknownUpload = refusalFor('media[0].url');

function refusalFor(path: string) {
  return () => refusalOf('invalid-body', { errors: [{ path, message: 'Must name an upload of this channel.' }] });
}

describe('a post with a picture of this device', () => {
  it('steps aside until all of its pictures are uploaded, and then has their references in its bytes', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    device.picture('two', uploaded('two'));
    const first = device.add(withPicture(1, 'one', 'two'));
    const later = device.add(publication(2));
    expect(device.next()).toBe(`send ${later}`);
    device.attempt(done);
    expect(device.next()).toBe('nothing');
    device.picture('one', uploaded('one'));
    expect(device.next()).toBe(`send ${first}`);
    device.attempt(unknown);
    const { media } = JSON.parse(device.entry(first).request.body ?? '');
    expect(media).toEqual(['one', 'two'].map((id) => ({ type: 'image', url: `media:${id.padEnd(22, 'x')}`, alt: '' })));
    expect(device.entry(first).write).toEqual(withPicture(1, 'one', 'two'));
  });

  it('is left to newer tabs while it waits, and known to older ones once its bytes are final', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const id = device.add(withPicture(1, 'one'));
    expect(device.entry(id).format).toBe(2);
    device.picture('one', uploaded('one'));
    device.attempt(unknown);
    expect(device.entry(id).format).toBe(1);
  });

  it('waits again if the server has forgotten its picture, and is refused if that goes on', () => {
    const device = new Device();
    device.picture('one', uploaded('one'));
    const id = device.add(withPicture(1, 'one'));
    for (let round = 0; round < 3; round += 1) {
      device.attempt(unknownUpload());
      expect(device.state(id)).toEqual({ at: 'saved' });
      expect(device.pictures).toMatchObject([{ id: 'one', upload: { at: 'waiting' } }]);
      expect(device.next()).toBe('nothing');
      expect(undo(device.entries, id).write).toEqual(withPicture(1, 'one'));
      device.picture('one', uploaded('again'));
    }
    device.attempt(unknownUpload());
    expect(device.state(id)).toMatchObject({ at: 'refused' });
  });

  const link = { type: 'link', url: 'https://example.org/eclipse', title: 'The path' } as const;
  const alt = 'A crater';
  it.each<{ write: Write; named: string; sent: object }>([
    {
      write: {
        type: 'publish',
        channelId: 'eclipse',
        post: { id: postId(1), media: [link, { ...link, image: 'device:one' }] },
      },
      named: 'media[1].image',
      sent: { media: [link, { ...link, image: `media:${'one'.padEnd(22, 'x')}` }] },
    },
    {
      write: { type: 'update-channel', channelId: 'eclipse', expected: 3, patch: { picture: { url: 'device:one', alt } } },
      named: 'picture.url',
      sent: { picture: { url: `media:${'one'.padEnd(22, 'x')}`, alt } },
    },
  ])('waits and has its reference too where it is the $named', ({ write, named, sent }) => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const id = device.add(write);
    expect(device.next()).toBe('nothing');
    for (let round = 0; round < 2; round += 1) {
      device.picture('one', uploaded('one'));
      expect(device.next()).toBe(`send ${id}`);
      device.attempt(refusalFor(named)());
      expect(device.pictures).toMatchObject([{ id: 'one', upload: { at: 'waiting' } }]);
    }
    device.picture('one', uploaded('one'));
    device.attempt(unknown);
    expect(JSON.parse(device.entry(id).request.body ?? '')).toMatchObject(sent);
  });

  it('is found on the server by the address that the upload has there', () => {
    const id = 'one'.padEnd(22, 'x');
    const address = `https://live.example.org/media/eclipse/${id}/800.jpg`;
    const given = { media: [{ ...link, image: `media:${id}` }] };
    expect(holds({ media: [{ ...link, image: address }] }, given)).toBe(true);
    expect(holds({ media: [{ ...link, image: address.replace(id, 'another') }] }, given)).toBe(false);
    expect(holds({ media: [link] }, given)).toBe(false);
    const image = { type: 'image', url: 'https://example.org/pier.jpg', alt: '' };
    expect(holds({ media: [image] }, { media: [{ ...image, decorative: true }] })).toBe(true);
  });

  it('keeps the posts that build on it waiting, and is given back with its picture', () => {
    const device = new Device();
    device.picture('one', { at: 'waiting' });
    const first = device.add(withPicture(1, 'one'));
    device.add(revision(1));
    expect(device.next()).toBe('nothing');
    expect(undo(device.entries, first).write).toEqual(withPicture(1, 'one'));
  });
});
