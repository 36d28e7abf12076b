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

/** A reader of one channel that can also go on after a restart, from a storage, from what it saved, or from a cursor. */
export class ReaderClient extends LiveReader {
  /** Throws where `url` is no address of the web, and where none of `transports` is one that there is. */
  constructor(options: ReaderClientOptions) {
    if (options.transports?.some((way) => transports.includes(way)) === false)
      throw new TypeError(`No way to the server is left: transports are ${transports.join(', ')}.`);
    super(options, restartSupport);
  }

  /**
   * Closes it, and removes what it kept in its storage, as where a member signs out: at once, or as soon as a write is done that was under way.
   */
  forget(): void {
    this.persistence?.forget();
    this.close();
  }
}
