import { renderVersion } from '../../../client/browser/view/post/versions.ts';
import { type BuildStep, inTurns } from '../../http/build-steps.ts';
import type { BuildClient } from '../../http/builds.ts';
import type { Engine } from '../../journal/engine.ts';
import { formatCursor } from '../../protocol/cursor.ts';
import type { Channel } from '../../protocol/model.ts';
import type { ChannelStream } from '../../streams/channel-stream.ts';
import type { Assets } from '../pages/document.ts';
import { versionsPage } from '../pages/versions.ts';
import type { SharedBuilds } from '../shared-builds.ts';
import { readVersions, type Versions } from './post-versions.ts';
import type { WordDiffs } from './word-diffs.ts';

/** Pages of earlier versions. */
export interface VersionPages {
  /** Throws as `SharedBuilds.read`. */
  read(stream: ChannelStream, asked: { postId: string; top: number; client: BuildClient }): Promise<MadeVersions | 'gone'>;
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
  builds: SharedBuilds;
  assets: Assets;
}

export function createVersionPages({ engine, diffs, builds, assets }: VersionPagesContext): VersionPages {
  return {
    read(stream, { postId, top, client }) {
      const make = (step: BuildStep) => makePage(stream, { postId, top, step });
      return builds.read(stream, { key: `versions ${postId} ${top}`, client, make });
    },
  };

  async function makePage(
    stream: ChannelStream,
    { postId, top, step }: { postId: string; top: number; step: BuildStep },
  ): Promise<MadeVersions | 'gone'> {
    // Taken before the read, so that the page's script misses no change.
    const cursor = formatCursor(stream.head);
    const found = await readVersions({ engine, diffs, step }, stream.channelId, postId, top + 1);
    if (found === undefined) return 'gone';
    const { channel } = stream;
    const sections = await inTurns(found.steps, (one) => renderVersion(one, channel), step);
    const page = versionsPage({ channel, postId, ...found, sections, cursor, assets });
    await step(Buffer.byteLength(page));
    // Counted twice: the page contains the compared texts, and `found` holds them too.
    return { ...found, channel, cursor, page, characters: 2 * page.length };
  }
}
