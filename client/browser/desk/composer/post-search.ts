import { html, nothing, type TemplateResult } from 'lit';
import { pageMost } from '../../../../src/protocol/client-limits.ts';
import { type Channel, isWithdrawn } from '../../../../src/protocol/model.ts';
import type { AuthorClient, SeenPost } from '../../../lib/author-client.ts';
import { textOf } from '../../view/wording/plain-text.ts';
import { datedIn } from '../app/coverage-time.ts';
import { DeskElement } from '../app/desk-element.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { matchesOf } from './search-matches.ts';

/** A found post, as the composer needs it. */
export interface FoundPost {
  id: string;
  title: string;
}

/**
 * `<desk-post-search>`: a dialog that finds earlier posts of the coverage by their words, to link to them or to say that the new post
 * restates them. It searches the newest posts first, and older ones when it is asked to.
 */
export class DeskPostSearch extends DeskElement {
  static override properties = {
    client: { attribute: false },
    channelId: { attribute: false },
    channel: { attribute: false },
    restated: { attribute: false },
    link: { attribute: false },
    restate: { attribute: false },
    words: { state: true },
    posts: { state: true },
    more: { state: true },
    failed: { state: true },
    fetching: { state: true },
  };
  declare client: AuthorClient;
  declare channelId: string;
  declare channel: Channel | undefined;
  /** The ids of the posts that the new one restates. */
  declare restated: readonly string[];
  declare link: (post: FoundPost) => void;
  declare restate: (post: FoundPost, restates: boolean) => void;
  declare private words: string;
  declare private posts: SeenPost[];
  declare private more: boolean;
  declare private failed: boolean;
  declare private fetching: boolean;

  constructor() {
    super();
    this.words = '';
    this.posts = [];
    this.more = true;
    this.failed = false;
    this.fetching = false;
  }

  /** Opens the dialog and fetches the newest posts. */
  async open(): Promise<void> {
    this.posts = [];
    this.more = true;
    await this.updateComplete;
    this.querySelector('dialog')?.showModal();
    await this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.fetching) return;
    this.fetching = true;
    this.failed = false;
    try {
      const before = this.posts.at(-1)?.seq;
      const options = { deadlineMs: fetchMs };
      const page = await this.client.listPosts(
        this.channelId,
        { limit: pageMost, ...(before !== undefined && { before }) },
        options,
      );
      this.posts = [...this.posts, ...page.posts];
      this.more = page.more;
    } catch {
      this.failed = true;
    } finally {
      this.fetching = false;
    }
  }

  protected override render(): TemplateResult {
    const words = composerWordsIn(this.language);
    const shown = this.posts.filter((post) => !isWithdrawn(post));
    const found = matchesOf(shown, this.words, (post) => `${post.headline ?? ''}\n${textOf(post.html)}`).slice(0, mostShown);
    return html`<dialog class="desk-dialog" aria-label=${words.searchPosts}>
<div class="composer-dialog-top"><h2>${words.searchPosts}</h2><button type="button" class="desk-remove" aria-label=${words.close} title=${words.close} @click=${() => this.#close()}>×</button></div>
<div class="composer-field"><label for="desk-search-words">${words.searchHelp}</label>
<input id="desk-search-words" type="search" dir="auto" autocomplete="off" autofocus .value=${this.words} @input=${this.#search}></div>
<p class="desk-hint" role="status">${this.failed ? words.searchFailed : words.searched(String(this.posts.length))}${found.length === 0 && !this.fetching && !this.failed ? html` ${words.nothingFound}` : nothing}</p>
<ul class="composer-found">${found.map((post) => this.#found(post))}</ul>
${this.more ? html`<button type="button" class="desk-quiet" ?disabled=${this.fetching} @click=${() => void this.#fetch()}>${words.searchOlder}</button>` : nothing}
</dialog>`;
  }

  readonly #search = ({ target }: { target: HTMLInputElement }): void => {
    this.words = target.value;
  };

  #found(post: SeenPost): TemplateResult {
    const words = composerWordsIn(this.language);
    const at = datedIn(this.channel, post.publishedAt, this.language);
    const text = textOf(post.html).split('\n')[0] ?? '';
    const title = post.headline || text || words.postAt(at);
    const found = { id: post.id, title };
    return html`<li><p><strong><bdi>${title}</bdi></strong> <small>${at}</small></p>
${post.headline && text ? html`<p class="desk-hint"><bdi>${text}</bdi></p>` : nothing}
<div class="composer-adders"><button type="button" class="desk-quiet" aria-label=${`${words.linkInText}: ${title}`} @click=${() => this.#link(found)}>${words.linkInText}</button>
<label class="composer-mark"><input type="checkbox" aria-label=${`${words.restates}: ${title}`} .checked=${this.restated.includes(post.id)} @change=${({
      target,
    }: {
      target: HTMLInputElement;
    }) => this.restate(found, target.checked)}><span>${words.restates}</span></label></div></li>`;
  }

  #link(post: FoundPost): void {
    this.#close();
    this.link(post);
  }

  #close(): void {
    this.querySelector('dialog')?.close();
  }
}

/** The time limit for fetching a page of posts, in milliseconds. */
const fetchMs = 15_000;
/** The number of matches that are shown, the newest first. More words find older ones. */
const mostShown = 30;
