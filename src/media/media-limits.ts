import { type LimitTable, problem, valuesOf } from '../protocol/limit-table.ts';

/** Limits of uploaded media. Sizes are judged before anything is decoded. */
export const mediaTable = {
  mediaPictureBytes: {
    value: 20 * 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'A larger picture is refused with `too-large`, and not read to its end.',
  },
  mediaVideoBytes: {
    value: 100 * 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'A larger video is refused with `too-large`, and not read to its end.',
  },
  mediaSoundBytes: {
    value: 50 * 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'A larger sound is refused with `too-large`, and not read to its end.',
  },
  picturePixels: {
    value: 60_000_000,
    metric: problem('too-large'),
    atLimit: 'A picture with more pixels is refused with `too-large`, before it is decoded.',
  },
  /** The most that WebP can hold. */
  pictureSidePixels: {
    value: 16_383,
    metric: problem('too-large'),
    atLimit: 'A picture that is wider or higher is refused with `too-large`.',
  },
  movingPicturePixels: {
    value: 100_000_000,
    metric: problem('too-large'),
    atLimit: 'A moving picture with more pixels in all its frames together is refused with `too-large`.',
  },
  movingPictureFrames: {
    value: 1_000,
    metric: problem('too-large'),
    atLimit: 'A moving picture with more frames is refused with `too-large`.',
  },
  /** Bounds the time in which a hostile file can keep the server reading small parts of it. */
  pictureParts: {
    value: 200_000,
    metric: problem('wrong-type'),
    atLimit: 'A picture with more segments, chunks or boxes is refused.',
  },
  /** A video has a few dozen boxes and an index of some 100 kB. */
  movieBoxes: { value: 10_000, metric: problem('wrong-type'), atLimit: 'A video or sound with more boxes is refused.' },
  movieIndexBytes: {
    value: 16 * 1024 * 1024,
    metric: problem('wrong-type'),
    atLimit: 'A video or sound with a larger index (`moov`) is refused.',
  },
  movieChunks: {
    value: 300_000,
    metric: problem('wrong-type'),
    atLimit: 'A video or sound with more chunks of samples in a track is refused.',
  },
  movieDataBoxes: { value: 4, metric: problem('wrong-type'), atLimit: 'A video or sound with more `mdat` boxes is refused.' },
  movieTracks: { value: 8, metric: problem('wrong-type'), atLimit: 'A video or sound with more tracks is refused.' },
} satisfies LimitTable;

export const mediaLimits = valuesOf(mediaTable);
