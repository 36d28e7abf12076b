import { setImmediate as turn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import type { Html } from '../../client/browser/view/html.ts';
import type { Slots } from '../http/concurrency-slots.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import { readShared, type Shareable } from '../streams/shared-answers.ts';

/**
 * Pages that compare texts. Comparing is the most expensive request a stranger can make. Each page is therefore built once for all clients
 * between two changes of its channel, a few pages at a time, and only while a client still waits.
 */
export interface SharedPages {
  /** Throws a refusal, `JournalUnavailable`, or `AllClientsGone` if every client that requested the page has disconnected. */
  read<T extends Shareable>(stream: ChannelStream, asked: PageRequest<T>): Promise<T | 'gone'>;
}

export interface PageRequest<T> {
  /** Identifies the page among the answers of its channel. */
  key: string;
  isGone: () => boolean;
  /** Calls `requireWaiting` before each costly step. It throws if no client waits any more. */
  make: (requireWaiting: () => void) => Promise<T | 'gone'>;
}

/** Every client that requested the page has disconnected. */
export class AllClientsGone extends Error {}

export function createSharedPages({ slots }: { slots: Slots }): SharedPages {
  /** For each page that is being built: functions that return whether a waiting client has disconnected. */
  const waiting = new WeakMap<ChannelStream, Map<string, Set<() => boolean>>>();

  return {
    async read(stream, { key, isGone, make }) {
      const done = wait(stream, key, isGone);
      const requireWaiting = () => {
        const all = [...(waiting.get(stream)?.get(key) ?? [])];
        if (all.every((isGone) => isGone())) throw new AllClientsGone();
      };
      const makePage = async () => {
        requireWaiting();
        const release = slots.take();
        try {
          return await make(requireWaiting);
        } finally {
          release();
        }
      };
      try {
        // The earlier clients may all have disconnected just before this request.
        const givenUp = (error: unknown) => error instanceof AllClientsGone && !isGone();
        return await readShared(stream, key, makePage, givenUp);
      } finally {
        done();
      }
    },
  };

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

/** Renders sections in order. Other work runs before each one, because thousands of marked words take as long to render as to compare. */
export async function renderInTurns<T>(all: readonly T[], render: (one: T) => Html, requireWaiting: () => void): Promise<Html[]> {
  const sections: Html[] = [];
  for (const one of all) {
    await turn();
    requireWaiting();
    sections.push(render(one));
  }
  return sections;
}

/** Whether the client can receive nothing any more: it closed its side, or the connection is lost. */
export function hasDisconnected(request: Request, response: Response): boolean {
  return response.closed || !request.socket.writable;
}
