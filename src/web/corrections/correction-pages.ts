import type { Engine } from '../../journal/engine.ts';
import { formatCursor } from '../../protocol/cursor.ts';
import type { Channel } from '../../protocol/model.ts';
import type { ChannelStream } from '../../streams/channel-stream.ts';
import { correctionsPage, renderCorrection } from '../pages/corrections.ts';
import type { Assets } from '../pages/document.ts';
import { renderInTurns, type SharedPages } from '../shared-pages.ts';
import { type ListedCorrections, readCorrections } from './channel-corrections.ts';
import type { WordDiffs } from './word-diffs.ts';

/** Pages of the corrections of a channel. */
export interface CorrectionPages {
  /** Throws as `SharedPages.read`. */
  read(stream: ChannelStream, asked: { before: number | undefined; isGone: () => boolean }): Promise<MadeCorrections | 'gone'>;
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
  pages: SharedPages;
  assets: Assets;
  publicUrl: string;
}

export function createCorrectionPages({ engine, diffs, pages, assets, publicUrl }: CorrectionPagesContext): CorrectionPages {
  return {
    read(stream, { before, isGone }) {
      const make = (requireWaiting: () => void) => makePage(stream, before, requireWaiting);
      return pages.read(stream, { key: `corrections ${before ?? ''}`, isGone, make });
    },
  };

  async function makePage(
    stream: ChannelStream,
    before: number | undefined,
    requireWaiting: () => void,
  ): Promise<MadeCorrections | 'gone'> {
    // Taken before the read, so that the page's script misses no change.
    const cursor = formatCursor(stream.head);
    const found = await readCorrections({ engine, diffs, requireWaiting }, stream.channelId, before);
    if (found === undefined) return 'gone';
    const { channel } = stream;
    const sections = await renderInTurns(
      found.corrections,
      (correction) => renderCorrection(correction, channel, assets.basePath),
      requireWaiting,
    );
    const page = correctionsPage({ channel, ...found, sections, before, cursor, assets, publicUrl });
    // Counted twice: the page contains the compared texts, and `found` holds them too.
    return { ...found, channel, cursor, page, characters: 2 * page.length };
  }
}
