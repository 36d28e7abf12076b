import type { Channel, KeyEvent, ReaderPost } from '../src/protocol/model.ts';
import type { Doubt, Timeline } from './timeline.ts';

/** A timeline as JSON, to be kept over a reload. `version` rises when its shape changes; one of another version is not restored. */
export interface SavedTimeline {
  version: 1;
  channelId: string;
  channel: Channel;
  offset: number;
  cursor: string;
  posts: readonly ReaderPost[];
  floor: number;
  ceiling: number | null;
  pinned: ReaderPost | null;
  summary: ReaderPost | null;
  keyEvents: readonly KeyEvent[];
  summaryDoubt: Doubt | null;
  keyEventsDoubt: Doubt;
  heard: [string, number][];
  newestSeq: number;
}

export function saveTimeline({ heard, window: _window, ...rest }: Timeline): SavedTimeline {
  return { version: 1, ...rest, heard: [...heard] };
}

/** Undefined where it is of another channel or version: then start without it. */
export function restoreTimeline(saved: SavedTimeline, channelId: string): Timeline | undefined {
  if (saved.version !== 1 || saved.channelId !== channelId) return undefined;
  const { version: _version, heard, ...rest } = saved;
  return { ...rest, heard: new Map(heard), window: 0 };
}
