import { html, nothing, type TemplateResult } from 'lit';
import { type AuthorPost, type Channel, isWithdrawn } from '../../../../src/protocol/model.ts';
import type { LiveReader } from '../../../lib/live-reader.ts';
import { languageOf } from '../../i18n/languages.ts';
import { directionOf } from '../../view/direction.ts';
import { counted } from '../../view/wording/counts.ts';
import { RoomElement } from '../app/room-element.ts';
import { type RestatementsWords, restatementsWordsIn } from '../i18n/restatements.ts';
import { isPublishedHere } from '../outbox/outbox-model.ts';
import { principalOf } from '../session/session.ts';
import { actionsOn, isOwnPost } from '../timeline/post-rights.ts';
import { checksumOf, Dismissals } from './dismissals.ts';
import { preparedChanges } from './prepared-change.ts';
import { RecentPosts } from './recent-posts.ts';
import { restatementView } from './restatement-view.ts';
import { PostSearch, type Restatement } from './search-posts.ts';
import { carriedOver, isSettled, passagesRemovedBy, type SearchedEntry, searchedEntries } from './searched-changes.ts';

/** The posts found after one change of the author. */
interface Findings {
  since: SearchedEntry;
  search: PostSearch;
  restatements: Restatement[];
}

/**
 * `<desk-restatements>`: after a correction or a withdrawal, the other posts of the coverage that may say the same, each with a button
 * that opens its correction with the note carried over. It takes no space while there is nothing to say. That no post says the same is
 * said for a moment, and not again.
 */
export class DeskRestatements extends RoomElement {
  static override properties = {
    channelId: { attribute: false },
    reader: { attribute: false },
    channel: { attribute: false },
    status: { state: true },
    findings: { state: true },
    unfolded: { state: true },
    notOpened: { state: true },
  };
  declare channelId: string;
  declare reader: LiveReader;
  declare channel: Channel | undefined;
  declare private status: 'searching' | 'searched' | 'failed';
  declare private findings: readonly Findings[];
  declare private unfolded: boolean;
  /** The post whose correction could not be opened. */
  declare private notOpened: string | undefined;

  #recent: RecentPosts | undefined;
  #dismissals = new Dismissals('', undefined);
  /** By the id of the entry. */
  readonly #searches = new Map<string, PostSearch>();
  readonly #openedAt = Date.now();
  /** The entries after which it was said that no other post says the same, by id. */
  readonly #told = new Set<string>();
  /** The ids of the entries after which it is being said. */
  #telling = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLooking = false;
  #looksAgain = false;

  constructor() {
    super();
    this.status = 'searched';
    this.findings = [];
    this.unfolded = matchMedia('(width >= 56.25rem)').matches;
  }

