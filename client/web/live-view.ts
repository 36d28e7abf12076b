import { channelPath } from '../../src/protocol/addresses.ts';
import { reachedEnd, type Timeline } from '../timeline.ts';
import { morphInside } from './morph.ts';
import { isAtTop, keepPlace } from './place.ts';
import { PostList } from './post-list.ts';
import { showDocument } from './status.ts';
import { type Region, regions, type Shown } from './view/page.ts';

/** The document, made to show a timeline. */
export class LiveView {
  readonly button = required('new-posts');
  readonly older = required('older');
  readonly #posts = required('posts');
  readonly #list: PostList;
  /** The markup of each region as it stands in the document. */
  readonly #regions = new Map<Region, string>();
  #timeline: Timeline;
  #unseen = 0;
  #revealNext = false;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#list = new PostList(this.#posts, timeline);
    for (const name of regionNames) this.#regions.set(name, regions[name](shownOf(timeline)).text);
  }

  get channel(): Timeline['channel'] {
    return this.#timeline.channel;
  }

  show(timeline: Timeline): void {
    const newest = this.#timeline.newestSeq;
    this.#timeline = timeline;
    if (document.hidden) this.#unseen += timeline.posts.filter(({ seq }) => seq > newest).length;
    if (isAtTop(this.#posts) || this.#revealNext) this.#list.reveal(timeline.posts);
    this.#revealNext = false;
    this.#render(newest);
  }

  /** What comes next is another history: shown whole. */
  revealNext(): void {
    this.#revealNext = true;
  }

  /** The reader asked for the posts that were held back: they are shown, and the reader is taken to the first of them. */
  revealHeldBack(): void {
    this.#list.reveal(this.#timeline.posts);
    this.#render(this.#timeline.newestSeq);
    const first = this.#posts.querySelector<HTMLElement>('.post');
    first?.scrollIntoView({ block: 'start' });
    first?.focus({ preventScroll: true });
  }

  onScroll(): void {
    if (!isAtTop(this.#posts) || this.#list.heldBack(this.#timeline.posts) === 0) return;
    this.#list.reveal(this.#timeline.posts);
    this.#render(this.#timeline.newestSeq);
  }

  onVisible(): void {
    if (document.hidden) return;
    this.#unseen = 0;
    this.#showCounts();
  }

  /** The channel was erased: nothing of it stays. */
  clear(): void {
    for (const name of regionNames) document.getElementById(name)?.replaceChildren();
    for (const element of [this.#posts, this.older]) element.replaceChildren();
    this.button.hidden = true;
    document.title = 'Deleted';
  }

  #render(newest: number): void {
    const { channel, posts } = this.#timeline;
    keepPlace(this.#posts, () => {
      for (const name of regionNames) this.#renderRegion(name);
      const added = this.#list.show(posts, channel);
      const seqs = new Map(posts.map(({ id, seq }) => [id, seq]));
      for (const element of added) {
        if ((seqs.get(element.dataset.post ?? '') ?? 0) > newest) element.classList.add('fresh');
      }
      this.#renderOlder();
      this.#showCounts();
    });
  }

  #renderRegion(name: Region): void {
    const element = document.getElementById(name);
    const markup = regions[name](shownOf(this.#timeline)).text;
    if (element === null || this.#regions.get(name) === markup) return;
    morphInside(element, markup);
    this.#regions.set(name, markup);
  }

  #renderOlder(): void {
    const link = this.older.querySelector('a');
    if (link === null) return;
    if (reachedEnd(this.#timeline)) link.remove();
    else link.href = `${channelPath(this.#timeline.channelId)}?before=${this.#timeline.floor}`;
  }

  #showCounts(): void {
    const count = this.#list.heldBack(this.#timeline.posts);
    this.button.hidden = count === 0;
    this.button.textContent = count === 1 ? '1 new post' : `${count} new posts`;
    showDocument(this.#timeline.channel, Math.max(count, this.#unseen));
  }
}

const regionNames = Object.keys(regions) as Region[];

function shownOf({ channel, posts, pinned, summary, keyEvents }: Timeline): Shown {
  return { channel, posts: [...posts], pinned, summary, keyEvents: [...keyEvents] };
}

function required(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element ${id}.`);
  return element;
}
