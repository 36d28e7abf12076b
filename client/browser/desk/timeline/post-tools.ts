import type { ReaderPost } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { parse } from '../../morph.ts';
import { directionOf } from '../../view/direction.ts';
import { html } from '../../view/html.ts';
import { clockText, type Setting, wordsOf } from '../../view/wording/time.ts';
import { timelineWordsIn } from '../i18n/timeline/index.ts';
import type { PostAction } from './post-rights.ts';

/** The buttons below a post on the desk. Null if its author may do nothing with it. */
export function toolsOf(
  post: ReaderPost,
  actions: readonly PostAction[],
  language: Language,
  setting: Setting,
): HTMLElement | null {
  if (actions.length === 0) return null;
  const words = timelineWordsIn(language);
  const { ofPost } = wordsOf({ language });
  const at = clockText(post.publishedAt, setting);
  const buttons = actions.map(
    (action) =>
      html`<button type="button" class="action" data-desk-action="${action}" aria-label="${ofPost(words[action], at)}">${words[action]}</button>`,
  );
  return parse(html`<div class="desk-tools" lang="${language}" dir="${directionOf(language)}">${buttons}</div>`.text);
}

/** Opens the post on its page and its earlier versions in a tab of their own, so that the desk stays, and says so. */
export function openLinksBeside(article: HTMLElement, post: ReaderPost, language: Language): void {
  const { inNewTab } = timelineWordsIn(language);
  for (const link of article.querySelectorAll<HTMLAnchorElement>('.when, .versions > a')) {
    const name = [link.getAttribute('aria-label') ?? link.textContent, post.headline, inNewTab].filter(Boolean).join(', ');
    link.target = '_blank';
    link.setAttribute('aria-label', name);
    link.title = name;
    link.append(' ↗');
  }
}

/** Puts these buttons in place of those that the post has, and keeps the focus on them. */
export function replaceTools(article: HTMLElement, tools: HTMLElement | null): void {
  const old = article.querySelector<HTMLElement>(':scope > .desk-tools');
  if (old === null) {
    if (tools !== null) article.querySelector(':scope > .credits, :scope > .withdrawal')?.after(tools);
    return;
  }
  if (tools !== null && old.isEqualNode(tools)) return;
  const focused = old.contains(document.activeElement);
  const { deskAction } = (document.activeElement as HTMLElement | null)?.dataset ?? {};
  if (tools === null) old.remove();
  else old.replaceWith(tools);
  if (!focused) return;
  const same = tools?.querySelector<HTMLElement>(`[data-desk-action="${deskAction}"]`);
  (same ?? article).focus({ preventScroll: true });
}
