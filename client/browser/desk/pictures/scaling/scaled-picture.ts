import type { Crop } from '../cropping/crop.ts';
import { type PictureHeader, readPictureHeader } from '../picture-header.ts';
import { decodedPixelsMost, qualities, type ScalingGoal } from './scaling-limits.ts';

/** What the worker is asked for. */
export type ScalingTask = Parameters<typeof scaledPicture>;

/** The size is that of the upright picture, or 0 × 0 if the browser cannot decode it. */
export interface ScaledPicture {
  /** Undefined if the file itself is to be sent. */
  blob: Blob | undefined;
  width: number;
  height: number;
}

/**
 * Cuts, scales and encodes a picture where it is needed. Undefined if the picture cannot be cropped. Takes seconds for a
 * large picture, so only a worker calls it.
 */
export async function scaledPicture(file: Blob, crop: Crop | undefined, goal: ScalingGoal): Promise<ScaledPicture | undefined> {
  const header = await readPictureHeader(file);
  const canDecode = header !== undefined && header.width * header.height <= decodedPixelsMost;
  const bitmap = canDecode ? await createImageBitmap(file).catch(() => undefined) : undefined;
  if (header === undefined || bitmap === undefined)
    return crop === undefined ? { blob: undefined, width: 0, height: 0 } : undefined;
  try {
    const asItIs = { blob: undefined, width: bitmap.width, height: bitmap.height };
    if (header.isMoving) return crop === undefined ? asItIs : undefined;
    const keepsSize = crop === undefined && Math.max(bitmap.width, bitmap.height) <= goal.sides[0];
    if (keepsSize && file.size <= goal.bytes) return asItIs;
    let canvas = drawn(bitmap, goal.sides[0], crop);
    let blob = await encoded(canvas, header.kind, goal.bytes);
    for (const side of goal.sides.slice(1)) {
      if (blob.size <= goal.bytes) break;
      canvas = drawn(bitmap, side, crop);
      blob = await encoded(canvas, header.kind, goal.bytes);
    }
    return keepsSize && blob.size >= file.size ? asItIs : { blob, width: canvas.width, height: canvas.height };
  } finally {
    bitmap.close();
  }
}

function drawn(bitmap: ImageBitmap, side: number, crop: Crop = { left: 0, top: 0, width: 1, height: 1 }): OffscreenCanvas {
  const left = Math.round(crop.left * bitmap.width);
  const top = Math.round(crop.top * bitmap.height);
  const width = Math.max(1, Math.round((crop.left + crop.width) * bitmap.width) - left);
  const height = Math.max(1, Math.round((crop.top + crop.height) * bitmap.height) - top);
  const scale = Math.min(1, side / Math.max(width, height));
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const canvas = new OffscreenCanvas(scaled(width), scaled(height));
  const context = contextOf(canvas);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** In the first form that is small enough to be sent, or in the last. */
async function encoded(canvas: OffscreenCanvas, kind: PictureHeader['kind'], most: number): Promise<Blob> {
  const isTransparent = kind !== 'jpeg' && hasTransparency(canvas);
  const lossy = qualities.map((quality) => ({ type: isTransparent ? 'image/webp' : 'image/jpeg', quality }));
  // A screenshot is often smaller, and always sharper, as PNG.
  const [first, ...others] = kind === 'png' ? [{ type: 'image/png' }, ...lossy] : lossy;
  let blob = await canvas.convertToBlob(first);
  for (const form of others) {
    if (blob.size <= most) break;
    blob = await canvas.convertToBlob(form);
  }
  return blob;
}

function hasTransparency(canvas: OffscreenCanvas): boolean {
  const { data } = contextOf(canvas).getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return true;
  return false;
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('The browser has no room for a canvas of this size.');
  return context;
}
