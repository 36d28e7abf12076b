import { html } from '../../../client/web/view/html.ts';
import type { Problem, ProblemCode } from '../../protocol/problems.ts';
import { type Assets, htmlDocument, siteBar } from './document.ts';

/** What to call a problem on a page, where its own sentence is meant for those who write clients. */
const names: Partial<Record<ProblemCode, string>> = {
  'not-found': 'This page is not here',
  'channel-deleted': 'This coverage was deleted',
  'post-withdrawn': 'This post was withdrawn',
  'token-missing': 'This page is not for everyone',
  forbidden: 'This page is not for everyone',
  'rate-limited': 'Too many requests',
  'journal-unavailable': 'The coverage cannot be reached at the moment',
  draining: 'This server is being restarted',
};

/** What more to say of it to a reader. */
const explained: Partial<Record<ProblemCode, string>> = {
  'not-found': 'The address may be wrong or incomplete.',
};

/** A problem, told to a reader. */
export function errorPage(problem: Problem, { assets }: { assets: Assets }): string {
  const name = names[problem.code] ?? 'Something went wrong';
  return htmlDocument({
    title: name,
    language: 'en',
    assets,
    body: html`${siteBar()}
<main class="page">
<header class="head"><p class="section">${problem.status}</p><h1>${name}</h1><p class="standfirst">${problem.detail ?? explained[problem.code] ?? problem.title}</p></header>
<p class="notice">${
      problem.retryAfter !== undefined ? `Try again in ${problem.retryAfter} seconds.` : html`<a href="/">All live coverage</a>`
    }</p>
</main>`,
  });
}
