import { html } from '../../../client/browser/view/html.ts';
import { siteWordsOf, tryAgainText } from '../../../client/browser/view/site-wording.ts';
import type { Problem } from '../../protocol/problems.ts';
import { type Assets, htmlDocument, siteBar } from './document.ts';
import { inEnglish } from './language.ts';

/** A problem as a page for readers. Uses the problem's own detail, which is for developers, only without better words. */
export function errorPage(problem: Problem, { language, assets }: { language: string; assets: Assets }): string {
  const words = siteWordsOf({ language });
  // Readers see a start and a shutdown as the same restart.
  const told = words.problems[problem.code === 'starting' ? 'draining' : problem.code];
  const name = told?.name ?? words.wentWrong;
  return htmlDocument({
    title: name,
    language,
    assets,
    body: html`${siteBar(undefined, language)}
<main class="page">
<header class="head"><p class="section">${problem.status}</p><h1>${name}</h1><p class="standfirst">${
      told?.sentence ?? inEnglish(problem.detail ?? problem.title, language)
    }</p></header>
<p class="notice">${
      problem.retryAfter !== undefined ? tryAgainText(problem.retryAfter, { language }) : html`<a href="/">${words.coverage}</a>`
    }</p>
</main>`,
  });
}
