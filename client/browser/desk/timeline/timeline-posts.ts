import { channelPath } from '../../../../src/protocol/addresses.ts';
import type { Change, Event, ReaderPost } from '../../../../src/protocol/model.ts';
import { correctionsOf, noticeFor } from '../../../lib/read-post.ts';
import { held, type Timeline } from '../../../lib/timeline/timeline-model.ts';
import { Announcer } from '../../announcer.ts';
import type { Language } from '../../i18n/languages.ts';
import type { Words } from '../../i18n/words.ts';
import { morphInside } from '../../morph.ts';
import { enableSharing } from '../../page/share.ts';
import { PostsView } from '../../posts-view.ts';
import { isAtTop } from '../../scroll-anchor.ts';
import { directionOf } from '../../view/direction.ts';
import { html } from '../../view/html.ts';
import { newsCount, renderNews } from '../../view/page/news.ts';
import { renderPinned } from '../../view/page/overview.ts';
import { settingOf } from '../../view/page/page.ts';
import { renderNewer, renderOlder } from '../../view/page/paging.ts';
import { wordsOf } from '../../view/wording/time.ts';
import { basePath } from '../app/base-path.ts';
import { timelineWordsIn } from '../i18n/timeline/index.ts';
import type { PostAction } from './post-rights.ts';
import { openLinksBeside, replaceTools, toolsOf } from './post-tools.ts';

export interface TimelinePostsOptions {
  posts: HTMLElement;
  pinned: HTMLElement;
  newer: HTMLElement;
  older: HTMLElement;
  notices: HTMLElement;
  news: HTMLElement;
  announcement: HTMLElement;
  language: Language;
  actionsOn: (post: ReaderPost) => PostAction[];
  /** The element in which a post is being edited, and the post as it was last received. */
  edited: () => { element: HTMLElement; post: ReaderPost } | undefined;
}

/**
 * The posts of a coverage, drawn as readers see them, each with the buttons of its author. A change by a colleague updates its post in
 * place, and an open edit stays in its post, whatever happens to that post.
 */
export class TimelinePosts {
  readonly #options: TimelinePostsOptions;
  readonly #view: PostsView;
  readonly #announcer: Announcer;
  #timeline: Timeline;
  /** Who made the last correction or withdrawal of each post that a colleague changed, by the id of the post. */
  readonly #changedBy = new Map<string, string>();
  /** The account of the change that is being announced. */
  #named: string | undefined;

  constructor(timeline: Timeline, options: TimelinePostsOptions) {
    const { posts, notices, language, announcement } = options;
    this.#options = options;
    this.#timeline = timeline;
    this.#announcer = new Announcer(() => ({ language, words: this.#spokenWords }), announcement);
    this.#view = new PostsView(
      { ...timeline, posts: [] },
      {
        posts,
        notices,
        newsChanged: () => this.#showNews(),
        // The author's own post must appear at once.
        arrival: () => (isAtTop(posts) ? 'come in' : 'wait'),
        setting: () => ({ basePath, actions: true }),
        decorate: (article) => this.#decorate(article),
        renderAround: () => this.#renderAround(),
      },
    );
    this.#view.revealNext();
    enableSharing(
      posts,
      () => wordsOf({ language }),
      (sentence) => this.#announcer.announce(sentence),
    );
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** Call before showing the timeline that includes the event. `isOwn`: the author made the change on this desk. */
  onEvent(event: Event, isOwn: boolean): void {
    this.#view.onEvent(event);
    // It has arrived, so a later change by a colleague is a change and not a new post.
    if (isOwn && event.type !== 'channel.changed') this.#view.unseen.markSeen(event.post.id);
  }

