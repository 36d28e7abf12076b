import type { AudioFile, ImageMedia, LinkMedia, Media, VideoMedia } from '../../protocol/model.ts';

/** Media that are files, for formats with attachments. Links are not files, but one may have a sound. */
export type FileMedia = ImageMedia | VideoMedia | SoundMedia;

/** The sound of a link. */
export interface SoundMedia extends AudioFile {
  type: 'audio';
  caption: string;
}

export function filesOf(media: readonly Media[]): FileMedia[] {
  return media.flatMap((one): FileMedia[] => {
    const sound = one.type === 'link' ? soundOf(one) : undefined;
    if (sound !== undefined) return [sound];
    return one.type === 'image' || one.type === 'video' ? [one] : [];
  });
}

export function soundOf({ audio, title }: LinkMedia): SoundMedia | undefined {
  return audio && { type: 'audio', ...audio, caption: title };
}

/** The media type from the author, or by the file extension; undefined if neither is known. */
export function mediaTypeOf(file: FileMedia): string | undefined {
  if (file.type !== 'image' && file.mimeType !== undefined) return file.mimeType;
  const ending = /\.([a-z0-9]+)$/i.exec(URL.parse(file.url)?.pathname ?? '')?.[1]?.toLowerCase();
  const type = ending === undefined ? undefined : types[ending];
  return type?.startsWith(`${file.type}/`) ? type : undefined;
}

const types: Record<string, string> = {
  avif: 'image/avif',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  svg: 'image/svg+xml',
  webp: 'image/webp',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  mp4: 'video/mp4',
  ogv: 'video/ogg',
  webm: 'video/webm',
};

/** One line for the file: its caption, or the description of a picture. */
export function titleOfFile(file: FileMedia): string | undefined {
  const title = file.caption || (file.type === 'image' ? file.alt : undefined);
  return title === '' ? undefined : title;
}
