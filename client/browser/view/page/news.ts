import type { News } from '../../i18n/words.ts';
import { type Html, html } from '../html.ts';
import { newsText } from '../wording/counts.ts';
import type { Setting } from '../wording/time.ts';

/** The indicator of what the reader has not seen: "↓ 2 new posts, 1 correction". The arrow points to the first. */
export function renderNews(news: News & { isAbove: boolean }, setting: Pick<Setting, 'words' | 'language'>): Html {
  return html`<span aria-hidden="true">${news.isAbove ? '↑' : '↓'}</span> ${newsText(news, setting)}`;
}

/** How many posts and changes the indicator counts. */
export function newsCount({ posts, corrections, withdrawals }: News): number {
  return posts + corrections + withdrawals;
}
