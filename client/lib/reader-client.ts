import { transports } from '../../src/protocol/model.ts';
import { Backlog } from './backlog.ts';
import { LiveReader, type RestartSupport } from './live-reader.ts';
import { Persistence } from './persistence.ts';
import type { ReaderClientOptions } from './reader-types.ts';
import { restoreTimeline, saveTimeline } from './timeline/saved-timeline.ts';

const restartSupport: RestartSupport = {
  persistence: (...given) => new Persistence(...given),
  backlog: (...given) => new Backlog(...given),
  restore: restoreTimeline,
  save: saveTimeline,
};

/** A reader of one channel that can resume after a restart: from a storage, from saved data or from a cursor. */
export class ReaderClient extends LiveReader {
  /** Throws if `url` is not an http(s) URL, or if `transports` names no known transport. */
  constructor(options: ReaderClientOptions) {
    if (options.transports?.some((name) => transports.includes(name)) === false)
      throw new TypeError(`No transport is left: transports can be ${transports.join(', ')}.`);
    super(options, restartSupport);
  }

  /**
   * Closes the reader and removes its state from the storage, for example when a member signs out. If a write is under way, the
   * removal follows it.
   */
  forget(): void {
    this.persistence?.forget();
    this.close();
  }
}
