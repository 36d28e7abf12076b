import { mediaPath, onServer } from './addresses.ts';
import type { Channel, Media, Picture, Rendition } from './model.ts';

/**
 * References to uploaded media, and the addresses that they stand for. A journal and an export have `media:<id>`, and `media:<id>/<name>`
 * for one file, so that posts do not depend on the server's address. Readers and authors get addresses. Both directions are here, and
 * each undoes the other.
 */

/** 128 random bits in base64url. */
export const mediaIdPattern = /^[A-Za-z0-9_-]{22}$/;
const reference = /^media:([A-Za-z0-9_-]{22})(?:\/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*))?$/;
const file = /^([A-Za-z0-9_-]{22})\/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/;

/** The JPEG nearest to this width is the `url` of a picture, for clients that do not know `renditions`. */
const mainWidth = 1_200;
/** The JPEG nearest to this width is the `image` of a link, which has no `renditions`. */
export const cardWidth = 800;

export function mediaReference(id: string, name?: string): string {
  return name === undefined ? `media:${id}` : `media:${id}/${name}`;
}

/** Whether the URL refers to a medium, or to one of its files. */
export function isReference(url: string): boolean {
  return reference.test(url);
}

/** The id of the medium that the URL refers to, or that has this address in the channel. */
export function mediaIdIn(url: string, channelId: string, publicUrl: string | undefined): string | undefined {
  return (reference.exec(url) ?? fileAt(url, channelId, publicUrl))?.[1];
}

/** Whether the URL has the form of an upload's address in the channel, on whatever server. */
export function isUploadAddress(url: string, channelId: string): boolean {
  const start = mediaPath(channelId);
  const at = url.indexOf(start);
  return at > 0 && file.test(url.slice(at + start.length));
}

/** Whether the URL, as it is shown or stored, is that of the medium. Its id occurs in no other address. */
export function isOfMedium(url: string, id: string): boolean {
  return reference.exec(url)?.[1] === id || url.includes(`/${id}/`);
}

/** The ids of the uploaded media among these, as they are stored. */
export function mediaIdsIn(media: readonly Media[]): string[] {
  return media.flatMap(uploadableUrlsOf).flatMap((url) => reference.exec(url)?.[1] ?? []);
}

/** The URLs that may be those of an upload. */
export function uploadableUrlsOf(media: Media | Picture): string[] {
  if (!('type' in media) || media.type !== 'link') return [media.url];
  const { url, image, audio } = media;
  return [url, ...(image === undefined ? [] : [image]), ...(audio === undefined ? [] : [audio.url])];
}

interface WithMedia {
  channelId: string;
  media: readonly Media[];
}

export function postWithAddresses<P extends WithMedia>(post: P, publicUrl: string | undefined): P {
  return withMedia(post, (one) => withAddresses(one, post.channelId, publicUrl));
}

export function postWithReferences<P extends WithMedia>(post: P, publicUrl: string | undefined): P {
  return withMedia(post, (one) => withReferences(one, post.channelId, publicUrl));
}

type WithPicture = Pick<Channel, 'id'> & { picture?: Picture | null };

export function channelWithAddresses<C extends WithPicture>(channel: C, publicUrl: string | undefined): C {
  return withPicture(channel, (picture) => withAddresses(picture, channel.id, publicUrl));
}

export function channelWithReferences<C extends WithPicture>(channel: C, publicUrl: string | undefined): C {
  return withPicture(channel, (picture) => withReferences(picture, channel.id, publicUrl));
}

/** Returns the post itself if nothing changes, because most posts have no uploaded media. */
function withMedia<P extends WithMedia>(post: P, change: (one: Media) => Media): P {
  const media = post.media.map(change);
  return media.some((one, index) => one !== post.media[index]) ? { ...post, media } : post;
}

function withPicture<C extends WithPicture>(channel: C, change: (picture: Picture) => Picture): C {
  const { picture } = channel;
  const changed = picture ? change(picture) : picture;
  return changed === picture ? channel : { ...channel, picture: changed };
}

type Shown = Media | Picture;

/** Keeps the order of the fields, which hashes cover. */
function withAddresses<M extends Shown>(media: M, channelId: string, publicUrl: string | undefined): M {
  if (publicUrl === undefined || !uploadableUrlsOf(media).some(isReference)) return media;
  return withUrls(media, (url, mainName) => {
    const [, id, name = mainName] = reference.exec(url) ?? [];
    return id === undefined ? url : onServer(mediaPath(channelId, id, name), publicUrl);
  });
}

function withReferences<M extends Shown>(media: M, channelId: string, publicUrl: string | undefined): M {
  if (!uploadableUrlsOf(media).some((url) => fileAt(url, channelId, publicUrl) !== null)) return media;
  return withUrls(media, (url, mainName) => {
    const [, id, name] = fileAt(url, channelId, publicUrl) ?? [];
    return id === undefined ? url : mediaReference(id, name === mainName ? undefined : name);
  });
}

/** `mainName`: the name of the file that the URL stands for if it names none. Undefined: the URL always names one. */
type ChangeUrl = (url: string, mainName?: string) => string;

function withUrls<M extends Shown>(media: M, change: ChangeUrl): M {
  const mainName = mainNameOf(media);
  const renditions = renditionsOf(media)?.map((rendition) => ({ ...rendition, url: change(rendition.url) }));
  const audio = 'audio' in media && media.audio ? { ...media.audio, url: change(media.audio.url, mainName) } : undefined;
  const image = 'image' in media && media.image ? change(media.image, `${cardWidth}.jpg`) : undefined;
  return {
    ...media,
    url: change(media.url, mainName),
    ...(renditions && { renditions }),
    ...(image !== undefined && { image }),
    ...(audio && { audio }),
  };
}

function renditionsOf(media: Shown): readonly Rendition[] | undefined {
  return 'renditions' in media ? media.renditions : undefined;
}

/** The name of the file that `url` stands for. */
function mainNameOf(media: Shown): string {
  if ('type' in media && media.type === 'video') return 'video.mp4';
  if ('type' in media && media.type === 'link') return 'audio.m4a';
  const jpegs = (renditionsOf(media) ?? []).filter(({ mimeType }) => mimeType === 'image/jpeg');
  const [nearest] = jpegs.sort((a, b) => Math.abs(a.width - mainWidth) - Math.abs(b.width - mainWidth));
  return /(?<![^/:])[^/:]+$/.exec(nearest?.url ?? '')?.[0] ?? 'image.jpg';
}

function fileAt(url: string, channelId: string, publicUrl: string | undefined): RegExpExecArray | null {
  if (publicUrl === undefined) return null;
  const start = onServer(mediaPath(channelId), publicUrl);
  return url.startsWith(start) ? file.exec(url.slice(start.length)) : null;
}
