/** A part of the upright picture. All numbers are fractions of its width or height, from 0 to 1. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

export function isSameCrop(one: Crop | undefined, other: Crop | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.left === other.left && one.top === other.top && one.width === other.width && one.height === other.height;
}
