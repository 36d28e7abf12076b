import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderClientOptions } from '../../../client/lib/reader-types.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import type { ReaderPost } from '../../../src/protocol/model.ts';
import { type Line, startLine } from '../servers/bad-line.ts';

/**
 * One of our readers behind two bad networks, one for its socket and one for its page requests, with an observer that records every text
 * that was ever on the screen.
 */
export interface Witness extends AsyncDisposable {
  readonly client: ReaderClient;
  readonly line: Line;
  readonly pageLine: Line;
  /** Errors in what was shown. */
  readonly faults: string[];
  /** The shown JSON by `id@revision`. */
  readonly shown: ReadonlyMap<string, string>;
  /** Number of reported events. */
  readonly events: number;
  /** Closes the page and opens it again from the saved timeline or only its cursor. */
  reload(keep: 'timeline' | 'cursor'): void;
  /** Starts something that may fail without a network, and records that it is running. */
  attempt(what: (client: ReaderClient) => Promise<unknown>): void;
  /** Restores both networks. Resolves when nothing is running. */
  heal(): Promise<void>;
}

export async function startWitness(
  url: string,
  channelId: string,
  limit: number,
  more: Partial<ReaderClientOptions> = {},
): Promise<Witness> {
  const line = await startLine(url);
  const pageLine = await startLine(url);
  const faults: string[] = [];
  const shown = new Map<string, string>();
  /** The highest revision of each post that was reported or shown. */
  let highest = new Map<string, number>();
  let offset = 0;
  let events = 0;
  let attempts: Promise<unknown>[] = [];
  const checked = new WeakSet<ReaderPost>();

  const options: ReaderClientOptions = {
    url: line.url,
    channelId,
    limit,
    fetch: (address, init) => fetch(address.replace(line.url, pageLine.url), init),
    // This makes random pauses as short as possible.
    random: () => 0,
    ...more,
  };
  let client = open({});

  function open(from: Pick<ReaderClientOptions, 'cursor' | 'timeline'>): ReaderClient {
    const opened = new ReaderClient({ ...options, ...from });
    opened.on('event', (event) => {
      if (event.offset <= offset) faults.push(`event ${event.offset} was applied after ${offset}`);
      offset = event.offset;
      events += 1;
      if ('post' in event) heard(event.post);
    });
    opened.on('reset', () => {
      faults.push('a reset, though the history is one');
      highest = new Map();
      offset = 0;
    });
    opened.on('timeline', look);
    opened.on('state', (state) => {
      if (state.status === 'ended' && state.reason !== 'closed') faults.push(`ended: ${state.reason} ${state.problem?.code}`);
    });
    return opened.open();
  }

  function heard({ id, revision }: ReaderPost): void {
    highest.set(id, Math.max(revision, highest.get(id) ?? 0));
  }

  /** Records what is on the screen now. */
  function look({ posts, pinned, summary }: Timeline): void {
    for (const post of [...posts, pinned, summary]) {
      if (post === null) continue;
      const known = highest.get(post.id) ?? 0;
      if (post.revision < known) faults.push(`revision ${post.revision} of ${post.id} was shown after ${known}`);
      heard(post);
      if (checked.has(post)) continue;
      checked.add(post);
      const name = `${post.id}@${post.revision}`;
      const json = JSON.stringify(post);
      if ((shown.get(name) ?? json) !== json) faults.push(`${name} was shown in two ways`);
      shown.set(name, json);
    }
  }

  return {
    get client() {
      return client;
    },
    line,
    pageLine,
    faults,
    shown,
    get events() {
      return events;
    },
    reload(keep) {
      const saved = JSON.parse(JSON.stringify(client.save() ?? {})) as ReturnType<ReaderClient['save']>;
      client.close();
      const { cursor, timeline } = saved ?? {};
      if (keep === 'timeline' && timeline !== undefined) client = open({ timeline });
      else client = open(cursor === undefined ? {} : { cursor });
    },
    attempt(what) {
      attempts.push(what(client).catch(() => {}));
    },
    async heal() {
      for (const proxy of [line, pageLine]) {
        proxy.delayMs = 0;
        proxy.stalled = false;
      }
      await Promise.all(attempts);
      attempts = [];
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await line[Symbol.asyncDispose]();
      await pageLine[Symbol.asyncDispose]();
    },
  };
}
