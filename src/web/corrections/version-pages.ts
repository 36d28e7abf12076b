import { renderVersion } from '../../../client/browser/view/post/versions.ts';
import type { Engine } from '../../journal/engine.ts';
import { formatCursor } from '../../protocol/cursor.ts';
import type { Channel } from '../../protocol/model.ts';
import type { ChannelStream } from '../../streams/channel-stream.ts';
import type { Assets } from '../pages/document.ts';
import { versionsPage } from '../pages/versions.ts';
import { renderInTurns, type SharedPages } from '../shared-pages.ts';
import { readVersions, type Versions } from './post-versions.ts';
import type { WordDiffs } from './word-diffs.ts';

/** Pages of earlier versions. */
export interface VersionPages {
  /** Throws as `SharedPages.read`. */
  read(stream: ChannelStream, asked: { postId: string; top: number; isGone: () => boolean }): Promise<MadeVersions | 'gone'>;
}

export interface MadeVersions extends Versions {
  /** The channel as of the page. */
  channel: Channel;
  cursor: string;
  /** The page for anonymous readers. */
  page: string;
  characters: number;
}

export interface VersionPagesContext {
  engine: Engine;
  diffs: WordDiffs;
  pages: SharedPages;
  assets: Assets;
}

export function createVersionPages({ engine, diffs, pages, assets }: VersionPagesContext): VersionPages {
  return {
    read(stream, { postId, top, isGone }) {
      const make = (requireWaiting: () => void) => makePage(stream, { postId, top, requireWaiting });
      return pages.read(stream, { key: `versions ${postId} ${top}`, isGone, make });
    },
  };

  async function makePage(
    stream: ChannelStream,
    { postId, top, requireWaiting }: { postId: string; top: number; requireWaiting: () => void },
  ): Promise<MadeVersions | 'gone'> {
    // Taken before the read, so that the page's script misses no change.
    const cursor = formatCursor(stream.head);
    const found = await readVersions({ engine, diffs, requireWaiting }, stream.channelId, postId, top + 1);
    if (found === undefined) return 'gone';
    const { channel } = stream;
    const sections = await renderInTurns(found.steps, (step) => renderVersion(step, channel), requireWaiting);
    const page = versionsPage({ channel, postId, ...found, sections, cursor, assets });
    // Counted twice: the page contains the compared texts, and `found` holds them too.
    return { ...found, channel, cursor, page, characters: 2 * page.length };
  }
}
