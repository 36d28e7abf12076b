import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost } from '../protocol/model.ts';
import type { Renderer } from './engine.ts';
import { erasedSalt, hashOf, isEmptyText, renderBody, type Text } from './entry-record.ts';
import { digestOf, epochOf, type Facts, nextCheck, positionAt, shortCheck } from './hash-chain.ts';
import type { ChannelRecord, ServerWalk } from './server-journal.ts';

/**
 * Walks a history from its root and compares every fact, and every text that was not erased, with the hash chain. The chain does
 * not cover html, which is derived from the text. If a renderer is given, html is compared with a new rendering.
 */
export interface Fault {
  channelId: string;
  /** The first faulty offset; 0 for the channel as a whole. */
  offset: number;
  /** The affected post, if any. */
  postId: string | null;
  why: string;
}

export interface ChannelReport {
  channelId: string;
  entries: number;
  /** Revisions whose text is intact. */
  texts: number;
  /** Revisions whose text was erased and cannot be compared. */
  erased: number;
  /** The part of `erased` that was erased before erasures were part of the hash chain, so no check covers the erasure. */
  erasedBeforeChained: number;
  /** Texts of posts whose html was not compared with their body. */
  htmlNotCompared: number;
  /** The last intact position. Undefined: not even the first entry is intact. */
  position: Position | undefined;
  fault?: Fault;
}

export interface WalkedEntry extends Facts {
  offset: number;
  content: string;
  check: string;
  /** Undefined: missing. */
  text: Pick<Text, 'salt' | 'headline' | 'note' | 'state'> | undefined;
  /** The html that readers see. Undefined: not read. */
  shown?: Pick<Text, 'html' | 'version'> | undefined;
  /** The last erased revision of the entry's post, whichever entry erased it. */
  erasedThrough: number;
  /**
   * The last revision that the entry erased, as recorded outside the hash chain. If left out, it is derived from `erasedThrough`.
   */
  erasesUnchained?: number | undefined;
}

/** Options for walking a store. */
export interface StoreOptions {
  /** Only this channel, without the server's own journal. */
  channelId?: string | undefined;
  /** Earlier positions of channels, and of the server's own journal under an empty id. */
  since?: ReadonlyMap<string, Position>;
  /** Renders the html to compare with. */
  renderer?: Renderer | undefined;
  /** Makes the renderer of a public address. If given, html for other addresses that this store was used with is compared too. */
  rendererFor?: ((publicUrl: string) => Renderer) | undefined;
  /** Whether a kind of change is listed. If given, the lists and indexes are compared with the entries too. */
  isListed?: ((kind: Facts['kind']) => boolean) | undefined;
  /** Milliseconds since 1970. Revocations that expired earlier may be missing. */
  now?: number;
  /** Accepts missing texts even if no entry records their erasure. */
  ignoresUnexplainedErasures?: boolean | undefined;
  /** Called after each entry. */
  onEntry?: (seen: SeenEntry) => void;
}

/** What an entry wrote, as JSON. Undefined if it was erased. */
export interface SeenEntry {
  channelId: string;
  /** Null for the channel. */
  postId: string | null;
  state: string | undefined;
}

/** Stands for the server's own journal in maps of channels. */
export const serverJournalId = '';

/** The renderers that the server's own journal records, by version. Undefined if that renderer cannot be recreated. */
export function renderersOf(
  { renderers }: Pick<ServerWalk, 'renderers'>,
  rendererFor: StoreOptions['rendererFor'],
): ReadonlyMap<string, Renderer | undefined> {
  const made = [...renderers].map(([version, publicUrl]) => {
    const renderer = publicUrl === null ? undefined : rendererFor?.(publicUrl);
    return [version, renderer?.version === version ? renderer : undefined] as const;
  });
  return new Map(made);
}

export interface WalkOptions {
  /** The offset of the first entry. Above 1 if a repair began a new history. */
  began?: number;
  /** An earlier position that the history must pass through. */
  since?: Position | undefined;
  /** What the server's own journal records about the channel. */
  record?: ChannelRecord | undefined;
  /** The renderers that wrote html in this store, as `renderersOf` returns them. Left out: unknown. */
  renderers?: ReadonlyMap<string, Renderer | undefined> | undefined;
  /**
   * Html of this renderer's version must equal its rendering. Html of other versions is rendered again when it is served, so it
   * is compared only if `renderers` has its renderer.
   */
  renderer?: Renderer | undefined;
  ignoresUnexplainedErasures?: boolean | undefined;
}

export class HistoryWalk {
  readonly channelId: string;
  readonly #root: string;
  readonly #since: Position | undefined;
  readonly #renderer: Renderer | undefined;
  readonly #record: ChannelRecord | undefined;
  readonly #renderers: WalkOptions['renderers'];
  readonly #began: number;
  readonly #ignoresUnexplained: boolean;
  #check: string;
  #next: number;
  #report = { entries: 0, texts: 0, erased: 0, erasedBeforeChained: 0, htmlNotCompared: 0 };
  /** By post: missing texts whose erasure no entry has recorded so far. */
  readonly #unexplained = new Map<string, UnexplainedErasures>();

