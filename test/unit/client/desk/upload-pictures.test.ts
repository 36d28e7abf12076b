import { expect, it } from 'vitest';
import { memoryStore } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import type { DevicePicture } from '../../../../client/browser/desk/pictures/device-picture.ts';
import { createUploader } from '../../../../client/browser/desk/pictures/uploads/upload-pictures.ts';

/** Uploads one picture whose file `lose` takes away just before it is read, and returns what was sent and stored. */
async function uploadAfter(lose: (store: ReturnType<typeof memoryStore>, id: string) => Promise<unknown>) {
  const store = memoryStore();
  const picture: DevicePicture = {
    id: 'p1',
    ownerKey: 'ada',
    channelId: 'harbour-fire',
    type: 'image/jpeg',
    bytes: 3,
    addedAt: 0,
    upload: { at: 'waiting' },
  };
  await store.change(() => ({ change: { putPictures: [picture] } }));
  const sent: string[] = [];
  const ended = new AbortController();
  const uploader = createUploader({
    owner: { ownerKey: 'ada', sub: 'ada', name: 'Ada' },
    store: {
      ...store,
      async pictureFile(id) {
        await lose(store, id);
        return await store.pictureFile(id);
      },
    },
    async send({ path }) {
      sent.push(path);
      throw new Error('Nothing is to be sent.');
    },
    prepare: async (file) => file,
    isConnectionSlow: () => false,
    clock: { now: Date.now, alarm: () => () => {} },
    random: () => 0,
    isOnline: () => true,
    onChange: () => ended.abort(),
    onProgress: () => {},
  });
  await uploader.run(ended.signal);
  return { sent, stored: (await store.read()).pictures.map(({ upload }) => upload) };
}

it('sends nothing of a picture that its author removes at that moment', async () => {
  const removed = await uploadAfter((store, id) => store.change(() => ({ change: { removePictures: [id] } })));
  expect(removed).toEqual({ sent: [], stored: [] });
});

it('refuses a picture whose bytes are gone from the device', async () => {
  const { sent, stored } = await uploadAfter(async () => {});
  expect(sent).toEqual([]);
  expect(stored).toMatchObject([{ at: 'refused', problem: { code: 'media-unreadable' } }]);
});
