import type { Event } from '../../../../src/protocol/model.ts';
import { LiveReader } from '../../../lib/live-reader.ts';

/** A coverage that is open on this desk: followed, and with a place in the bar, whether it is shown or not. */
export interface OpenCoverage {
  readonly channelId: string;
  readonly reader: LiveReader;
  /** Posts of colleagues that were published while another place of the desk was shown. */
  newPosts: number;
}

/** Each open coverage has a connection of its own. The one that was not shown for the longest time makes room for another. */
export const maxOpenCoverages = 8;

export interface OpenCoveragesOptions {
  url: string;
  storage: Storage | undefined;
  ownerKey: string;
  /** Whether the post was written on this desk. */
  isOwn: (postId: string) => boolean;
  event: (channelId: string, event: Event) => void;
  changed: () => void;
}

/** The coverages that are open on this device, remembered for each author. */
export class OpenCoverages {
  readonly #options: OpenCoveragesOptions;
  /** In the order in which they were opened. */
  readonly #open = new Map<string, OpenCoverage>();
  /** The channel ids, last shown last. */
  #shown: string[] = [];

  constructor(options: OpenCoveragesOptions) {
    this.#options = options;
    for (const channelId of this.#remembered()) this.#add(channelId);
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
    found.newPosts = 0;
    while (this.#open.size > maxOpenCoverages) {
      const longestAgo = [...this.#open.keys()].find((id) => !this.#shown.includes(id)) ?? this.#shown[0];
      if (longestAgo === undefined || longestAgo === channelId) break;
      this.#drop(longestAgo);
    }
    this.#remember();
    return found;
  }

  /** Another place of the desk is shown. */
  hide(): void {
    this.#shown.push('');
  }

  close(channelId: string): void {
    this.#drop(channelId);
    this.#remember();
    this.#options.changed();
  }

  /** Ends all connections. What is open stays remembered. */
  closeAll(): void {
    for (const { reader } of this.#open.values()) reader.close();
    this.#open.clear();
  }

  #add(channelId: string): OpenCoverage {
    const { url, event, changed } = this.#options;
    const reader = new LiveReader({ url, channelId });
    const coverage: OpenCoverage = { channelId, reader, newPosts: 0 };
    this.#open.set(channelId, coverage);
    reader.on('event', (heard) => {
      this.#count(coverage, heard);
      event(channelId, heard);
    });
    for (const name of ['timeline', 'state'] as const) reader.on(name, changed);
    reader.open();
    return coverage;
  }

  #count(coverage: OpenCoverage, event: Event): void {
    if (event.type !== 'post.published' || this.#shown.at(-1) === coverage.channelId) return;
    if (!this.#options.isOwn(event.post.id)) coverage.newPosts += 1;
  }

  #drop(channelId: string): void {
    this.#open.get(channelId)?.reader.close();
    this.#open.delete(channelId);
    this.#shown = this.#shown.filter((id) => id !== channelId);
  }

  get #storageKey(): string {
    return `pressbox-desk-open:${this.#options.ownerKey}`;
  }

  #remembered(): string[] {
    try {
      const saved: unknown = JSON.parse(this.#options.storage?.getItem(this.#storageKey) ?? '[]');
      return Array.isArray(saved) ? saved.filter((id) => typeof id === 'string').slice(-maxOpenCoverages) : [];
    } catch {
      return [];
    }
  }

  #remember(): void {
    try {
      this.#options.storage?.setItem(this.#storageKey, JSON.stringify([...this.#open.keys()]));
    } catch {
      // Without storage the next visit begins with the list.
    }
  }
}
