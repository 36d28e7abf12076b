import { trustedScalingWorkerUrl } from '../../app/trusted-types.ts';
import type { Crop } from '../cropping/crop.ts';
import type { ScaledPicture, ScalingTask } from './scaled-picture.ts';
import { type ScalingGoal, scalingMs, usualGoal } from './scaling-limits.ts';

export type { Crop } from '../cropping/crop.ts';

/** The size is that of the upright picture, or 0 × 0 if it is unknown. */
export interface PictureToSend {
  blob: Blob;
  width: number;
  height: number;
}

/** One at a time: a decoded picture takes up to 240 MB. */
let last: Promise<unknown> = Promise.resolve();

/**
 * The picture as it is uploaded: upright, as small as the goal says, without metadata. Moving pictures, files
 * that the browser cannot decode and pictures that are small already stay as they are. A file that cannot be scaled stays as it is
 * too, because the server scales it again. Rejects if `crop` cannot be applied: then the file must not be sent.
 */
export async function scalePicture(file: Blob, crop?: Crop, goal: ScalingGoal = usualGoal): Promise<PictureToSend> {
  const scaling = last
    .then(() => scaleInWorker(file, crop, goal))
    .catch((error: unknown) => console.warn('The worker that scales pictures did not start.', error));
  last = scaling;
  const picture = await scaling;
  if (picture !== undefined) return { ...picture, blob: picture.blob ?? file };
  if (crop !== undefined) throw new Error('The picture could not be cropped.');
  return { blob: file, width: 0, height: 0 };
}

/** Undefined if the picture was not scaled. Ending the worker frees its memory at once. */
async function scaleInWorker(file: Blob, crop: Crop | undefined, goal: ScalingGoal): Promise<ScaledPicture | undefined> {
  const worker = new Worker(trustedScalingWorkerUrl(), { type: 'module' });
  try {
    return await new Promise((resolve) => {
      const timeout = setTimeout(resolve, scalingMs, undefined);
      const settle = (picture: ScaledPicture | undefined) => {
        clearTimeout(timeout);
        resolve(picture);
      };
      worker.addEventListener('message', ({ data }: MessageEvent<ScaledPicture | undefined>) => settle(data));
      worker.addEventListener('error', () => settle(undefined));
      worker.postMessage([file, crop, goal] satisfies ScalingTask);
    });
  } finally {
    worker.terminate();
  }
}
