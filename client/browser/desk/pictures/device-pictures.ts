import { newKey } from '../../../lib/ids.ts';
import { picturesMostBytes } from '../outbox/outbox-limits.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import type { Change } from '../outbox/stored-entry.ts';
import { bytesOf, type DevicePicture, type DevicePictures, PicturesFull } from './device-picture.ts';
import { deviceAddress } from './uploads/pictures-in-writes.ts';

export interface DevicePicturesParts {
  ownerKey: string;
  store: Pick<OutboxStore, 'pictureFile'>;
  all(): readonly DevicePicture[];
  progress: ReadonlyMap<string, number>;
  now(): number;
  /** Changes the store, then this tab and the others. Rejects if the change could not be stored. */
  change(decide: (pictures: readonly DevicePicture[]) => Change): Promise<unknown>;
}

export function devicePictures({ ownerKey, store, all, progress, now, change }: DevicePicturesParts): DevicePictures {
  return {
    get all() {
      return all();
    },
    progressOf: (id) => progress.get(id),
    async add(channelId, file) {
      const id = newKey();
      const bytes = await file.arrayBuffer();
      const { type, size } = file;
      const upload = { at: 'waiting' } as const;
      const picture: DevicePicture = { id, ownerKey, channelId, type, bytes: size, addedAt: now(), upload };
      await change((pictures) => {
        if (bytesOf(pictures) + size > picturesMostBytes) throw new PicturesFull();
        return { putPictures: [picture], putFiles: [{ id, bytes }] };
      });
      return deviceAddress(id);
    },
    async fileOf(id) {
      const picture = all().find((one) => one.id === id);
      const file = picture && (await store.pictureFile(id));
      return file && new Blob([file.bytes], { type: picture.type });
    },
    async retry(id) {
      await change((pictures) => ({
        putPictures: pictures.filter((one) => one.id === id).map((one) => ({ ...one, upload: { at: 'waiting' } })),
      }));
    },
    async crop(id, crop) {
      await change((pictures) => ({
        putPictures: pictures
          .filter((one) => one.id === id)
          .map(({ crop: _before, ...one }) => ({ ...one, ...(crop && { crop }), upload: { at: 'waiting' } })),
      }));
    },
    async remove(ids) {
      await change(() => ({ removePictures: [...ids] }));
    },
  };
}
