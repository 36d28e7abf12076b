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
 * Pages of earlier versions. Comparing versions is the most expensive request a stranger can make. Each page is therefore built once for
 * all clients between two changes of its channel, a few pages at a time, and only while a client still waits.
 */
export interface VersionPages {
  /** Throws a refusal, `JournalUnavailable`, or `AllClientsGone` if every client that requested the page has disconnected. */
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
  slots: Slots;
  assets: Assets;
}

/** Every client that requested the page has disconnected. */
export class AllClientsGone extends Error {}

export function createVersionPages({ engine, diffs, slots, assets }: VersionPagesContext): VersionPages {
  /** For each page that is being built: functions that return whether a waiting client has disconnected. */
  const waiting = new WeakMap<ChannelStream, Map<string, Set<() => boolean>>>();

  return {
    async read(stream, { postId, top, isGone }) {
      const key = `versions ${postId} ${top}`;
      const done = wait(stream, key, isGone);
      try {
        const makePage = () => make(stream, { key, postId, top });
        // The earlier clients may all have disconnected just before this request.
        const givenUp = (error: unknown) => error instanceof AllClientsGone && !isGone();
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
    const requireWaiting = () => {
      const all = [...(waiting.get(stream)?.get(key) ?? [])];
      if (all.every((isGone) => isGone())) throw new AllClientsGone();
    };
    requireWaiting();
    const release = slots.take();
    try {
      // Taken before the read, so that the page's script misses no change.
      const cursor = formatCursor(stream.head);
      const found = await readVersions({ engine, diffs, requireWaiting }, stream.channelId, postId, top + 1);
      if (found === undefined) return 'gone';
      const { channel } = stream;
      const sections: Html[] = [];
      for (const step of found.steps) {
        // Rendering thousands of marked words takes as long as comparing them.
        await turn();
        requireWaiting();
        sections.push(renderVersion(step, channel));
      }
      const page = versionsPage({ channel, postId, steps: found.steps, sections, older: found.older, cursor, assets });
      // Counted twice: the page contains the compared texts, and `found` holds them too.
      return { ...found, channel, cursor, page, characters: 2 * page.length };
    } finally {
      release();
    }
  }

  /** Registers a waiting client. Returns a function that removes the client. */
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

/** Whether the client can receive nothing any more: it closed its side, or the connection is lost. */
export function hasDisconnected(request: Request, response: Response): boolean {
  return response.closed || !request.socket.writable;
}
