import { createHash } from 'node:crypto';
import { hashOf } from './journal/entry-record.ts';
import { type ChannelReport, type StoreOptions, Walk, type WalkedEntry } from './journal/history-walk.ts';
import { type VerifyRedisOptions, verifyRedis as verifyInRedis } from './journal/redis/verify.ts';
import type { ChannelRecord, ServerReport } from './journal/server-journal.ts';
import { verifyDirectory as verifyEmbedded } from './journal/sqlite/verify.ts';
import { isListed } from './newsroom/change-history.ts';
import { createRenderer } from './newsroom/render.ts';
import type { Position } from './protocol/cursor.ts';
import type { AuthorPost, Channel, EventType } from './protocol/model.ts';
import { withEveryField } from './protocol/post-fields.ts';
import { hasFormOfLine } from './protocol/transfer.ts';

export { rendered } from './journal/entry-record.ts';
export { type ChannelReport, type Fault, mayBeTold, ofServer, wrongHtml } from './journal/history-walk.ts';
export { channelIsBack, channelIsMissing, type ServerReport, ServerWalk, tokenIsForgotten } from './journal/server-journal.ts';
/**
 * Looks whether a journal is what was written: in a data directory, in a Redis or Valkey, or from outside, by what an export says. All
 * walk the same chain (`journal/history-walk.ts`). For the command; an embedded server walks its own by itself when it starts, without a look at
 * the html.
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
  /** Each post's last revision, with the digest of what it wrote. */
  posts: Map<string, LastRevision>;
}

export interface LastRevision {
  offset: number;
  revision: number;
  digest: string;
}

export interface VerifyExportOptions {
  since?: ReadonlyMap<string, Position>;
  /** What the server's own journal says of channels. */
  records?: ReadonlyMap<string, ChannelRecord> | undefined;
  onEntry?: () => void;
}

/** The channels of an export, which may hold several, one after the other. A line that is none of an export is thrown as a SyntaxError. */
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
    onEntry?.();
  }
  if (walked !== undefined) yield walked.finish();
}

/** What a line of an export holds. It is judged by the chain alone, so that a later version may say more. */
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

/** As it stands there, since the hash of a text covers its fields in their order. */
function lineIn(text: string): ExportLine {
  const line: unknown = JSON.parse(text);
  if (hasFormOfLine(line)) return line as ExportLine;
  throw new SyntaxError('This is no line of an export.');
}

/** What is left of an erased revision. */
const namesOfErased: ReadonlySet<string> = new Set(['id', 'channelId', 'revision']);

class WalkedExport {
  readonly channelId: string;
  readonly #walk: Walk;
  readonly #posts = new Map<string, LastRevision>();
  #faulty: ChannelReport | undefined;

  constructor(channelId: string, root: string | undefined, since: Position | undefined, record?: ChannelRecord) {
    this.channelId = channelId;
    this.#walk = new Walk(channelId, root ?? '', { since, record });
    // Its places are not in its export, so that nobody takes them for those of another history.
    if (root === undefined)
      this.#faulty = this.#walk.faulty(0, null, 'its history began anew: only where it is kept can it be verified');
  }

  take({ channel, post, revision: facts }: ExportLine): void {
    if (this.#faulty !== undefined) return;
    const written = channel ?? post;
    const { offset, check } = facts ?? {};
    if (facts === undefined || written === undefined || offset === undefined || check === undefined) {
      this.#faulty = this.#walk.faulty(this.#walk.offset + 1, null, 'the line does not tell its place');
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
    // Whether a later line tells of the erasure is seen at the end. A channel's text is never erased.
    const erasedThrough = post === undefined ? 0 : Number.MAX_SAFE_INTEGER;
    this.#faulty = this.#walk.take({ ...entry, text, erasedThrough });
    if (post === undefined || this.#faulty !== undefined) return;
    if (text === undefined && Object.keys(post).some((field) => !namesOfErased.has(field))) {
      this.#faulty = this.#walk.faulty(offset, post.id, 'there is a text where it was erased');
      return;
    }
    this.#posts.set(post.id, { offset, revision, digest: text === undefined ? '' : digestOfPost(post) });
  }

  finish(): VerifiedExport {
    return { report: this.#faulty ?? this.#walk.finish(), posts: this.#posts };
  }
}

/** Of what was written of a post, whatever the order of its fields, and without what the server makes. */
export function digestOfPost(post: object): string {
  const { seq: _seq, html: _html, ...written } = post as Partial<AuthorPost>;
  const fields = Object.entries(withEveryField(written)).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
}
