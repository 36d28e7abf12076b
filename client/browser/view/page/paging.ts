import { type Html, html, nothing } from '../html.ts';
import { type Setting, wordsOf } from '../wording/time.ts';
import { spoken } from '../wording/wording.ts';

/** The most posts on a page, and how many more may be added before all of the excess is dropped at once. */
export const mostPosts = 200;
export const mostBeyond = 20;

/** The links to newer and older posts. They work without a script; the script loads the posts in place. */
export interface Stretch {
  /** 0: the oldest post is shown. */
  floor: number;
  /** Null: the newest post is shown. */
  ceiling: number | null;
}

/** Above the posts. `channel`: the address of its page. */
export function renderNewer({ ceiling }: Stretch, setting: Setting, channel: string): Html {
  if (ceiling === null) return nothing;
  const { newerPosts, newestPosts } = wordsOf(setting);
  const mark = spoken(setting);
  return html`<a class="step" href="${channel}?after=${ceiling}" rel="prev" data-page="newer"${mark}>${newerPosts}</a><a class="step" href="${channel}"${mark}>${newestPosts}</a>`;
}

/** Below the posts. `channel`: the address of its page. */
export function renderOlder({ floor }: Stretch, setting: Setting, channel: string): Html {
  if (floor === 0) return nothing;
  return html`<a class="step" href="${channel}?before=${floor}" rel="next" data-page="older"${spoken(setting)}>${wordsOf(setting).olderPosts}</a>`;
}
