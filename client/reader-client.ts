import { Backlog } from './backlog.ts';
import { Keeper } from './keeper.ts';
import { LiveReader, type Memory } from './live-reader.ts';
import type { ReaderClientOptions } from './reader.ts';
import { restoreTimeline, saveTimeline } from './timeline-saved.ts';

const memory: Memory = {
  keeper: (...given) => new Keeper(...given),
  backlog: (...given) => new Backlog(...given),
  restore: restoreTimeline,
  save: saveTimeline,
};

/** A reader of one channel that can also go on after a restart, from a storage, from what it saved, or from a cursor. */
export class ReaderClient extends LiveReader {
  constructor(options: ReaderClientOptions) {
    super(options, memory);
  }
}
