import type { Focus } from '../../../../../src/protocol/model.ts';

/** A part of the upright picture. All numbers are fractions of its width or height, from 0 to 1. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** With the point that stays in view where pages crop the part further, as a share of the part. Undefined: its middle. */
export interface CropChoice extends Crop {
  focus?: Focus;
}

export function isSameCrop(one: Crop | undefined, other: Crop | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.left === other.left && one.top === other.top && one.width === other.width && one.height === other.height;
}
