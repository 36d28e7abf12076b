import type { ImageMedia, Media, VideoMedia } from '../../protocol/model.ts';

/** The files of a post's media, for formats that attach files. A link is none. */
export type FileMedia = ImageMedia | VideoMedia;

export function filesOf(media: readonly Media[]): FileMedia[] {
  return media.filter((one) => one.type === 'image' || one.type === 'video');
}

/** The media type: as the author gave it, or by the ending of the address; undefined where neither tells. */
export function mediaTypeOf(file: FileMedia): string | undefined {
  if (file.type === 'video' && file.mimeType !== undefined) return file.mimeType;
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

/** What is said of the file in a line: its caption, else what a picture shows. */
export function titleOfFile(file: FileMedia): string | undefined {
  const title = file.caption || (file.type === 'image' ? file.alt : undefined);
  return title === '' ? undefined : title;
}
