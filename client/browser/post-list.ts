import { type Channel, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';
import { morph, parse } from './morph.ts';
import { type ListSetting, listed, renderEmpty, settingsOf } from './view/page/page.ts';
import { type PostSetting, renderPost } from './view/post/post.ts';

/** A rendered post and what it was rendered from. An unchanged post is not rendered again. */
interface Row {
  element: HTMLElement;
  post: ReaderPost;
  setting: string;
}

export interface PostListOptions {
  /** Settings beyond the channel's own. */
  setting?: (() => ListSetting) | undefined;
  /** The id of the post that a permanent link led to. */
  marked?: string | null | undefined;
  /** Receives each rendered post before it is compared with the document. */
  decorate?: ((post: HTMLElement) => void) | undefined;
}

/**
 * The list of posts in the document, keyed by id. A change updates the post's element in place. Posts above `upTo` are held back
 * until the reader asks for them; nothing of them is in the document.
 */
export class PostList {
  readonly #element: HTMLElement;
  readonly #rows = new Map<string, Row>();
  readonly #setting: () => ListSetting;
  readonly #decorate: (post: HTMLElement) => void;
  readonly #marked: string | null;
  #upTo: number;

  /** Takes over the list that the server rendered from these posts. */
  constructor(
    element: HTMLElement,
    { posts, channel, ceiling }: Pick<Timeline, 'posts' | 'channel' | 'ceiling'>,
    { setting = () => ({}), decorate = () => {}, marked = null }: PostListOptions = {},
  ) {
    this.#setting = setting;
    this.#decorate = decorate;
    this.#marked = marked;
    this.#element = element;
    this.#upTo = ceiling ?? posts[0]?.seq ?? 0;
    const drawn = listed(posts, setting().summaryId);
    const settings = this.#settings(drawn, channel);
    const rendered = new Map(drawn.map((post, at) => [post.id, { post, setting: keyOf(settings[at] as PostSetting) }]));
    for (const child of element.querySelectorAll<HTMLElement>(':scope > .post')) {
      const id = child.dataset.post ?? '';
      const from = rendered.get(id);
      if (from !== undefined) this.#rows.set(id, { element: child, ...from });
    }
  }

  /** Undefined if the post is not shown. */
  elementOf(postId: string): HTMLElement | undefined {
    return this.#rows.get(postId)?.element;
  }

  /** Posts that are held back, without withdrawn ones. */
  heldBack(posts: readonly ReaderPost[]): ReaderPost[] {
    return posts.filter((post) => post.seq > this.#upTo && !isWithdrawn(post));
  }

  /** The number of held-back posts, including withdrawn ones. */
  waiting(posts: readonly ReaderPost[]): number {
    return posts.filter((post) => post.seq > this.#upTo).length;
  }

  /** Reveals all of these posts. `resets`: they belong to another history, in which later posts may have a lower `seq`. */
  reveal(posts: readonly ReaderPost[], resets = false): void {
    this.#upTo = Math.max(resets ? 0 : this.#upTo, posts[0]?.seq ?? 0);
  }

  /** Shows these posts, newest first, except held-back ones and the summary above them. Returns the new elements. */
  show(posts: readonly ReaderPost[], channel: Channel, ceiling: number | null = null): HTMLElement[] {
    const revealed = posts.filter((post) => post.seq <= this.#upTo);
    const shown = listed(revealed, this.#setting().summaryId);
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const added: HTMLElement[] = [];
    const settings = this.#settings(shown, channel);
    let next = this.#element.querySelector<HTMLElement>(':scope > .post');
    for (const [at, post] of shown.entries()) {
      const setting = settings[at] as PostSetting;
      const key = keyOf(setting);
      const row = this.#rows.get(post.id);
      if (row === undefined) {
        const element = this.#rendered(post, setting);
        this.#element.insertBefore(element, next);
        this.#rows.set(post.id, { element, post, setting: key });
        added.push(element);
        continue;
      }
      if (row.post !== post || row.setting !== key) {
        morph(row.element, this.#rendered(post, setting));
        row.post = post;
        row.setting = key;
      }
      if (row.element !== next) this.#element.insertBefore(row.element, next);
      next = row.element.nextElementSibling as HTMLElement | null;
    }
    this.#showEmpty(revealed.length === 0, channel, ceiling);
    return added;
  }

  #rendered(post: ReaderPost, setting: PostSetting): HTMLElement {
    const element = parse(renderPost(post, setting).text);
    this.#decorate(element);
    return element;
  }

  #showEmpty(empty: boolean, channel: Channel, ceiling: number | null): void {
    this.#element.querySelector(':scope > .empty')?.remove();
    if (empty) this.#element.append(parse(renderEmpty(channel, ceiling, this.#setting().words).text));
  }

  #settings(posts: readonly ReaderPost[], channel: Channel): PostSetting[] {
    return settingsOf(posts, channel, this.#marked, this.#setting());
  }
}

/** Settings with the same key render a post alike. */
function keyOf({ words, ...setting }: PostSetting): string {
  return JSON.stringify([words?.language, Object.values(setting)]);
}
