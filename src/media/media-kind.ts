import { mediaLimits } from './media-limits.ts';
import type { MediaType } from './media-store.ts';

/** The kind of an upload, judged by its first bytes. The declared type must agree. */

export type PictureKind = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif';
export type MediaKind = PictureKind | 'mp4' | 'm4a';

/** For each kind the types by which it may be declared. The first is the registered one. */
const declarations: Record<MediaKind, readonly [string, ...string[]]> = {
  jpeg: ['image/jpeg', 'image/jpg', 'image/pjpeg'],
  png: ['image/png'],
  webp: ['image/webp'],
  avif: ['image/avif'],
  gif: ['image/gif'],
  mp4: ['video/mp4', 'video/x-m4v'],
  m4a: ['audio/mp4', 'audio/x-m4a', 'audio/m4a'],
};

const names: Record<MediaKind, string> = {
  jpeg: 'a JPEG',
  png: 'a PNG',
  webp: 'a WebP',
  avif: 'an AVIF',
  gif: 'a GIF',
  mp4: 'an MP4',
  m4a: 'an M4A',
};

/** How many of the first bytes are needed to judge. */
export const headBytes = 4096;

export const mimeTypeOf = (kind: MediaKind): string => declarations[kind][0];

export function typeOf(kind: MediaKind): MediaType {
  if (kind === 'mp4') return 'video';
  return kind === 'm4a' ? 'audio' : 'image';
}

export function bytesMost(kind: MediaKind): number {
  const { mediaPictureBytes, mediaVideoBytes, mediaSoundBytes } = mediaLimits;
  return { image: mediaPictureBytes, video: mediaVideoBytes, audio: mediaSoundBytes }[typeOf(kind)];
}

export type Judgement = { kind: MediaKind } | { refusal: string };

const accepted = 'JPEG, PNG, WebP, AVIF, GIF, MP4 and M4A are accepted.';

/** `head` is the first `headBytes` of the upload, or all of it. */
export function judgeKind(head: Buffer, declared: string): Judgement {
  const mimeType = (declared.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (mimeType === 'image/svg+xml' || isSvg(head)) {
    return { refusal: 'SVG cannot be uploaded, because it can contain scripts. Export the picture as PNG or WebP.' };
  }
  const found = kindOf(head);
  if (found === 'heic' || ((mimeType === 'image/heic' || mimeType === 'image/heif') && found === undefined)) {
    return { refusal: 'HEIC cannot be uploaded. Export the picture as JPEG, or set the camera to “Most compatible”.' };
  }
  if (found === 'quicktime') {
    return { refusal: 'QuickTime movies (.mov) cannot be uploaded. Export the video as MP4.' };
  }
  if (found === undefined) return { refusal: `The file is of no known type. ${accepted}` };
  // Sound in an MP4 file is sometimes marked as video. Its tracks decide later.
  const kind = found === 'mp4' && declarations.m4a.includes(mimeType) ? 'm4a' : found;
  if (declarations[kind].includes(mimeType)) return { kind };
  return { refusal: `The file is ${names[kind]}, but was sent as ${mimeType || 'nothing'}. Send it as ${mimeTypeOf(kind)}.` };
}

function kindOf(head: Buffer): MediaKind | 'heic' | 'quicktime' | undefined {
  if (startsWith(head, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  const text = (from: number, to: number) => head.toString('latin1', from, to);
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'gif';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (text(4, 8) === 'ftyp') return kindOfBrands(brandsOf(head));
  return undefined;
}

const heicBrands = /^(?:hei[cxms]|hev[cxms])$/;
const movieBrands = /^(?:isom|iso[2-9a]|mp4[12]|avc1|M4V[ PH]|MSNV|dash|f4v )$/;

/** The major brand counts first. A generic one leaves it to the compatible brands. */
function kindOfBrands(brands: readonly string[]): MediaKind | 'heic' | 'quicktime' | undefined {
  for (const brand of brands) {
    if (brand === 'avif' || brand === 'avis') return 'avif';
    if (heicBrands.test(brand)) return 'heic';
    if (brand === 'M4A ' || brand === 'M4B ') return 'm4a';
    if (brand === 'qt  ') return 'quicktime';
    if (movieBrands.test(brand)) return 'mp4';
  }
  return brands.some((brand) => brand === 'mif1' || brand === 'msf1') ? 'heic' : undefined;
}

function brandsOf(head: Buffer): string[] {
  const end = Math.min(head.readUInt32BE(0), head.length);
  const brands = [head.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(head.toString('latin1', at, at + 4));
  return brands;
}

function isSvg(head: Buffer): boolean {
  const text = head.toString('utf8').replace(/^\uFEFF/, '');
  return /^\s*</.test(text) && /<(?:[a-z]+:)?svg[\s>]|<!DOCTYPE svg/i.test(text);
}

function startsWith(head: Buffer, magic: readonly number[]): boolean {
  return head.length >= magic.length && magic.every((byte, at) => head[at] === byte);
}