  constructor(channelId: string, root: string, options: WalkOptions = {}) {
    const { began = 1, since, renderer, record, renderers, ignoresUnexplainedErasures = false } = options;
    this.channelId = channelId;
    this.#root = root;
    this.#since = since;
    this.#renderer = renderer;
    this.#record = record;
    this.#renderers = renderers;
    this.#began = began;
    this.#ignoresUnexplained = ignoresUnexplainedErasures;
    this.#check = root;
    this.#next = began;
  }

  /** The offset of the last intact entry. */
  get offset(): number {
    return this.#next - 1;
  }

  get check(): string {
    return this.#check;
  }

  /** Checks the next entry. Returns a report if the entry is faulty. Later entries cannot be checked then. */
  take(entry: WalkedEntry): ChannelReport | undefined {
    const offset = this.#next;
    if (entry.offset !== offset) return this.fail(offset, null, 'the entry is missing');
    const check = nextCheck(this.#check, offset, digestOf({ ...entry, channelId: this.channelId }, entry.content));
    if (check !== entry.check) return this.fail(offset, entry.postId, 'the entry was changed');
    const why = wrongText(entry);
    if (why !== undefined) return this.fail(offset, entry.postId, why);
    const html = this.#htmlOf(entry);
    if (html === 'strange') return this.fail(offset, entry.postId, unknownHtmlVersion(entry.revision));
    if (html === 'differs') return this.fail(offset, entry.postId, htmlMismatch(entry.revision));
    const { found, root } = this.#record ?? {};
    if (offset === this.#began && this.#began === 1 && root !== undefined && root !== this.#root)
      return this.fail(offset, entry.postId, 'the history was replaced since the channel was created');
    if (found?.offset === offset && found.check !== check)
      return this.fail(offset, entry.postId, 'the history was replaced since the server journal began');
    this.#check = check;
    this.#next += 1;
    this.#report.entries += 1;
    if (isErased(entry)) this.#report.erased += 1;
    else this.#report.texts += 1;
    this.#noteErasure(entry);
    if (html === 'unknown') this.#report.htmlNotCompared += 1;
    if (this.#since?.offset === offset && shortCheck(check) !== this.#since.check) {
      return this.fail(offset, entry.postId, 'the history was replaced since the earlier time');
    }
    return undefined;
  }

  /** Compares html with the rendering of its version. `strange`: no server on this store has used that version. */
  #htmlOf(entry: WalkedEntry): 'none' | 'same' | 'differs' | 'unknown' | 'strange' {
    const html = htmlOf(entry, this.#renderer);
    const { shown } = entry;
    if (html !== 'unknown' || shown === undefined || this.#renderer === undefined || this.#renderers === undefined) return html;
    const used = this.#renderers.get(shown.version);
    if (used !== undefined) return htmlOf(entry, used);
    const isCovered = this.#record !== undefined && entry.offset > (this.#record.found?.offset ?? 0);
    return isCovered && !this.#renderers.has(shown.version) ? 'strange' : 'unknown';
  }

  /**
   * The last revision that an entry erased, according to the chain or to the server's own journal. For entries older than both
   * records, the fields in the store are trusted.
   */
  #erasureBy({ offset, postId, ...entry }: ErasingEntry): ErasureRecord {
    const { found, importedErasures } = this.#record ?? {};
    const recorded = erasureOf(entry);
    if (recorded.isChained || importedErasures === undefined || offset <= (found?.offset ?? 0)) return recorded;
    const { revision, erasedThrough, erasesUnchained } = entry;
    if (!importedErasures.has(`${postId} ${revision}`)) return { through: 0, isChained: false };
    // If a later entry erased more, that entry explains all of it.
    return { through: erasesUnchained ?? (erasedThrough < revision ? erasedThrough : 0), isChained: false };
  }

  /** A missing text must be explained by a later entry of its post. */
  #noteErasure(entry: WalkedEntry): void {
    const { offset, postId, revision, text } = entry;
    if (postId === null || this.#ignoresUnexplained) return;
    this.#explainMissing(postId, revision, this.#erasureBy(entry));
    if (text !== undefined) return;
    const { texts } = this.#unexplained.get(postId) ?? { texts: [] };
    this.#unexplained.set(postId, { texts: [...texts, { offset, revision }], latest: revision });
  }

  #explainMissing(postId: string, revision: number, { through, isChained }: ErasureRecord): void {
    const unexplained = this.#unexplained.get(postId);
    if (unexplained === undefined) return;
    const explained = unexplained.texts.filter((gone) => gone.revision <= through);
    if (!isChained) this.#report.erasedBeforeChained += explained.length;
    unexplained.texts = unexplained.texts.filter((gone) => gone.revision > through);
    unexplained.latest = revision;
    if (unexplained.texts.length === 0) this.#unexplained.delete(postId);
  }

  /** Whether a text is missing and no entry has recorded its erasure so far. */
  get hasUnexplainedErasures(): boolean {
    return this.#unexplained.size > 0;
  }

  /** Accepts an entry that was written after the walk began, as the explanation of a missing text. The entry is not checked. */
  takeErasure(entry: ErasingEntry): void {
    if (entry.postId !== null) this.#explainMissing(entry.postId, entry.revision, this.#erasureBy(entry));
  }

  fail(offset: number, postId: string | null, why: string): ChannelReport {
    return { ...this.#reportSoFar(), fault: { channelId: this.channelId, offset, postId, why } };
  }

  /** Call after the last entry. */
  finish(): ChannelReport {
    if (this.#since !== undefined && this.#since.offset > this.offset) {
      return this.fail(this.offset + 1, null, 'entries from before the earlier time are missing: this is an older copy');
    }
    for (const [postId, { texts, latest }] of this.#unexplained) {
      const [gone] = texts as [ErasedText];
      const isLatest = gone.revision === latest;
      return this.fail(gone.offset, postId, isLatest ? erasureEntryMissing : erasureUnrecorded);
    }
    return this.#reportSoFar();
  }

  #reportSoFar(): ChannelReport {
    const { entries } = this.#report;
    const position = entries === 0 ? undefined : positionAt(epochOf(this.#root), this.offset, this.#check);
    return { channelId: this.channelId, ...this.#report, position };
  }
}

interface ErasedText {
  offset: number;
  revision: number;
}

interface UnexplainedErasures {
  texts: ErasedText[];
  /** The post's latest revision so far. */
  latest: number;
}

const erasureUnrecorded = 'the text is missing, and no entry records its erasure';

/** Whether an entry that is still to be written may explain the fault, for example while an import runs. */
export function mayBeExplainedLater({ why }: Pick<Fault, 'why'>): boolean {
  return why === erasureEntryMissing || why === erasureUnrecorded;
}

/** If no later entry of the post exists, a removed text looks the same as an interrupted import. */
const erasureEntryMissing =
  'the text and the entry that records its erasure are missing: if an import was interrupted, import the whole export again';

interface ErasureRecord {
  through: number;
  isChained: boolean;
}

type ErasingEntry = Pick<WalkedEntry, 'offset' | 'postId' | 'type' | 'revision' | 'erases' | 'erasedThrough' | 'erasesUnchained'>;

/** The erasure that an entry records, from the entry and the store alone. The type of a takedown implies its erasure. */
function erasureOf(entry: Omit<ErasingEntry, 'offset' | 'postId'>): ErasureRecord {
  const { type, revision, erases, erasedThrough, erasesUnchained } = entry;
  if (typeof erases === 'number') return { through: erases, isChained: true };
  if (type === 'post.taken-down') return { through: revision - 1, isChained: true };
  return { through: erasesUnchained ?? (revision === erasedThrough + 1 ? erasedThrough : 0), isChained: false };
}

function isErased({ text }: WalkedEntry): boolean {
  return text === undefined || text.salt === erasedSalt;
}

function wrongText(entry: WalkedEntry): string | undefined {
  const { text, content, revision, erasedThrough } = entry;
  if (text === undefined) return revision > erasedThrough ? 'the text is missing' : undefined;
  // A placeholder for a text that was erased elsewhere stays until the next revision is imported. No hash covers the placeholder,
  // so it must contain no words.
  const isIntact = isErased(entry) ? isEmptyText(text) : hashOf(text) === content;
  return isIntact ? undefined : 'the text was changed';
}

/** Compares the html of an intact text with its rendering. */
function htmlOf(entry: WalkedEntry, renderer: Renderer | undefined): 'none' | 'same' | 'differs' | 'unknown' {
  const { text, shown, postId } = entry;
  if (text === undefined || postId === null) return 'none';
  if (shown === undefined || renderer === undefined) return isErased(entry) ? 'none' : 'unknown';
  const { body, channelId } = JSON.parse(text.state) as AuthorPost;
  // An empty body is never rendered again, so its html must be empty in every version.
  const isEmpty = isErased(entry) || body === '';
  if (!isEmpty && shown.version !== renderer.version) return 'unknown';
  return shown.html === (isEmpty ? '' : renderBody(body, channelId, renderer)) ? 'same' : 'differs';
}

/** Findings about lists and indexes that disagree with the entries. */
export const listMismatch = 'the list of corrections differs from the entries';
export const indexMismatch = 'the index differs from the text';
export const countMismatch = 'the counts differ from the entries';

/** A finding about html whose version no server on this store has used. */
function unknownHtmlVersion(revision: number): string {
  return `the html of revision ${revision} has a version that no server here used`;
}

/** A finding about html that differs from the rendered body. */
export function htmlMismatch(revision: number): string {
  return `the html of revision ${revision} differs from its rendered body`;
}
