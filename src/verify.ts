import { createHash } from 'node:crypto';
import { hashOf } from './journal/entry-record.ts';
import { type ChannelReport, HistoryWalk, type SeenEntry, type StoreOptions, type WalkedEntry } from './journal/history-walk.ts';
import { type VerifyRedisOptions, verifyRedis as verifyInRedis } from './journal/redis/verify.ts';
import type { ChannelRecord, ServerReport } from './journal/server-journal.ts';
import { verifyDirectory as verifyEmbedded } from './journal/sqlite/verify.ts';
import { createRenderer } from './newsroom/render.ts';
import type { Position } from './protocol/cursor.ts';
import { type AuthorPost, type Channel, type EventType, isListed } from './protocol/model.ts';
import { withEveryField } from './protocol/post-fields.ts';
import { hasFormOfLine } from './protocol/transfer.ts';

export { renderBody as rendered } from './journal/entry-record.ts';
export {
  type ChannelReport,
  type Fault,
  htmlMismatch as wrongHtml,
  mayBeExplainedLater as mayBeTold,
  type SeenEntry,
  serverJournalId as ofServer,
} from './journal/history-walk.ts';
export {
  channelIsBack,
  channelIsMissing,
  type ServerReport,
  ServerWalk,
  sessionIsBack,
  tokenIsForgotten,
} from './journal/server-journal.ts';
export { isMediumWhole, storedMediaIds } from './media/verify-media.ts';
/**
 * Verifies that a journal holds what was written: in a data directory, in Redis or Valkey, or in an export. All three walk the
 * same hash chain (`journal/history-walk.ts`). `pressbox verify` uses this module. A server with the embedded journal walks its
 * own chain when it starts, without comparing html.
 */
export { createRenderer };

export function verifyDirectory(dataDir: string, options: StoreOptions): Generator<ChannelReport | ServerReport> {
  return verifyEmbedded(dataDir, { now: Date.now(), ...options, rendererFor, isListed });
}

export function verifyRedis(options: VerifyRedisOptions): AsyncGenerator<ChannelReport | ServerReport> {
  return verifyInRedis({ now: Date.now(), ...options, rendererFor, isListed });
}

const rendererFor = (publicUrl: string) => createRenderer({ publicUrl });

export interface VerifiedExport {
  report: ChannelReport;
  /** The last revision of each post, with a digest of its text. */
  posts: Map<string, LastRevision>;
}

export interface LastRevision {
  offset: number;
  revision: number;
  digest: string;
}

export interface VerifyExportOptions {
  since?: ReadonlyMap<string, Position>;
  /** What the server's own journal says about each channel. */
  records?: ReadonlyMap<string, ChannelRecord> | undefined;
  onEntry?: (seen: SeenEntry) => void;
}

/**
 * Verifies each channel of an export. An export may contain several channels, one after another. Throws a SyntaxError for a line
 * that does not have the form of an export line.
 */
export async function* verifyExport(
  lines: AsyncIterable<string>,
  { since, records, onEntry }: VerifyExportOptions = {},
): AsyncGenerator<VerifiedExport> {
  let walked: WalkedExport | undefined;
  for await (const text of lines) {
    const line = lineIn(text);
    const channelId = line.channel?.id ?? line.post?.channelId ?? '';
    if (walked?.channelId !== channelId) {
      if (walked !== undefined) yield walked.finish();
      walked = new WalkedExport(channelId, line.revision?.root, since?.get(channelId), records?.get(channelId));
    }
    walked.take(line);
    const written = line.revision?.salt === undefined ? undefined : JSON.stringify(line.channel ?? line.post);
    onEntry?.({ channelId, postId: line.post?.id ?? null, state: written });
  }
  if (walked !== undefined) yield walked.finish();
}

/** A line of an export. Only the hash chain decides whether the line is valid, so that later versions can add fields. */
interface ExportLine {
  channel?: Channel;
  post?: Partial<AuthorPost> & { id: string; channelId: string; revision: number };
  revision?: {
    type: EventType;
    kind: WalkedEntry['kind'];
    at: string;
    by: string;
    offset?: number;
    check?: string;
    salt?: string;
    content?: string;
    erases?: number;
    chained?: true;
    root?: string;
  };
}

/** The line as parsed, without a schema: the hash of a text covers its fields in their order. */
function lineIn(text: string): ExportLine {
  const line: unknown = JSON.parse(text);
  if (hasFormOfLine(line)) return line as ExportLine;
  throw new SyntaxError('This is no line of an export.');
}

/** The fields that an erased revision keeps in an export. */
const namesOfErased: ReadonlySet<string> = new Set(['id', 'channelId', 'revision']);

class WalkedExport {
  readonly channelId: string;
  readonly #walk: HistoryWalk;
  readonly #posts = new Map<string, LastRevision>();
  #faulty: ChannelReport | undefined;

  constructor(channelId: string, root: string | undefined, since: Position | undefined, record?: ChannelRecord) {
    this.channelId = channelId;
    this.#walk = new HistoryWalk(channelId, root ?? '', { since, record });
    // An export of a history that began again has no offsets and checks: they would be mistaken for those of another history.
    if (root === undefined)
      this.#faulty = this.#walk.fail(0, null, 'its history was restarted, so it can be verified only in its store');
  }

  take({ channel, post, revision: facts }: ExportLine): void {
    if (this.#faulty !== undefined) return;
    const written = channel ?? post;
    const { offset, check } = facts ?? {};
    if (facts === undefined || written === undefined || offset === undefined || check === undefined) {
      this.#faulty = this.#walk.fail(this.#walk.offset + 1, null, 'the line does not tell its place');
      return;
    }
    const { salt, erases, chained = false } = facts;
    const { headline = null, history = [], revision } = written as Partial<AuthorPost> & { revision: number };
    const note = history.find((change) => change.revision === revision)?.note ?? null;
    const text = salt === undefined ? undefined : { salt, headline, note, state: JSON.stringify(written) };
    const content = text === undefined ? (facts.content ?? '') : hashOf(text);
    const postId = post?.id ?? null;
    const erasure = chained ? { erases } : { erases: undefined, erasesUnchained: erases ?? 0 };
    const entry = { ...facts, ...erasure, channelId: this.channelId, postId, revision, offset, check, content };
    // `finish` checks that a later line records the erasure. The text of a channel is never erased.
    const erasedThrough = post === undefined ? 0 : Number.MAX_SAFE_INTEGER;
    this.#faulty = this.#walk.take({ ...entry, text, erasedThrough });
    if (post === undefined || this.#faulty !== undefined) return;
    if (text === undefined && Object.keys(post).some((field) => !namesOfErased.has(field))) {
      this.#faulty = this.#walk.fail(offset, post.id, 'there is a text where it was erased');
      return;
    }
    this.#posts.set(post.id, { offset, revision, digest: text === undefined ? '' : digestOfPost(post) });
  }

  finish(): VerifiedExport {
    return { report: this.#faulty ?? this.#walk.finish(), posts: this.#posts };
  }
}

/**
 * A digest of what an author wrote in a post: independent of the order of fields, and without `seq` and `html`, which the server
 * makes.
 */
export function digestOfPost(post: object): string {
  const { seq: _seq, html: _html, ...written } = post as Partial<AuthorPost>;
  const fields = Object.entries(withEveryField(written)).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
}
