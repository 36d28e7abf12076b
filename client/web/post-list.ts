import type { Channel, ReaderPost } from '../../src/protocol/model.ts';
import type { Timeline } from '../timeline.ts';
import { morph, parse } from './morph.ts';
import { renderEmpty, settingsOf } from './view/page.ts';
import { type PostSetting, renderPost } from './view/post.ts';

/** A post on the page, and the markup that made it what it is. */
interface Row {
  element: HTMLElement;
  markup: string;
}

/**
 * The list of posts in the open page, keyed by id: a change goes into the post it changes. Posts above `upTo` are held back until
 * the reader asks for them; of those nothing is in the document.
 */
export class PostList {
  readonly #element: HTMLElement;
  readonly #rows = new Map<string, Row>();
  readonly #setting: () => Partial<PostSetting>;
  readonly #dress: (post: HTMLElement) => void;
  readonly #marked: string | null;
  #upTo: number;

  /**
   * Takes over the list as the server rendered it, from the posts it rendered. `setting`: what the page has beyond the channel's own.
   * `marked`: the id of the post that a permanent link led to. `dress` is given each post that is parsed, before it is compared with the one that stands.
   */
  constructor(
    element: HTMLElement,
    { posts, channel, ceiling }: Pick<Timeline, 'posts' | 'channel' | 'ceiling'>,
    {
      setting = () => ({}),
      dress = () => {},
      marked = null,
    }: { setting?: () => Partial<PostSetting>; dress?: (post: HTMLElement) => void; marked?: string | null } = {},
  ) {
    this.#setting = setting;
    this.#dress = dress;
    this.#marked = marked;
    this.#element = element;
    this.#upTo = ceiling ?? posts[0]?.seq ?? 0;
    const markups = this.#markups(posts, channel);
    for (const child of element.querySelectorAll<HTMLElement>(':scope > .post')) {
      const id = child.dataset.post;
      const markup = id === undefined ? undefined : markups.get(id);
      if (id !== undefined && markup !== undefined) this.#rows.set(id, { element: child, markup });
    }
  }

  /** Posts that are held back, withdrawn ones not counted. */
  heldBack(posts: readonly ReaderPost[]): number {
    return posts.filter((post) => post.seq > this.#upTo && post.status === 'published').length;
  }

  /** Lets every post of these be shown from now on. */
  reveal(posts: readonly ReaderPost[]): void {
    this.#upTo = Math.max(this.#upTo, ...posts.map((post) => post.seq));
  }

  /** Makes the document show these posts, held-back ones left out. Returns the elements that are new. */
  show(posts: readonly ReaderPost[], channel: Channel, ceiling: number | null = null): HTMLElement[] {
    const shown = posts.filter((post) => post.seq <= this.#upTo);
    const markups = this.#markups(shown, channel);
    for (const [id, row] of this.#rows) {
      if (markups.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const added: HTMLElement[] = [];
    let next = this.#element.querySelector<HTMLElement>(':scope > .post');
    for (const [id, markup] of markups) {
      const row = this.#rows.get(id);
      if (row === undefined) {
        const element = this.#parse(markup);
        this.#element.insertBefore(element, next);
        this.#rows.set(id, { element, markup });
        added.push(element);
        continue;
      }
      if (row.markup !== markup) {
        morph(row.element, this.#parse(markup));
        row.markup = markup;
      }
      if (row.element !== next) this.#element.insertBefore(row.element, next);
      next = row.element.nextElementSibling as HTMLElement | null;
    }
    this.#showEmpty(shown.length === 0, channel, ceiling);
    return added;
  }

  #parse(markup: string): HTMLElement {
    const post = parse(markup);
    this.#dress(post);
    return post;
  }

  #showEmpty(empty: boolean, channel: Channel, ceiling: number | null): void {
    this.#element.querySelector(':scope > .empty')?.remove();
    if (empty) this.#element.append(parse(renderEmpty(channel, this.#setting().words, ceiling).text));
  }

  #markups(posts: readonly ReaderPost[], channel: Channel): Map<string, string> {
    const settings = settingsOf(posts, channel, this.#marked, this.#setting());
    return new Map(posts.map((post, at) => [post.id, renderPost(post, settings[at] as PostSetting).text]));
  }
}