  protected override enter(): (() => void)[] {
    const { client, channelId, reader, outbox, session } = this;
    const recent = new RecentPosts({ client, channelId, reader });
    this.#recent = recent;
    this.#dismissals = new Dismissals(session.ownerKey, sessionStorageOf(window));
    void this.#look();
    return [
      () => recent.close(),
      () => clearTimeout(this.#timer),
      reader.on('event', () => void this.#look()),
      outbox.subscribe(() => void this.#look()),
      this.#tellHeight(),
      this.keys.register({ keys: 'r', label: () => this.#words.goTo, run: () => this.#goTo() }),
    ];
  }

  /** Tells the line of new posts, which stays in view too, how much stands above it. */
  #tellHeight(): () => void {
    const { parentElement } = this;
    const observer = new ResizeObserver(() => parentElement?.style.setProperty('--desk-pinned', `${this.offsetHeight}px`));
    observer.observe(this);
    return () => observer.disconnect();
  }

  get #words(): RestatementsWords {
    return restatementsWordsIn(this.language);
  }

  protected override render(): TemplateResult {
    const words = this.#words;
    const { findings, status } = this;
    const isShown = findings.length > 0 || status !== 'searched';
    return html`<section class="desk-restatements" aria-label=${words.others} ?hidden=${!isShown}>${isShown ? this.#panel(words) : nothing}</section>
<p class="visually-hidden" role="status">${findings.length > 0 && status === 'searched' ? `${this.#title(words)}. ${this.#searched(words)}` : ''}</p>`;
  }

  #panel(words: RestatementsWords): TemplateResult {
    const { findings, status, unfolded } = this;
    const isFound = this.#count > 0;
    const body = html`${status === 'failed' ? html`<p class="desk-lack">${words.notSearched} <button type="button" class="desk-quiet" @click=${this.#tryAgain}>${words.tryAgain}</button></p>` : nothing}
${findings.map((one) => this.#section(one, words))}`;
    return html`<div class="desk-restatements-head" data-found=${isFound}>
<h2>${this.#title(words)}</h2>
<p class="desk-hint">${this.#searched(words)}</p>
<div class="desk-restatements-buttons">${
      isFound || status === 'failed'
        ? html`<button type="button" class="desk-quiet" aria-expanded=${unfolded} aria-controls="desk-restatements-list" @click=${this.#fold}>${unfolded ? words.hide : words.show}</button>`
        : nothing
    }<button type="button" class="desk-remove" aria-label=${words.close} title=${words.close} @click=${this.#close}>×</button></div>
</div>
<div class="desk-restatements-list" id="desk-restatements-list" ?hidden=${!unfolded}>${body}</div>`;
  }

  #section({ since, search, restatements }: Findings, words: RestatementsWords): TemplateResult | typeof nothing {
    if (restatements.length === 0) return nothing;
    const { passages } = search.change;
    const { language = this.language } = this.channel ?? {};
    const looked = html`<p class="desk-hint desk-looked-for">${words.lookedFor} ${passages
      .slice(0, mostNamed)
      .map(
        ({ text }) => html`<q class="desk-removed"><bdi lang=${language}>${text}</bdi></q> `,
      )}${passages.length > mostNamed ? '…' : nothing}</p>`;
    return html`${passages.length > 0 ? looked : nothing}
<ol>${restatements.map((one) => this.#item(one, since, words))}</ol>`;
  }

  #item(restatement: Restatement, since: SearchedEntry, words: RestatementsWords): TemplateResult {
    const { post } = restatement;
    return restatementView(restatement, {
      words,
      language: this.language,
      setting: { language: this.channel?.language ?? this.language, timezone: this.channel?.timezone ?? 'UTC' },
      mayChange: this.#mayChange(post),
      notOpened: this.notOpened === post.id,
      correct: () => void this.#correct(restatement, since),
      dismiss: () => void this.#dismiss(restatement, since),
    });
  }

  get #count(): number {
    return this.findings.reduce((sum, { restatements }) => sum + restatements.length, 0);
  }

  #title(words: RestatementsWords): string {
    if (this.status === 'searching') return words.searching;
    if (this.status === 'failed' && this.#count === 0) return words.others;
    return this.#count === 0 ? words.none(this.#removed(words)) : counted(words.found, this.#count, this);
  }

  /** The words that were searched for, in the language of the coverage. */
  #removed({ quoted }: RestatementsWords): string {
    const { language } = this;
    const isolated = directionOf(this.channel?.language ?? language) === directionOf(language) ? ['', ''] : ['\u2068', '\u2069'];
    const texts = new Set(this.findings.flatMap(({ search }) => search.change.passages.map(({ text }) => text)));
    const named = [...texts].slice(0, mostNamed).map((text) => quoted(isolated.join(text)));
    if (texts.size > mostNamed) return `${named.join(', ')} …`;
    return new Intl.ListFormat(language, { type: 'disjunction' }).format(named);
  }

  /** How many were searched, whether something was found or not. */
  #searched(words: RestatementsWords): string {
    const corrected = new Set(this.findings.map(({ since }) => since.write.postId));
    const posts =
      this.#recent?.posts.filter((post) => !isWithdrawn(post) && !(corrected.size === 1 && corrected.has(post.id))) ?? [];
    const older = this.status === 'searched' && this.#recent?.hasOlder ? ` ${words.olderNotSearched}` : '';
    return counted(words.searched, posts.length, this) + older;
  }

  // ---- Searching

  /** One search at a time. What changes during one is looked at afterwards. */
  async #look(): Promise<void> {
    this.#looksAgain = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#looksAgain && this.isConnected) {
        this.#looksAgain = false;
        await this.#search();
      }
      if (this.status === 'searching') this.status = 'searched';
    } catch (error) {
      console.warn('The posts could not be searched.', error);
      this.status = 'failed';
    } finally {
      this.#isLooking = false;
    }
  }

  async #search(): Promise<void> {
    const recent = this.#recent;
    const entries = searchedEntries(this.outbox.entries, this.channelId).filter(({ id }) => !this.#dismissals.has(id));
    if (entries.length === 0 || recent === undefined) {
      this.findings = [];
      this.status = 'searched';
      this.#tellOnce();
      return;
    }
    const isFirst = entries.some(({ id }) => !this.#searches.has(id));
    if (isFirst && entries.some((entry) => this.#searchFor(entry).change.passages.length > 0)) this.status = 'searching';
    await recent.read(() => this.requestUpdate());
    const listed = new Set<string>();
    const findings: Findings[] = [];
    for (const since of entries) {
      const search = this.#searchFor(since);
      const all = await search.run(recent.posts, pause);
      const left = all.filter((one) => !this.#dismissals.has(keyOfRestatement(one, since)));
      const restatements = left.filter(({ post }) => !listed.has(post.id) && !isSettled(post, since, this.outbox.entries));
      for (const { post } of restatements) listed.add(post.id);
      const isNone = left.length === all.length && search.change.passages.length > 0 && this.#isNew(since);
      if (restatements.length > 0 || isNone) findings.push({ since, search, restatements });
    }
    this.findings = findings;
    this.status = 'searched';
    this.#tellOnce();
    void this.#learnOwners(findings);
  }

  /** The author made this change since they opened the coverage, and was not told yet that no other post says the same. */
  #isNew({ id, addedAt }: SearchedEntry): boolean {
    return addedAt >= this.#openedAt && !this.#told.has(id);
  }

  /** Takes the sentence that nothing was found away after a moment, unless the author is at it. */
  #tellOnce(): void {
    const telling = this.#count > 0 ? '' : this.findings.map(({ since }) => since.id).join(' ');
    if (telling === this.#telling) return;
    this.#telling = telling;
    clearTimeout(this.#timer);
    const end = () => {
      if (this.matches(':hover, :focus-within')) this.#timer = setTimeout(end, noneShownMs);
      else this.#close();
    };
    if (telling !== '') this.#timer = setTimeout(end, noneShownMs);
  }

  #searchFor(entry: SearchedEntry): PostSearch {
    const made = this.#searches.get(entry.id);
    if (made !== undefined) return made;
    const language = this.channel && languageOf(this.channel.language);
    const search = new PostSearch({ postId: entry.write.postId, passages: passagesRemovedBy(entry, language), language });
    this.#searches.set(entry.id, search);
    return search;
  }

  /** Readers are not told who published a post, so those that came as events are read. */
  async #learnOwners(findings: readonly Findings[]): Promise<void> {
    const posts = findings.flatMap(({ restatements }) => restatements.map(({ post }) => post));
    const unknown = posts.filter((post) => post.publishedBy === undefined && !isPublishedHere(this.outbox, post.id));
    for (const { id } of unknown) {
      const post = await this.client.getPost(this.channelId, id, { deadlineMs: readMs }).catch(() => undefined);
      if (post?.publishedBy === undefined) return;
      this.#recent?.add(post);
      void this.#look();
    }
  }

  readonly #tryAgain = (): void => {
    this.status = 'searching';
    void this.#look();
  };

  // ---- What the author does

  #mayChange(post: Restatement['post']): boolean {
    const { session, channel } = this;
    if (channel === undefined) return false;
    const isOwn = isOwnPost(post, session) || isPublishedHere(this.outbox, post.id);
    return actionsOn(principalOf(session), { post, channel, isOwn }).includes('edit');
  }

  /** Opens the correction of the post. A change of it that the author has begun already goes on as it is. */
  async #correct({ post }: Restatement, since: SearchedEntry): Promise<void> {
    const { client, channelId, drafts } = this;
    this.notOpened = undefined;
    const begun = drafts.get(`revise:${post.id}`);
    const key = begun === undefined || begun.place !== 'outbox' ? `revise:${post.id}` : await drafts.claimAny(begun.key);
    if (begun?.key !== key) {
      const read = await client.getPost(channelId, post.id, { deadlineMs: readMs }).catch(() => undefined);
      if (read?.body === undefined) {
        this.notOpened = post.id;
        return;
      }
      const base = read as AuthorPost;
      const { passages, language } = this.#searchFor(since).change;
      const write = carriedOver(base, since, preparedChanges(base, passages, language), language);
      drafts.save(write, { key, base, carriedOver: true });
    }
    if (drafts.open(key)) this.unfolded = false;
    else this.notOpened = post.id;
  }

  async #dismiss(restatement: Restatement, since: SearchedEntry): Promise<void> {
    this.#dismissals.add(keyOfRestatement(restatement, since));
    const { restatements = [] } = this.findings.find((one) => one.since.id === since.id) ?? {};
    const at = restatements.findIndex(({ post }) => post.id === restatement.post.id);
    const next = restatements[at + 1] ?? restatements[at - 1];
    await this.#look();
    await this.updateComplete;
    this.#focus(next && `[data-restatement="${CSS.escape(next.post.id)}"] button`);
  }

