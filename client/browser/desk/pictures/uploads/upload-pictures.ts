import { problem } from '../../../../../src/protocol/problems.ts';
import { apiPath } from '../../../../lib/author-requests.ts';
import { backoffMs, connectBackoff } from '../../../../lib/backoff.ts';
import type { HttpRequest, HttpResponse } from '../../../../lib/http.ts';
import { bodyWithField, isObject, ProblemError } from '../../../../lib/http.ts';
import { outcomeOfError } from '../../outbox/attempt-outcome.ts';
import type { Clock } from '../../outbox/clock.ts';
import type { OutboxStore } from '../../outbox/outbox-store.ts';
import type { Owner, StoredEntry } from '../../outbox/stored-entry.ts';
import { createWorkLoop } from '../../outbox/work-loop.ts';
import type { Crop } from '../cropping/crop.ts';
import type { DevicePicture, PictureUpload } from '../device-picture.ts';
import { type ScalingGoal, slowBytesPerSecond, slowGoal, timedBytes, usualGoal } from '../scaling/scaling-limits.ts';

/**
 * Uploads the pictures of one author, in the one tab that sends: one at a time, oldest first. The server answers the same bytes with
 * the same medium, so an upload whose outcome is unknown is repeated.
 */
export interface Uploader {
  /** Uploads until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Something has changed: looks what there is to upload. `again`: does not wait for the end of a pause. */
  wake(again?: boolean): void;
}

/** Sends a request and tells the share of it that has been sent. Throws like `Http.request`. */
export type Send = (request: HttpRequest, onProgress: (share: number) => void, signal: AbortSignal) => Promise<HttpResponse>;

export interface UploaderParts {
  owner: Owner;
  store: OutboxStore;
  send: Send;
  /** Makes the file that is uploaded. Rejects if it cannot be cropped. */
  prepare(file: Blob, crop: Crop | undefined, goal: ScalingGoal): Promise<Blob>;
  /** Whether the browser says so. */
  isConnectionSlow(): boolean;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  isOnline(): boolean;
  /** Pictures have changed in the store. */
  onChange(): void;
  /** `share`: of the picture that has been sent. Undefined: it is not being sent any more. */
  onProgress(id: string, share: number | undefined): void;
}

/** The parts that only a browser has. */
export type Environment = 'send' | 'prepare' | 'isConnectionSlow';

export function createUploader(parts: UploaderParts): Uploader {
  const { owner, store, send, prepare, isConnectionSlow, clock, random, isOnline, onChange, onProgress } = parts;
  let failures = 0;
  let pausedAt = 0;
  let notBefore = 0;
  /** The speed of the last upload. */
  let bytesPerSecond = Number.POSITIVE_INFINITY;
  /** The last file that was made, because an upload may need several attempts. */
  let prepared: { picture: DevicePicture; file: Blob } | undefined;
  const loop = createWorkLoop(clock, uploadAll);

  return {
    run: loop.run,
    wake(again = false) {
      if (again) {
        failures = 0;
        notBefore = 0;
      }
      loop.wake();
    },
  };

  /** Returns when there is something to upload later. */
  async function uploadAll(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted && isOnline()) {
      const now = clock.now();
      // A clock that was set back ends the pause.
      if (notBefore > now && now >= pausedAt) return notBefore;
      try {
        const { entries, pictures } = await store.read();
        const next = pictures.find(({ upload, channelId }) => upload.at === 'waiting' && !isToBeOpened(channelId, entries));
        if (next === undefined) return undefined;
        await upload(next, signal);
      } catch (error) {
        console.warn('The outcome of an upload could not be recorded.', error);
        pause();
      }
    }
    return undefined;
  }

  async function upload(picture: DevicePicture, signal: AbortSignal): Promise<void> {
    const { id, channelId } = picture;
    try {
      const file = await fileToSend(picture);
      if (file === undefined) return await record(picture, { at: 'refused', problem: problem('media-unreadable') });
      const request: HttpRequest = {
        method: 'POST',
        path: `${apiPath(channelId)}/media`,
        headers: { 'content-type': file.type || 'application/octet-stream', 'pressbox-owner-key': owner.ownerKey },
        body: file,
        timeoutMs: uploadTimeoutMs,
      };
      onProgress(id, 0);
      const began = clock.now();
      const follow = (share: number) => {
        // After the last byte the server works.
        if (share === 1 && file.size >= timedBytes) bytesPerSecond = (1_000 * file.size) / Math.max(1, clock.now() - began);
        onProgress(id, share);
      };
      const answer = await send(request, follow, signal);
      const { media } = bodyWithField<{ media: unknown }>('media', answer);
      if (!isObject(media) || typeof media.url !== 'string') throw new Error('The answer names no medium.');
      failures = 0;
      await record(picture, { at: 'uploaded', url: media.url, width: sizeOf(media.width), height: sizeOf(media.height) });
      prepared = undefined;
    } catch (error) {
      const outcome = outcomeOfError(error);
      if (outcome.is === 'refused' || outcome.is === 'moved') {
        await record(picture, { at: 'refused', problem: outcome.problem });
      } else {
        pause(outcome.is === 'later' ? outcome.retryAfterMs : 0);
        const isTold = error instanceof ProblemError && outcome.is === 'later';
        if (isTold) await record(picture, { at: 'waiting', problem: error.problem });
      }
    } finally {
      onProgress(id, undefined);
    }
  }

  /** Undefined if the file is gone, as that of a picture that was removed a moment ago. */
  async function fileToSend(picture: DevicePicture): Promise<Blob | undefined> {
    if (prepared !== undefined && isSame(prepared.picture, picture)) return prepared.file;
    const stored = await store.pictureFile(picture.id);
    if (stored === undefined) return undefined;
    const original = new Blob([stored.bytes], { type: picture.type });
    const isSlow = isConnectionSlow() || bytesPerSecond < slowBytesPerSecond;
    const file = await prepare(original, picture.crop, isSlow ? slowGoal : usualGoal).catch((error: unknown) => {
      console.warn('The picture could not be prepared.', error);
      throw new ProblemError(problem('media-unreadable'));
    });
    prepared = { picture, file };
    return file;
  }

  /** Nothing is recorded of a picture that was removed or cropped meanwhile. */
  async function record(picture: DevicePicture, upload: PictureUpload): Promise<void> {
    await store.change((_entries, pictures) => ({
      change: { putPictures: pictures.filter((one) => isSame(one, picture)).map((one) => ({ ...one, upload })) },
    }));
    onChange();
  }

  function pause(atLeastMs = 0): void {
    pausedAt = clock.now();
    notBefore = pausedAt + backoffMs(failures, random(), connectBackoff, atLeastMs);
    failures += 1;
  }
}

/** Whether the coverage does not exist yet, because this device has not sent it. */
function isToBeOpened(channelId: string, entries: readonly StoredEntry[]): boolean {
  return entries.some((entry) => entry.pending === 1 && entry.channelId === channelId && entry.write.type === 'create-channel');
}

function isSame(one: DevicePicture, other: DevicePicture): boolean {
  return one.id === other.id && JSON.stringify(one.crop) === JSON.stringify(other.crop);
}

function sizeOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** An attempt to upload fails after this long. Nothing is answered before the whole file has arrived. */
const uploadTimeoutMs = 30 * 60 * 1_000;
