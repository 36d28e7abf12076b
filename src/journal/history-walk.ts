import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost } from '../protocol/model.ts';
import type { Renderer } from './engine.ts';
import { erasedSalt, hashOf, isEmptyText, renderBody, type Text } from './entry-record.ts';
import { digestOf, epochOf, type Facts, nextCheck, positionAt, shortCheck } from './hash-chain.ts';
import type { ChannelRecord, ServerWalk } from './server-journal.ts';

/**
 * Walks a history from its root and compares every fact, and every text that was not erased, with the checks that cursors carry.
 * No check covers html, which is derived: it is compared with what the renderer makes of the text, if a renderer is given.
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
  /** Those of `erased` whose erasure no check covers, because it was made before erasures were part of the chain. */
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
   * The last revision that the entry is recorded to have erased without a check that covers it. Left out: see `erasedThrough`.
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
  /** Accepts missing texts that no entry explains by an erasure. */
  ignoresUnexplainedErasures?: boolean | undefined;
  /** Called after each entry. */
  onEntry?: () => void;
}

/** Stands for the server's own journal in maps of channels. */
export const serverJournalId = '';

/** The renderers that the server's own journal records, as far as they can be made again. */
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
  /** The offset of the first entry, if the history was begun again. */
  began?: number;
  /** An earlier position that the history must pass through. */
  since?: Position | undefined;
  /** What the server's own journal records about the channel. */
  record?: ChannelRecord | undefined;
  /** The renderers that wrote html here, by version, as far as they can be made again. Undefined: unknown. */
  renderers?: ReadonlyMap<string, Renderer | undefined> | undefined;
  /**
   * Html of this renderer's version must equal what it renders. Html of other versions is rendered again when served, and is
   * skipped.
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
  /** Erased texts by post that no entry has explained so far. */
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

  /** Checks the next entry. Returns a report if the entry is faulty: nothing can be said about later entries then. */
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

  /** Compares html with every renderer version that was used here. */
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
   * The last revision that an entry erased, according to the chain or to the server's own journal. For entries from before either
   * recorded erasures, the store is believed.
   */
  #erasureBy({ offset, postId, ...entry }: ErasingEntry): ErasureRecord {
    const { found, importedErasures } = this.#record ?? {};
    const told = erasureOf(entry);
    if (told.isChained || importedErasures === undefined || offset <= (found?.offset ?? 0)) return told;
    const { revision, erasedThrough, erasesUnchained } = entry;
    if (!importedErasures.has(`${postId} ${revision}`)) return { through: 0, isChained: false };
    // If a later entry erased more, that entry explains all of it.
    return { through: erasesUnchained ?? (erasedThrough < revision ? erasedThrough : 0), isChained: false };
  }

  /** A missing text must be explained by a later entry of its post. */
  #noteErasure(entry: WalkedEntry): void {
    const { offset, postId, revision, text } = entry;
    if (postId === null || this.#ignoresUnexplained) return;
    this.#tellErasure(postId, revision, this.#erasureBy(entry));
    if (text !== undefined) return;
    const { texts } = this.#unexplained.get(postId) ?? { texts: [] };
    this.#unexplained.set(postId, { texts: [...texts, { offset, revision }], latest: revision });
  }

  #tellErasure(postId: string, revision: number, { through, isChained }: ErasureRecord): void {
    const untold = this.#unexplained.get(postId);
    if (untold === undefined) return;
    const told = untold.texts.filter((gone) => gone.revision <= through);
    if (!isChained) this.#report.erasedBeforeChained += told.length;
    untold.texts = untold.texts.filter((gone) => gone.revision > through);
    untold.latest = revision;
    if (untold.texts.length === 0) this.#unexplained.delete(postId);
  }

  /** Whether texts are missing that no entry has explained so far. */
  get hasUnexplainedErasures(): boolean {
    return this.#unexplained.size > 0;
  }

  /** Accepts an entry that was written after the walk began, as the explanation of a missing text. The entry is not checked. */
  takeErasure(entry: ErasingEntry): void {
    if (entry.postId !== null) this.#tellErasure(entry.postId, entry.revision, this.#erasureBy(entry));
  }

  fail(offset: number, postId: string | null, why: string): ChannelReport {
    return { ...this.#told(), fault: { channelId: this.channelId, offset, postId, why } };
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
    return this.#told();
  }

  #told(): ChannelReport {
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

/** Whether an entry that is not written yet may explain the fault, for example while an import runs. */
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
  // A placeholder for a text that was erased elsewhere stays until the next revision is imported. No hash covers it, so it must
  // hold no words.
  const stands = isErased(entry) ? isEmptyText(text) : hashOf(text) === content;
  return stands ? undefined : 'the text was changed';
}

/** For an intact text. */
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

/** A finding about html whose version no server on this store has used. */
function unknownHtmlVersion(revision: number): string {
  return `the html of revision ${revision} has a version that no server here used`;
}

/** A finding about html that differs from the rendered body. */
export function htmlMismatch(revision: number): string {
  return `the html of revision ${revision} differs from its rendered body`;
}
