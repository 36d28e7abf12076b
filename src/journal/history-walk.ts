import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost } from '../protocol/model.ts';
import type { Renderer } from './engine.ts';
import { erasedSalt, hashOf, isEmptyText, renderBody, type Text } from './entry-record.ts';
import { digestOf, epochOf, type Facts, nextCheck, positionAt, shortCheck } from './hash-chain.ts';
import type { ChannelRecord, ServerWalk } from './server-journal.ts';

/**
 * A history walked from its root: every fact, and every text that was not erased, against the checks that cursors carry. No check covers
 * the html that readers are shown, since it is derived: with a renderer at hand it is compared with what that makes of the text.
 */
export interface Fault {
  channelId: string;
  /** The first offset at which something does not hold; 0 for the channel as a whole. */
  offset: number;
  /** The post that it is about, if it is about one. */
  postId: string | null;
  why: string;
}

export interface ChannelReport {
  channelId: string;
  entries: number;
  /** Revisions whose text is there and is what was written. */
  texts: number;
  /** Revisions whose text was erased, so that nothing can be said of it. */
  erased: number;
  /** Those of them whose erasure no check covers: it was made before erasures were chained. */
  erasedBeforeChained: number;
  /** Texts of posts whose html was not compared with what the body becomes, so that nothing can be said of it. */
  htmlNotCompared: number;
  /** How far the history holds. Undefined: not even its first entry does. */
  position: Position | undefined;
  fault?: Fault;
}

export interface WalkedEntry extends Facts {
  offset: number;
  content: string;
  check: string;
  /** Undefined: it is not there. */
  text: Pick<Text, 'salt' | 'headline' | 'note' | 'state'> | undefined;
  /** What readers are shown of a post's text. Undefined: it was not looked at. */
  shown?: Pick<Text, 'html' | 'version'> | undefined;
  /** Its post's revisions up to this one were erased, by whatever entry. */
  erasedThrough: number;
  /** It is said to have erased the revisions up to this one, and no check covers that. Left out: it is told by `erasedThrough`. */
  erasesUnchained?: number | undefined;
}

/** What a store is walked by. */
export interface StoreOptions {
  /** Only this channel, and not the server's own journal. */
  channelId?: string | undefined;
  /** Where channels stood at an earlier time, and under an empty id the server's own journal. */
  since?: ReadonlyMap<string, Position>;
  /** What html is compared with. */
  renderer?: Renderer | undefined;
  /** The renderer that makes html for an address. Given, html for other addresses that were used here is compared too. */
  rendererFor?: ((publicUrl: string) => Renderer) | undefined;
  /** By which kinds of change an entry is listed. Given, what lists and pages are found by is compared with what entries say, too. */
  isListed?: ((kind: Facts['kind']) => boolean) | undefined;
  /** Milliseconds since 1970: revocations that lapsed before may have been forgotten. */
  now?: number;
  /** Pass over texts that are gone though no entry tells of their erasure. */
  ignoresUnexplainedErasures?: boolean | undefined;
  /** Called after each entry. */
  onEntry?: () => void;
}

/** Under this id stands the server's own journal among channels. */
export const serverJournalId = '';

