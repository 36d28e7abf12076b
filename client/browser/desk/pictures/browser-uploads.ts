import { scalePicture } from './scale-picture.ts';
import { createUploader, type Uploader, type UploaderParts } from './upload-pictures.ts';
import { sendFile } from './upload-request.ts';

/** The part of the desk that uploads pictures. The outbox loads it once there is one. */
export function browserUploader(parts: Omit<UploaderParts, 'send' | 'prepare'>): Uploader {
  return createUploader({ ...parts, send: sendFile, prepare: async (file, crop) => (await scalePicture(file, crop)).blob });
}
