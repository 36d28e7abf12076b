/** The limits of scaling and cropping on the device. A picture beyond one of them is sent as it is, and the server judges it. */

/** The longer side of a picture after scaling. The server makes no rendition that is as large. */
export const scaledSidePixels = 3_000;
/** Decoding takes four bytes a pixel. The server refuses pictures with more pixels as well. */
export const decodedPixelsMost = 60_000_000;
/** A picture that is no larger, and has no side over `scaledSidePixels`, is sent as it is. */
export const sentAsIsBytes = 800_000;
/** JPEG and WebP are encoded at the first of these qualities with which the file has at most `sentAsIsBytes`, or at the last. */
export const qualities = [0.82, 0.72, 0.6] as const;
/** A worker that has not answered by then has probably run out of memory. */
export const scalingMs = 60_000;
/** The rectangle of a crop does not become smaller than this share of the picture, so that it can be seen and dragged. */
export const croppedShareLeast = 0.1;