/** The renderers of a server's own journal, as far as they can be made again. */
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
  /** Where the history began, if it began anew: the offset of its first entry. */
  began?: number;
  /** Where it stood at an earlier time: it must still lead through there. */
  since?: Position | undefined;
  /** What the server's own journal says of the channel. */
  record?: ChannelRecord | undefined;
  /** The renderers that wrote html here, by their versions, as far as they can be made again. Undefined: it is not known which did. */
  renderers?: ReadonlyMap<string, Renderer | undefined> | undefined;
  /** Html that is of its version must be what it makes. Html of another is made anew by whoever has this one, and is passed over. */
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
  readonly #ignoresUntold: boolean;
  #check: string;
  #next: number;
  #report = { entries: 0, texts: 0, erased: 0, erasedBeforeChained: 0, htmlNotCompared: 0 };
  /** By their posts, texts that are erased, of which no entry has told yet. */
  readonly #untold = new Map<string, UnexplainedErasures>();

  constructor(channelId: string, root: string, options: WalkOptions = {}) {
    const { began = 1, since, renderer, record, renderers, ignoresUnexplainedErasures: ignoresUntoldErasures = false } = options;
    this.channelId = channelId;
    this.#root = root;
    this.#since = since;
    this.#renderer = renderer;
    this.#record = record;
    this.#renderers = renderers;
    this.#began = began;
    this.#ignoresUntold = ignoresUntoldErasures;
    this.#check = root;
    this.#next = began;
  }

  /** The offset of the last entry that held. */
  get offset(): number {
    return this.#next - 1;
  }

  get check(): string {
    return this.#check;
  }

  /** The next entry. A report where it does not hold: then nothing after it can be told. */
  take(entry: WalkedEntry): ChannelReport | undefined {
    const offset = this.#next;
    if (entry.offset !== offset) return this.fail(offset, null, 'the entry is missing');
    const check = nextCheck(this.#check, offset, digestOf({ ...entry, channelId: this.channelId }, entry.content));
    if (check !== entry.check) return this.fail(offset, entry.postId, 'the entry is not the one that was written');
    const why = wrongText(entry);
    if (why !== undefined) return this.fail(offset, entry.postId, why);
    const html = this.#htmlOf(entry);
    if (html === 'strange') return this.fail(offset, entry.postId, unknownHtmlVersion(entry.revision));
    if (html === 'differs') return this.fail(offset, entry.postId, htmlMismatch(entry.revision));
    const { found, root } = this.#record ?? {};
    if (offset === this.#began && this.#began === 1 && root !== undefined && root !== this.#root)
      return this.fail(offset, entry.postId, 'the history is not the one that was begun here');
    if (found?.offset === offset && found.check !== check)
      return this.fail(offset, entry.postId, 'the history is another one than when the journal of the server began');
    this.#check = check;
    this.#next += 1;
    this.#report.entries += 1;
    if (isErased(entry)) this.#report.erased += 1;
    else this.#report.texts += 1;
    this.#noteErasure(entry);
    if (html === 'unknown') this.#report.htmlNotCompared += 1;
    if (this.#since?.offset === offset && shortCheck(check) !== this.#since.check) {
      return this.fail(offset, entry.postId, 'the history is another one than at the earlier time');
    }
    return undefined;
  }

  /** Html of one of the versions that were used here is what that makes of the body. */
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
   * Up to which revision an entry erased, as far as that is told: by the chain, or by the server's own journal. Where neither told of
   * erasures yet, what the store says is believed.
   */
  #erasureBy({ offset, postId, ...entry }: ErasingEntry): ErasureRecord {
    const { found, importedErasures } = this.#record ?? {};
    const told = erasureOf(entry);
    if (told.isChained || importedErasures === undefined || offset <= (found?.offset ?? 0)) return told;
    const { revision, erasedThrough, erasesUnchained } = entry;
    if (!importedErasures.has(`${postId} ${revision}`)) return { through: 0, isChained: false };
    // Where a later entry erased more, that one tells of all.
    return { through: erasesUnchained ?? (erasedThrough < revision ? erasedThrough : 0), isChained: false };
  }

  /** A text that is gone has to be told of by a later entry of its post. */
  #noteErasure(entry: WalkedEntry): void {
    const { offset, postId, revision, text } = entry;
    if (postId === null || this.#ignoresUntold) return;
    this.#tellErasure(postId, revision, this.#erasureBy(entry));
    if (text !== undefined) return;
    const { texts } = this.#untold.get(postId) ?? { texts: [] };
    this.#untold.set(postId, { texts: [...texts, { offset, revision }], latest: revision });
  }

  #tellErasure(postId: string, revision: number, { through, isChained }: ErasureRecord): void {
    const untold = this.#untold.get(postId);
    if (untold === undefined) return;
    const told = untold.texts.filter((gone) => gone.revision <= through);
    if (!isChained) this.#report.erasedBeforeChained += told.length;
    untold.texts = untold.texts.filter((gone) => gone.revision > through);
    untold.latest = revision;
    if (untold.texts.length === 0) this.#untold.delete(postId);
  }

  /** Whether texts are gone of which no entry has told yet. */
  get hasUnexplainedErasures(): boolean {
    return this.#untold.size > 0;
  }

  /** An entry that was written since the walk began may tell of what is gone. It is not judged. */
  takeErasure(entry: ErasingEntry): void {
    if (entry.postId !== null) this.#tellErasure(entry.postId, entry.revision, this.#erasureBy(entry));
  }

  fail(offset: number, postId: string | null, why: string): ChannelReport {
    return { ...this.#told(), fault: { channelId: this.channelId, offset, postId, why } };
  }

  /** All entries were taken. */
  finish(): ChannelReport {
    if (this.#since !== undefined && this.#since.offset > this.offset) {
      return this.fail(this.offset + 1, null, 'what was written until the earlier time is missing: this is an older copy');
    }
    for (const [postId, { texts, latest }] of this.#untold) {
      const [gone] = texts as [ErasedText];
      const isLatest = gone.revision === latest;
      return this.fail(gone.offset, postId, isLatest ? erasureNotThere : erasureNotTold);
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

const erasureNotTold = 'the text is missing, and no entry tells of its erasure';

/** Whether an entry that is not there yet may clear it, as while an import runs. */
export function mayBeExplainedLater({ why }: Pick<Fault, 'why'>): boolean {
  return why === erasureNotThere || why === erasureNotTold;
}

/** If no later entry tells of the post, a removed text cannot be told from an import that was cut. */
const erasureNotThere =
  'the text is not there, and the entry that tells of its erasure is not either: where an import was cut, import the whole export again';

interface ErasureRecord {
  through: number;
  isChained: boolean;
}

type ErasingEntry = Pick<WalkedEntry, 'offset' | 'postId' | 'type' | 'revision' | 'erases' | 'erasedThrough' | 'erasesUnchained'>;

/** The same by the entry and the store alone. A takedown always said so by its type. */
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
  // What stands for a text that was erased elsewhere stays until the next revision comes in. No hash covers it, so it must say nothing.
  const stands = isErased(entry) ? isEmptyText(text) : hashOf(text) === content;
  return stands ? undefined : 'the text is not the one that was written';
}

/** Of a text that holds. */
function htmlOf(entry: WalkedEntry, renderer: Renderer | undefined): 'none' | 'same' | 'differs' | 'unknown' {
  const { text, shown, postId } = entry;
  if (text === undefined || postId === null) return 'none';
  if (shown === undefined || renderer === undefined) return isErased(entry) ? 'none' : 'unknown';
  const { body, channelId } = JSON.parse(text.state) as AuthorPost;
  // Without a body there is nothing to make anew, so that what is kept is shown, of whatever version it is.
  const isEmpty = isErased(entry) || body === '';
  if (!isEmpty && shown.version !== renderer.version) return 'unknown';
  return shown.html === (isEmpty ? '' : renderBody(body, channelId, renderer)) ? 'same' : 'differs';
}

/** What is said where a list or a page has what the entries do not say, or lacks what they do. */
export const listMismatch = 'the list of corrections is not what the entries say';
export const indexMismatch = 'what it is found by is not what it says';

/** What is said of html of a version that no server on this store had. */
function unknownHtmlVersion(revision: number): string {
  return `the html of revision ${revision} is of a version that no server here had`;
}

/** What is said of html that readers are shown and nobody wrote. */
export function htmlMismatch(revision: number): string {
  return `the html of revision ${revision} is not what its body becomes`;
}
