import { html } from '../../../client/browser/view/html.ts';
import { siteWordsOf, tryAgainText } from '../../../client/browser/view/wording/site-wording.ts';
import type { Problem } from '../../protocol/problems.ts';
import { type Assets, htmlDocument, siteBar } from './document.ts';
import { inEnglish } from './language.ts';

/**
 * A problem as a page for readers. Shows the problem's own detail, which is written for developers, only if there are no words
 * for readers.
 */
export function errorPage(problem: Problem, { language, assets }: { language: string; assets: Assets }): string {
  const words = siteWordsOf({ language });
  // To readers, a server that starts and one that shuts down are the same restart.
  const known = words.problems[problem.code === 'starting' ? 'draining' : problem.code];
  const name = known?.name ?? words.wentWrong;
  return htmlDocument({
    title: name,
    language,
    assets,
    body: html`${siteBar(assets, undefined, language)}
<main class="page">
<header class="head"><p class="section">${problem.status}</p><h1>${name}</h1><p class="standfirst">${
      known?.sentence ?? inEnglish(problem.detail ?? problem.title, language)
    }</p></header>
<p class="notice">${
      problem.retryAfter !== undefined
        ? tryAgainText(problem.retryAfter, { language })
        : html`<a href="${assets.basePath}/">${words.coverage}</a>`
    }</p>
</main>`,
  });
}