  /** Announces a change by a colleague. `account`: who made it, if that is known. Only a correction waits for it. */
  async announceEvent(event: Event, before: ReaderPost | undefined, account: Promise<string | undefined>): Promise<void> {
    if (event.type === 'channel.changed') return;
    const { id } = event.post;
    const isCorrected = noticeFor(event.post, before?.revision) === 'corrections';
    if (!isCorrected) this.#announcer.onEvent(event, before);
    const change = noticedChange(event.post, before?.revision);
    if (change === undefined) return;
    const by = await account;
    const current = held(this.#timeline, id);
    const post = current !== undefined && current.revision > event.post.revision ? current : event.post;
    // A later correction or withdrawal is announced by its own event.
    if (noticedChange(post, before?.revision)?.revision !== change.revision) return;
    if (by === undefined) this.#changedBy.delete(id);
    else this.#changedBy.set(id, by);
    this.#named = by;
    if (isCorrected) this.#announcer.onEvent({ ...event, post }, before);
    this.#named = undefined;
    this.#showNews();
  }

  /** Says something about what the author did. */
  announce(sentence: string): void {
    this.#announcer.announce(sentence);
  }

  show(timeline: Timeline, paged?: 'newer' | 'older'): void {
    this.#timeline = timeline;
    this.#view.show(this.#withEdited(timeline), paged);
    this.syncTools();
  }

  /** Shows the next timeline completely, because it belongs to another history. */
  revealNext(): void {
    this.#view.revealNext();
  }

  /** Shows the waiting posts without moving the author. */
  reveal(): void {
    this.#view.reveal();
    this.syncTools();
  }

  /** Goes to what the author has not seen. Returns the id of the post if it must be loaded first. */
  goToUnseen(): string | undefined {
    return this.#view.goToUnseen();
  }

  onScroll(): void {
    this.#view.onScroll();
  }

  /** The window to keep if the page holds too many posts. */
  get excess(): PostsView['excess'] {
    return this.#options.edited() === undefined ? this.#view.excess : undefined;
  }

  /** Updates the buttons. Call it when the rights or the owners of posts changed. */
  syncTools(): void {
    for (const article of this.articles) {
      const post = this.#post(article.dataset.post);
      if (post !== undefined) replaceTools(article, this.#toolsOf(post));
    }
  }

  get articles(): HTMLElement[] {
    return [...this.#options.posts.querySelectorAll<HTMLElement>(':scope > .post')];
  }

  articleOf(postId: string): HTMLElement | undefined {
    return this.articles.find(({ dataset }) => dataset.post === postId);
  }

  close(): void {
    this.#view.clear();
  }

  /** A post that is being edited stays in the list, even if the window no longer has it. */
  #withEdited(timeline: Timeline): Timeline {
    const edited = this.#options.edited()?.post;
    if (edited === undefined || timeline.posts.some(({ id }) => id === edited.id)) return timeline;
    const at = timeline.posts.findIndex(({ seq }) => seq < edited.seq);
    return { ...timeline, posts: timeline.posts.toSpliced(at < 0 ? timeline.posts.length : at, 0, edited) };
  }

  #decorate(article: HTMLElement): void {
    const post = this.#post(article.dataset.post);
    if (post !== undefined) replaceTools(article, this.#toolsOf(post));
    if (post !== undefined) openLinksBeside(article, post, this.#options.language);
    const edited = this.#options.edited();
    // An equal copy: the comparison with the document then leaves the open edit where it is.
    if (edited !== undefined && edited.element.closest<HTMLElement>('.post')?.dataset.post === article.dataset.post)
      article.append(edited.element.cloneNode(true));
  }

  #post(id: string | undefined): ReaderPost | undefined {
    const edited = this.#options.edited()?.post;
    return id === undefined ? undefined : (held(this.#timeline, id) ?? (edited?.id === id ? edited : undefined));
  }

  #toolsOf(post: ReaderPost): HTMLElement | null {
    const { actionsOn, language } = this.#options;
    return toolsOf(post, actionsOn(post), language, settingOf(this.#timeline.channel, basePath));
  }

  #renderAround(): void {
    const { pinned, newer, older, posts } = this.#options;
    const { channel } = this.#timeline;
    for (const element of [posts, pinned]) {
      element.lang = channel.language;
      element.dir = directionOf(channel.language);
    }
    morphInside(pinned, renderPinned(this.#timeline, settingOf(channel, basePath)).text);
    const setting = this.#ownSetting;
    const address = basePath + channelPath(channel.id);
    morphInside(newer, renderNewer(this.#timeline, setting, address).text);
    morphInside(older, renderOlder(this.#timeline, setting, address).text);
    this.#showNews();
  }

  #showNews(): void {
    const { news } = this.#options;
    const count = newsCount(this.#view.news);
    news.hidden = count === 0;
    const by = this.#newsBy;
    morphInside(news, `${renderNews(this.#view.news, this.#ownSetting).text}${by === '' ? '' : html` ${by}`.text}`);
  }

  /** The words for announcements: those for readers, and who corrected a post. */
  get #spokenWords(): Words {
    const { language } = this.#options;
    const words = wordsOf({ language });
    const by = this.#named;
    if (by === undefined) return words;
    const { changedBy } = timelineWordsIn(language);
    return {
      ...words,
      saidCorrected: (name, note) => `${words.saidCorrected(name, note)} ${changedBy(by)}`,
      saidClarified: (name, note) => `${words.saidClarified(name, note)} ${changedBy(by)}`,
    };
  }

  /** Says who made the changes that are counted. */
  get #newsBy(): string {
    const { language } = this.#options;
    const changed = this.#view.unseen.items.filter(({ counts }) => counts !== 'posts');
    const names = new Set(changed.flatMap(({ id }) => this.#changedBy.get(id) ?? []));
    if (names.size === 0) return '';
    return timelineWordsIn(language).changedBy(new Intl.ListFormat(language).format(names));
  }

  /** For words around the posts: in the language of the desk. */
  get #ownSetting() {
    const { language } = this.#options;
    return { ...settingOf(this.#timeline.channel, basePath), language, words: wordsOf({ language }) };
  }
}

/** The correction or withdrawal that `noticeFor` tells a reader of revision `since`. */
export function noticedChange(post: ReaderPost, since: number | undefined): Change | undefined {
  const notice = noticeFor(post, since);
  if (notice === undefined) return undefined;
  return (notice === 'corrections' ? correctionsOf(post) : post.history).at(-1);
}
