import type { Problem } from '../../../../src/protocol/problems.ts';
import type { Crop } from './cropping/crop.ts';

/** A picture on this device, without its bytes. It belongs to its author, as drafts and entries of the outbox do. */
export interface DevicePicture {
  id: string;
  ownerKey: string;
  /** The coverage whose posts may name it. */
  channelId: string;
  /** The media type that the device gave it. May be empty. */
  type: string;
  bytes: number;
  /** Milliseconds since 1970, of this device's clock. */
  addedAt: number;
  /** The part that is uploaded. Undefined: all of it. The file on the device stays whole. */
  crop?: Crop;
  upload: PictureUpload;
}

/**
 *              the server has it               a post that names it is refused, because the
 *   waiting ──────────────────────► uploaded ── server has forgotten it ──► waiting
 *    │   ▲
 *    ▼   │ its author tries again
 *   refused
 */
export type PictureUpload =
  /** It is uploaded in its turn. `problem`: why the last attempt failed, if the server said so. */
  | { at: 'waiting'; problem?: Problem }
  /** `url`: `media:` and an id. */
  | { at: 'uploaded'; url: string; width: number | null; height: number | null }
  | { at: 'refused'; problem: Problem };

/** The bytes of a picture, as they were added. */
export interface PictureFile {
  id: string;
  bytes: ArrayBuffer;
}

/** The pictures of the signed-in author on this device. */
export interface DevicePictures {
  /** Oldest first. */
  readonly all: readonly DevicePicture[];
  /** The share of a picture that is uploaded already, 0 to 1. Undefined if it is not being uploaded. */
  progressOf(id: string): number | undefined;
  /** Resolves once its bytes are on this device, with its address. Rejects with `PicturesFull`, or if it cannot be stored. */
  add(channelId: string, file: Blob): Promise<string>;
  /** Undefined if it is no longer on this device. */
  fileOf(id: string): Promise<Blob | undefined>;
  /** Uploads a refused picture again. */
  retry(id: string): Promise<void>;
  /** Chooses the part that is uploaded, also after an upload. Undefined: all of it. */
  crop(id: string, crop: Crop | undefined): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}

/** There is no room for another picture on this device. */
export class PicturesFull extends Error {
  constructor() {
    super('The pictures on this device have reached their limit.');
    this.name = 'PicturesFull';
  }
}

export function bytesOf(pictures: readonly DevicePicture[]): number {
  return pictures.reduce((sum, { bytes }) => sum + bytes, 0);
}
