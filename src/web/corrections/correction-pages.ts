import { type BuildStep, inTurns } from '../../http/build-steps.ts';
import type { BuildClient } from '../../http/builds.ts';
import type { Engine } from '../../journal/engine.ts';
import { formatCursor } from '../../protocol/cursor.ts';
import type { Channel } from '../../protocol/model.ts';
import type { ChannelStream } from '../../streams/channel-stream.ts';
import { correctionsPage, renderCorrection } from '../pages/corrections.ts';
import type { Assets } from '../pages/document.ts';
import type { SharedBuilds } from '../shared-builds.ts';
import { type ListedCorrections, readCorrections } from './channel-corrections.ts';
import type { WordDiffs } from './word-diffs.ts';

/** Pages of the corrections of a channel. */
export interface CorrectionPages {
  /** Throws as `SharedBuilds.read`. */
  read(stream: ChannelStream, asked: { before: number | undefined; client: BuildClient }): Promise<MadeCorrections | 'gone'>;
}

export interface MadeCorrections extends ListedCorrections {
  /** The channel as of the page. */
  channel: Channel;
  cursor: string;
  /** The page for anonymous readers. */
  page: string;
  characters: number;
}

export interface CorrectionPagesContext {
  engine: Engine;
  diffs: WordDiffs;
  builds: SharedBuilds;
  assets: Assets;
  publicUrl: string;
}

export function createCorrectionPages({ engine, diffs, builds, assets, publicUrl }: CorrectionPagesContext): CorrectionPages {
  return {
    read(stream, { before, client }) {
      const make = (step: BuildStep) => makePage(stream, before, step);
      return builds.read(stream, { key: `corrections ${before ?? ''}`, client, make });
    },
  };

  async function makePage(stream: ChannelStream, before: number | undefined, step: BuildStep): Promise<MadeCorrections | 'gone'> {
    // Taken before the read, so that the page's script misses no change.
    const cursor = formatCursor(stream.head);
    const found = await readCorrections({ engine, diffs, step }, stream.channelId, before);
    if (found === undefined) return 'gone';
    const { channel } = stream;
    const sections = await inTurns(
      found.corrections,
      (correction) => renderCorrection(correction, channel, assets.basePath),
      step,
    );
    const page = correctionsPage({ channel, ...found, sections, before, cursor, assets, publicUrl });
    await step(Buffer.byteLength(page));
    // Counted twice: the page contains the compared texts, and `found` holds them too.
    return { ...found, channel, cursor, page, characters: 2 * page.length };
  }
}
