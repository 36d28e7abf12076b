import type { Channel, Event } from '../../../../src/protocol/model.ts';
import { LiveReader } from '../../../lib/live-reader.ts';
import { forgetCoverageNames, rememberCoverageName } from './coverage-names.ts';
import { deviceName } from './device-names.ts';

/** A coverage that is open on this desk: it is followed and has a tab in the bar, whether it is shown or not. */
export interface OpenCoverage {
  readonly channelId: string;
  /** Replaced after the session was renewed, if the server had ended the connection. */
  reader: LiveReader;
  /** As it was last received, also on an earlier visit. Undefined until then. */
  headline: Headline | undefined;
  /** Posts that colleagues published while another place of the desk was shown. */
  newPosts: number;
}

/** The headline of a coverage, in its language. */
export interface Headline {
  text: string;
  language: string;
}

/** Each open coverage has its own connection. Above this number, the coverage that was not shown for the longest time is closed. */
export const maxOpenCoverages = 8;

export interface OpenCoveragesOptions {
  url: string;
  storage: Storage | undefined;
  ownerKey: string;
  /** Whether the post was written on this desk. */
  isOwn: (postId: string) => boolean;
  /** The desk has received everything up to this cursor as readers do. */
  received: (channelId: string, event: Pick<Event, 'cursor'>) => void;
  changed: () => void;
}

/**
 * The coverages that are open on this device, remembered for each author. Several tabs share what is remembered: each adds and removes
 * only what was opened and closed in it.
 */
export class OpenCoverages {
  readonly #options: OpenCoveragesOptions;
  /** In the order in which they were opened. */
  readonly #open = new Map<string, OpenCoverage>();
  /** The channel ids, last shown last. */
  #shown: string[] = [];
  /** The channel that is shown now. Undefined in another place of the desk. */
  #current: string | undefined;

  constructor(options: OpenCoveragesOptions) {
    this.#options = options;
    const headlines = this.#rememberedHeadlines();
    for (const channelId of this.#remembered()) this.#add(channelId, headlines[channelId]);
  }

  get all(): readonly OpenCoverage[] {
    return [...this.#open.values()];
  }

  get(channelId: string): OpenCoverage | undefined {
    return this.#open.get(channelId);
  }

  /** Opens the coverage if it is not open yet. */
  show(channelId: string): OpenCoverage {
    const found = this.#open.get(channelId) ?? this.#add(channelId);
    this.#shown = [...this.#shown.filter((id) => id !== channelId), channelId];
    this.#current = channelId;
    found.newPosts = 0;
    const closed: string[] = [];
    while (this.#open.size > maxOpenCoverages) {
      const longestAgo = [...this.#open.keys()].find((id) => !this.#shown.includes(id)) ?? this.#shown[0];
      if (longestAgo === undefined || longestAgo === channelId) break;
      this.#drop(longestAgo);
      closed.push(longestAgo);
    }
    this.#remember({ opened: found, closed });
    return found;
  }

  /** Another place of the desk is shown. */
  hide(): void {
    this.#current = undefined;
  }

  close(channelId: string): void {
    this.#drop(channelId);
    this.#remember({ closed: [channelId] });
    this.#options.changed();
  }

  /** Ends all connections. The open coverages stay remembered for the next visit. */
  closeAll(): void {
    for (const { reader } of this.#open.values()) reader.close();
    this.#open.clear();
  }

  /** Reconnects coverages that the server ended: after another session began, or once it has a channel that was created here. */
  reopenEnded(channelIds: readonly string[] = [...this.#open.keys()]): void {
    for (const coverage of this.#open.values()) {
      if (!channelIds.includes(coverage.channelId) || coverage.reader.state.status !== 'ended') continue;
      coverage.reader = this.#follow(coverage);
      coverage.reader.open();
    }
  }

  #add(channelId: string, headline?: Headline): OpenCoverage {
    if (headline !== undefined) rememberCoverageName(channelId, headline.text);
    const coverage = { channelId, headline, newPosts: 0 } as OpenCoverage;
    coverage.reader = this.#follow(coverage);
    this.#open.set(channelId, coverage);
    coverage.reader.open();
    return coverage;
  }

  #follow(coverage: OpenCoverage): LiveReader {
    const { channelId } = coverage;
    const { url, received, changed } = this.#options;
    const reader = new LiveReader({ url, channelId });
    reader.on('event', (event) => {
      this.#count(coverage, event);
      received(channelId, event);
    });
    reader.on('timeline', (timeline) => {
      this.#name(coverage, timeline.channel);
      received(channelId, timeline);
      changed();
    });
    reader.on('state', changed);
    return reader;
  }

  #count(coverage: OpenCoverage, event: Event): void {
    if (event.type !== 'post.published' || this.#current === coverage.channelId) return;
    if (!this.#options.isOwn(event.post.id)) coverage.newPosts += 1;
  }

  #name(coverage: OpenCoverage, { headline: text, language }: Channel): void {
    if (coverage.headline?.text === text && coverage.headline.language === language) return;
    coverage.headline = { text, language };
    rememberCoverageName(coverage.channelId, text);
    this.#remember({ named: coverage });
  }

  #drop(channelId: string): void {
    this.#open.get(channelId)?.reader.close();
    this.#open.delete(channelId);
    this.#shown = this.#shown.filter((id) => id !== channelId);
  }

  get #storageKey(): string {
    return `${deviceName}-open:${this.#options.ownerKey}`;
  }

  /** Beside the ids, which earlier versions of the desk read too. */
  get #headlinesKey(): string {
    return `${headlinesPrefix}${this.#options.ownerKey}`;
  }

