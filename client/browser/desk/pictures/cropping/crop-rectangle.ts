import type { Focus } from '../../../../../src/protocol/model.ts';
import { croppedShareLeast } from '../scaling/scaling-limits.ts';
import type { Crop } from './crop.ts';

/**
 * How the rectangle of a crop moves and changes its size. `aspect`: the ratio that it keeps, as its share of the width divided by its
 * share of the height. Undefined: any.
 */

export const wholePicture: Crop = { left: 0, top: 0, width: 1, height: 1 };

export const corners = ['top-left', 'top-right', 'bottom-left', 'bottom-right'] as const;
export type Corner = (typeof corners)[number];

export function movedBy(crop: Crop, x: number, y: number): Crop {
  return { ...crop, left: within(crop.left + x, 0, 1 - crop.width), top: within(crop.top + y, 0, 1 - crop.height) };
}

/** The opposite corner stays where it is. */
export function resizedBy(crop: Crop, corner: Corner, x: number, y: number, aspect: number | undefined): Crop {
  const [isTop, isLeft] = [corner.startsWith('top'), corner.endsWith('left')];
  const [right, bottom] = [crop.left + crop.width, crop.top + crop.height];
  const room = { width: isLeft ? right : 1 - crop.left, height: isTop ? bottom : 1 - crop.top };
  let width = crop.width + (isLeft ? -x : x);
  let height = crop.height + (isTop ? -y : y);
  if (aspect === undefined) {
    width = within(width, croppedShareLeast, room.width);
    height = within(height, croppedShareLeast, room.height);
  } else {
    if (x === 0) width = height * aspect;
    else if (y !== 0) width = Math.max(width, height * aspect);
    ({ width, height } = sizeOf(width, aspect, room));
  }
  return { left: isLeft ? right - width : crop.left, top: isTop ? bottom - height : crop.top, width, height };
}

/** Larger or smaller around its middle, as far as the picture reaches. */
export function scaledBy(crop: Crop, factor: number): Crop {
  const aspect = crop.width / crop.height;
  return around(crop, sizeOf(crop.width * factor, aspect, { width: 1, height: 1 }));
}

/** The rectangle with this ratio that is as large as the one before in one direction, around its middle. */
export function fitted(crop: Crop, aspect: number | undefined): Crop {
  if (aspect === undefined) return crop;
  return around(crop, sizeOf(Math.max(crop.width, crop.height * aspect), aspect, { width: 1, height: 1 }));
}

/** The longer side, as a share of the picture, is not smaller than the least. */
function sizeOf(wanted: number, aspect: number, room: { width: number; height: number }): { width: number; height: number } {
  const least = croppedShareLeast * Math.min(1, aspect);
  const width = within(wanted, least, Math.min(room.width, room.height * aspect));
  return { width, height: width / aspect };
}

function around(crop: Crop, { width, height }: { width: number; height: number }): Crop {
  const left = crop.left + (crop.width - width) / 2;
  const top = crop.top + (crop.height - height) / 2;
  return movedBy({ left, top, width, height }, 0, 0);
}

export const middle: Focus = { x: 0.5, y: 0.5 };

/** The point of the whole picture that is at this share of the part. */
export function pointAt({ x, y }: Focus, { left, top, width, height }: Crop): Focus {
  return { x: left + x * width, y: top + y * height };
}

/** The share of the part at which this point of the whole picture is, or the nearest one, in hundredths. */
export function focusIn({ left, top, width, height }: Crop, { x, y }: Focus): Focus {
  const hundredths = (share: number) => Math.round(within(share, 0, 1) * 100) / 100;
  return { x: hundredths((x - left) / width), y: hundredths((y - top) / height) };
}

function within(value: number, least: number, most: number): number {
  return Math.max(0, Math.min(Math.max(value, least), most));
}
