import { erasuresPending, type LimitTable, problem, valuesOf } from '../protocol/limit-table.ts';

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
  /** The files of an upload together, as an import sends them. */
  mediaMovedBytes: {
    value: 200 * 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'An imported upload with more is refused with `too-large`.',
  },
  picturePixels: {
    value: 60_000_000,
    metric: problem('too-large'),
    atLimit: 'A picture with more pixels is refused with `too-large`, before it is decoded.',
  },
  /** 60 megapixels with four channels of 8 bits, or 30 with four of 16. */
  pictureDecodedBytes: {
    value: 240 * 1_000_000,
    metric: problem('too-large'),
    atLimit: 'A picture with more pixels times bytes of a pixel is refused with `too-large`, before it is decoded.',
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
  mediaChannelBytes: {
    value: 5 * 1024 * 1024 * 1024,
    metric: problem('media-full'),
    atLimit: 'An upload that does not fit into the channel any more is refused with `media-full`.',
  },
  mediaUploads: {
    value: 32,
    metric: problem('media-unavailable'),
    atLimit: 'More uploads at the same time are 503 `media-unavailable`.',
  },
  /** Authors take turns. */
  rendererQueue: {
    value: 16,
    metric: problem('media-unavailable'),
    atLimit: 'More uploads that wait to be processed are 503 `media-unavailable`.',
  },
  rendererJobMs: {
    value: 60_000,
    metric: problem('media-unreadable'),
    atLimit: 'An upload that takes longer to process is refused with `media-unreadable`, and the process is killed.',
  },
  /** Processor time, so that a busy machine refuses nothing. The largest pictures need 4 s. */
  rendererDecodeMs: {
    value: 15_000,
    metric: problem('media-unreadable'),
    atLimit: 'A picture that needs more processor time to decode is refused with `media-unreadable`, and the process is killed.',
  },
  rendererBytes: {
    value: 1024 * 1024 * 1024,
    metric: problem('media-unreadable'),
    atLimit: 'An upload that needs more memory is refused with `media-unreadable`, and the process is killed.',
  },
  rendererWatchMs: {
    value: 200,
    metric: problem('media-unreadable'),
    atLimit: 'Interval at which the memory of that process is measured.',
  },
  rendererStartMs: {
    value: 30_000,
    metric: problem('media-unavailable'),
    atLimit: 'If the process does not start in this time, what waits for it is 503 `media-unavailable`.',
  },
  rendererIdleMs: {
    value: 60_000,
    metric: problem('media-unavailable'),
    atLimit: 'The process ends after this time without work. It starts again with the next upload.',
  },
  rendererRestartFirstMs: {
    value: 500,
    metric: problem('media-unreadable'),
    atLimit: 'The process starts again after this pause if an upload made it crash.',
  },
  rendererRestartMostMs: {
    value: 30_000,
    metric: problem('media-unreadable'),
    atLimit: 'Longest such pause. The pause doubles with each crash in a row.',
  },
  /** Long enough for an author to finish the post. */
  mediaOrphanHours: {
    value: 24,
    metric: problem('not-found'),
    atLimit: 'An upload that no post uses by then is deleted.',
  },
  mediaIncomingHours: {
    value: 1,
    metric: problem('not-found'),
    atLimit:
      'What a server of the earlier version left of an unfinished upload is deleted after this time, if no takedown erases it before.',
  },
  /** Longer than a write takes. */
  mediaPendingMs: {
    value: 60_000,
    metric: problem('media-unavailable'),
    atLimit:
      'An expected erasure that a crash interrupted is forgotten after this time, if the journal shows that it did not happen.',
  },
  /** Longer than a write takes. */
  mediaClaimMs: {
    value: 10_000,
    metric: erasuresPending,
    atLimit:
      'A takedown waits for a write that names the same upload. If the write was not appended by then, it is refused with 503 `media-unavailable`, and the upload is erased.',
  },
  mediaClaimTries: {
    value: 5,
    metric: problem('media-unavailable'),
    atLimit:
      'A claim of an upload fails with 503 `media-unavailable` if other writes remove the directory for it so many times meanwhile.',
  },
  mediaPendingPosts: {
    value: 1_000,
    metric: erasuresPending,
    atLimit:
      'Erasures of uploads of further posts that must wait are finished by the hourly sweep, or when they are requested again.',
  },
  /** Beats of a server while it has uploads. */
  mediaBeatMs: {
    value: 1_000,
    metric: erasuresPending,
    atLimit: 'Interval at which a server shows that its unfinished uploads are in progress, if it shares the directory.',
  },
  mediaBeatsMissed: {
    value: 4,
    metric: erasuresPending,
    atLimit: 'A server that misses this many beats counts as ended: the next takedown or sweep erases its unfinished uploads.',
  },
  mediaSizes: {
    value: 100_000,
    metric: problem('media-full'),
    atLimit: 'Sizes of uploads that each server keeps in memory. Others are read again.',
  },
} satisfies LimitTable;

export const mediaLimits = valuesOf(mediaTable);

/** `mediaIncomingHours` and `mediaOrphanHours` are compared with milliseconds. */
export const hourMs = 60 * 60 * 1_000;
