import { hash } from 'node:crypto';
import { diffWords, type Outline, outlineOf, piecesOf } from '../../../client/browser/view/post/diff.ts';
import { type Comparison, compareVersions, type Diff, type Version } from '../../../client/browser/view/post/versions.ts';
import type { Engine } from '../../journal/engine.ts';
import { liveLimits } from '../../live/live-limits.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/**
 * Caches how two versions of a post differ, so that a change elsewhere in the channel compares nothing again. An entry contains lengths
 * and no text: the words come from the journal each time. Entries are dropped when text of their post is erased, or when their channel is
 * deleted or lost.
 */
export interface WordDiffs {
  /** Changes with every erasure. A comparison of texts read before an erasure must not be cached after it. */
  readonly generation: number;
  readonly bytes: number;
  /** The cached comparison of exactly these two texts. */
  find(pair: VersionPair): Comparison | undefined;
  /** Compares, and caches the result unless something was erased since `generation`. */
  compare(pair: VersionPair, generation: number): Comparison;
  /** All cached entries, as bytes. */
  dump(): Buffer;
  close(): void;
}

export interface VersionPair {
  channelId: string;
  /** The epoch of the history that contains the two texts. */
  epoch: string;
  postId: string;
  before: Version;
  version: Version;
}

interface Kept {
  channelId: string;
  postId: string;
  bytes: number;
  /** One outline for each pair of texts that was compared, in that order. Null for texts that differ too much. */
  outlines: readonly (Outline | null)[];
}

export interface WordDiffsContext {
  engine: Pick<Engine, 'onErased'>;
  renderer: { version: string };
  metrics: Pick<Metrics, 'wordDiffs'>;
  mostBytes?: number;
}

/** The memory that an entry takes in addition to its key and numbers. */
const entryBytes = 256;

export function createWordDiffs({
  engine,
  renderer,
  metrics,
  mostBytes = liveLimits.wordDiffsBytes,
}: WordDiffsContext): WordDiffs {
  /** Least recently used first. */
  const kept = new Map<string, Kept>();
  let generation = 0;
  let bytes = 0;

  const undo = engine.onErased((channelId, postId) => {
    generation += 1;
    for (const [key, entry] of kept) {
      if (entry.channelId === channelId && (postId === null || entry.postId === postId)) drop(key, entry);
    }
  });

  return {
    get generation() {
      return generation;
    },
    get bytes() {
      return bytes;
    },
    find(pair) {
      const key = keyOf(pair);
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      kept.delete(key);
      kept.set(key, entry);
      metrics.wordDiffs.inc({ how: 'kept' });
      return compareVersions(pair.before, pair.version, replay(entry.outlines));
    },
    compare(pair, since) {
      metrics.wordDiffs.inc({ how: 'made' });
      const outlines: (Outline | null)[] = [];
      const comparison = compareVersions(pair.before, pair.version, record(outlines));
      if (since === generation) keep(keyOf(pair), pair, outlines);
      return comparison;
    },
    dump: () => Buffer.concat([...kept].flatMap(([key, { outlines }]) => [Buffer.from(key), ...outlines.map(bytesOf)])),
    close() {
      undo();
      kept.clear();
      bytes = 0;
    },
  };

  /**
   * The key includes a digest of both texts: after a store was restored to an older state, the same revision numbers may have
   * other texts.
   */
  function keyOf({ channelId, epoch, postId, before, version }: VersionPair): string {
    const texts = JSON.stringify([before, version].map(({ headline, text, beside }) => [headline, text, beside]));
    const digest = hash('sha256', texts, 'base64url');
    return [channelId, epoch, postId, before.revision, version.revision, renderer.version, digest].join(' ');
  }

  function keep(key: string, { channelId, postId }: VersionPair, outlines: readonly (Outline | null)[]): void {
    const size = outlines.reduce((sum, outline) => sum + (outline?.byteLength ?? 0), entryBytes + 2 * key.length);
    const before = kept.get(key);
    if (before !== undefined) drop(key, before);
    if (size > mostBytes) return;
    kept.set(key, { channelId, postId, bytes: size, outlines });
    bytes += size;
    for (const [oldest, entry] of kept) {
      if (bytes <= mostBytes) break;
      drop(oldest, entry);
      metrics.wordDiffs.inc({ how: 'forgotten' });
    }
  }

  function drop(key: string, entry: Kept): void {
    if (kept.delete(key)) bytes -= entry.bytes;
  }
}

/** A `Diff` that compares texts and appends each outline to `outlines`. */
function record(outlines: (Outline | null)[]): Diff {
  const { versionEdits: edits, versionSteps: steps } = liveLimits;
  return (before, after) => {
    const pieces = diffWords(before, after, { edits, steps });
    outlines.push(pieces === undefined ? null : outlineOf(pieces));
    return pieces;
  };
}

function replay(outlines: readonly (Outline | null)[]): Diff {
  let at = 0;
  return (before, after) => {
    const outline = outlines[at];
    at += 1;
    return outline == null ? undefined : piecesOf(outline, before, after);
  };
}

function bytesOf(outline: Outline | null): Buffer {
  return outline === null ? Buffer.alloc(0) : Buffer.from(outline.buffer, outline.byteOffset, outline.byteLength);
}
