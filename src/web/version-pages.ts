import { setImmediate as turn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import type { Html } from '../../client/browser/view/html.ts';
import { renderVersion } from '../../client/browser/view/versions.ts';
import type { Slots } from '../http/concurrency-slots.ts';
import type { Engine } from '../journal/engine.ts';
import { formatCursor } from '../protocol/cursor.ts';
import type { Channel } from '../protocol/model.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import { readShared } from '../streams/shared-answers.ts';
import type { Assets } from './pages/document.ts';
import { versionsPage } from './pages/versions.ts';
import { readVersions, type Versions } from './post-versions.ts';
import type { WordDiffs } from './word-diffs.ts';

/**
 * Pages of what posts said before. To compare versions is the dearest thing that a stranger can ask for, so each page is made once for
 * all who ask for it between two changes of its channel, a few pages at a time, and only while one of them is still there.
 */
export interface VersionPages {
  /** Throws a refusal, `JournalUnavailable`, or `NobodyWaits` where the client has gone. */
  read(stream: ChannelStream, asked: { postId: string; top: number; isGone: () => boolean }): Promise<MadeVersions | 'gone'>;
}

export interface MadeVersions extends Versions {
  /** As it was when the page was made. */
  channel: Channel;
  cursor: string;
  /** For strangers. */
  page: string;
  characters: number;
}

export interface VersionPagesContext {
  engine: Engine;
  diffs: WordDiffs;
  slots: Slots;
  assets: Assets;
}

/** All who asked for the page have gone. */
export class NobodyWaits extends Error {}

export function createVersionPages({ engine, diffs, slots, assets }: VersionPagesContext): VersionPages {
  /** For each page that is being made, whether those who wait for it have gone. */
  const waiting = new WeakMap<ChannelStream, Map<string, Set<() => boolean>>>();

  return {
    async read(stream, { postId, top, isGone }) {
      const key = `versions ${postId} ${top}`;
      const done = wait(stream, key, isGone);
      try {
        const makePage = () => make(stream, { key, postId, top });
        // All who had asked before this one may have gone in the moment before it asked.
        const givenUp = (error: unknown) => error instanceof NobodyWaits && !isGone();
        return await readShared(stream, key, makePage, givenUp);
      } finally {
        done();
      }
    },
  };

  async function make(
    stream: ChannelStream,
    { key, postId, top }: { key: string; postId: string; top: number },
  ): Promise<MadeVersions | 'gone'> {
    const mustGoOn = () => {
      const all = [...(waiting.get(stream)?.get(key) ?? [])];
      if (all.every((isGone) => isGone())) throw new NobodyWaits();
    };
    mustGoOn();
    const release = slots.take();
    try {
      // Before the rest is read, so that nothing falls between the page and what its script hears.
      const cursor = formatCursor(stream.head);
      const found = await readVersions({ engine, diffs, mustGoOn }, stream.channelId, postId, top + 1);
      if (found === undefined) return 'gone';
      const { channel } = stream;
      const sections: Html[] = [];
      for (const step of found.steps) {
        // Thousands of marked words take as long to write as to compare.
        await turn();
        mustGoOn();
        sections.push(renderVersion(step, channel));
      }
      const page = versionsPage({ channel, postId, steps: found.steps, sections, older: found.older, cursor, assets });
      // The texts that were compared are in it once, and beside it once more.
      return { ...found, channel, cursor, page, characters: 2 * page.length };
    } finally {
      release();
    }
  }

  /** Returns the end of it. */
  function wait(stream: ChannelStream, key: string, isGone: () => boolean): () => void {
    const pages = waiting.get(stream) ?? new Map<string, Set<() => boolean>>();
    waiting.set(stream, pages);
    const all = pages.get(key) ?? new Set();
    pages.set(key, all);
    all.add(isGone);
    return () => {
      all.delete(isGone);
      if (all.size === 0 && pages.get(key) === all) pages.delete(key);
    };
  }
}

/** Whether nothing can be sent to who asked any more: their end is closed, or the connection is lost. */
export function hasGone(request: Request, response: Response): boolean {
  return response.closed || !request.socket.writable;
}
