/** The limits of scaling and cropping on the device. A picture beyond one of them is sent as it is, and the server judges it. */

/** How small a picture becomes before it is uploaded. */
export interface ScalingGoal {
  /** The longer side in pixels. Later ones are for files that are still too large. */
  sides: readonly [number, ...number[]];
  /** A picture that is no larger, and has no side over the first of `sides`, is sent as it is. */
  bytes: number;
}
/** The server makes no rendition that is as large. */
export const usualGoal: ScalingGoal = { sides: [3_000], bytes: 800_000 };
/** On a slow connection readers get the picture sooner: it takes five seconds at 400 kbit/s. */
export const slowGoal: ScalingGoal = { sides: [1_600, 1_200], bytes: 250_000 };
/** A connection on which the last upload was slower is slow. */
export const slowBytesPerSecond = 100_000;
/** A smaller file says nothing about the speed of a connection, because most of its time is latency. */
export const timedBytes = 50_000;
/** Decoding takes four bytes a pixel. The server refuses pictures with more pixels as well. */
export const decodedPixelsMost = 60_000_000;
/** JPEG and WebP are encoded at the first of these qualities with which the file is small enough, or at the last. */
export const qualities = [0.82, 0.72, 0.6] as const;
/** A worker that has not answered by then has probably run out of memory. */
export const scalingMs = 60_000;
/** The rectangle of a crop does not become smaller than this share of the picture, so that it can be seen and dragged. */
export const croppedShareLeast = 0.1;
