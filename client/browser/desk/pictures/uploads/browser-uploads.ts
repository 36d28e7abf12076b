import { scalePicture } from '../scaling/scale-picture.ts';
import { isConnectionSlow } from './connection-speed.ts';
import { createUploader, type Environment, type Uploader, type UploaderParts } from './upload-pictures.ts';
import { sendFile } from './upload-request.ts';

/** The part of the desk that uploads pictures. The outbox loads it once there is one. */
export function browserUploader(parts: Omit<UploaderParts, Environment>): Uploader {
  return createUploader({
    ...parts,
    send: sendFile,
    isConnectionSlow: () => isConnectionSlow(),
    prepare: async (file, crop, goal) => (await scalePicture(file, crop, goal)).blob,
  });
}