  /** The panel, if what the selector names has gone. */
  #focus(selector = '.desk-restatements button'): void {
    const found = this.querySelector<HTMLElement>(selector) ?? this.querySelector<HTMLElement>('.desk-restatements button');
    found?.focus();
  }

  readonly #fold = (): void => {
    this.unfolded = !this.unfolded;
  };

  readonly #close = (): void => {
    const isFound = this.#count > 0 || this.status === 'failed';
    for (const { id } of searchedEntries(this.outbox.entries, this.channelId)) {
      // A post that says the same may still come.
      if (isFound) this.#dismissals.add(id);
      else this.#told.add(id);
    }
    this.findings = [];
    this.status = 'searched';
    this.#tellOnce();
  };

  #goTo(): boolean {
    if (this.findings.length === 0) return false;
    this.unfolded = true;
    void this.updateComplete.then(() => this.#focus());
    return true;
  }
}

/** The same passages need not be looked at again, whichever correction named them. */
function keyOfRestatement({ post, occurrences }: Restatement, since: SearchedEntry): string {
  const keys = new Set(occurrences.map(({ passage }) => passage.keys.join(' ')));
  return `${post.id} ${keys.size > 0 ? checksumOf([...keys].sort().join('\n')) : since.id}`;
}

/** How long a post is waited for, in milliseconds. */
const readMs = 8_000;
/** The time for which the desk says that nothing was found, in milliseconds. */
const noneShownMs = 8_000;
/** Removed passages that are named. */
const mostNamed = 6;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Undefined if the browser keeps nothing for this site. */
function sessionStorageOf(window: Window): Storage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}