  #remembered(): string[] {
    const saved = this.#read(this.#storageKey);
    return Array.isArray(saved) ? saved.filter((id) => typeof id === 'string').slice(-maxOpenCoverages) : [];
  }

  #rememberedHeadlines(): Record<string, Headline> {
    const saved = this.#read(this.#headlinesKey);
    if (typeof saved !== 'object' || saved === null) return {};
    return Object.fromEntries(Object.entries(saved).filter(([, value]) => isHeadline(value)));
  }

  #read(key: string): unknown {
    try {
      return JSON.parse(this.#options.storage?.getItem(key) ?? 'null');
    } catch {
      return null;
    }
  }

  /** Other tabs may have changed the list since this one read it. */
  #remember({ opened, closed = [], named }: { opened?: OpenCoverage; closed?: readonly string[]; named?: OpenCoverage }): void {
    const { storage } = this.#options;
    inTurn(() => {
      const before = this.#remembered().filter((id) => !closed.includes(id));
      const isNew = opened !== undefined && !before.includes(opened.channelId);
      const ids = (isNew ? [...before, opened.channelId] : before).slice(-maxOpenCoverages);
      const headlines = this.#rememberedHeadlines();
      for (const { channelId, headline } of [opened, named].filter((one) => one !== undefined)) {
        if (headline !== undefined) headlines[channelId] = headline;
      }
      const kept = Object.entries(headlines).filter(([id]) => ids.includes(id));
      storage?.setItem(this.#storageKey, JSON.stringify(ids));
      storage?.setItem(this.#headlinesKey, JSON.stringify(Object.fromEntries(kept)));
    });
  }
}

const headlinesPrefix = `${deviceName}-headlines:`;

/** Removes the headlines of all authors from this device. The next visit of an author shows them once it has loaded the coverages. */
export function forgetHeadlines(storage: Storage | undefined): void {
  forgetCoverageNames();
  inTurn(() => {
    for (const key of Object.keys(storage ?? {})) if (key.startsWith(headlinesPrefix)) storage?.removeItem(key);
  });
}

/** Changes what is remembered, one tab after the other. */
function inTurn(change: () => void): void {
  const attempt = () => {
    try {
      change();
    } catch {
      // Without storage the next visit begins with the list.
    }
  };
  // Missing without a secure context.
  const locks: LockManager | undefined = navigator.locks;
  if (locks === undefined) attempt();
  else void locks.request(`${deviceName}-open`, attempt).catch(() => {});
}

function isHeadline(value: unknown): value is Headline {
  const { text, language } = (value ?? {}) as Partial<Headline>;
  return typeof text === 'string' && typeof language === 'string';
}
