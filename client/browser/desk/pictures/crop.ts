/** A part of the upright picture. All numbers are fractions of its width or height, from 0 to 1. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}
