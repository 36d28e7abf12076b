import { attribute, type Html, html } from '../../../client/browser/view/html.ts';
import { numberText } from '../../../client/browser/view/wording/counts.ts';
import { siteWordsOf } from '../../../client/browser/view/wording/site-wording.ts';
import { around } from '../../../client/browser/view/wording/wording.ts';
import type { Problem } from '../../protocol/problems.ts';
import { limits } from '../../protocol/wire-limits.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';
import { inEnglish } from './language.ts';

export interface SignInPage {
  /** The path of the page to return to, with the base path. */
  to: string;
  /** Why the last attempt failed. */
  fault?: Problem | undefined;
  visitor?: Visitor | undefined;
  /** A language with translations. */
  language: string;
  publicUrl: string;
  assets: Assets;
}

/** `/sign-in`, for readers with a token. Newsrooms with their own accounts sign readers in by their own form. */
export function signInPage({ to, fault, visitor, language, publicUrl, assets }: SignInPage): string {
  const { signIn, notSignedIn, signedInAs, goOn, asSomeoneElse } = siteWordsOf({ language });
  return htmlDocument({
    title: fault === undefined ? signIn : `${notSignedIn} ${signIn}`,
    language,
    assets,
    body: html`${siteBar(assets, visitor, language)}
<main class="page">
<header class="head"><h1>${signIn}</h1></header>
<section class="sign-in" aria-label="${signIn}">
${visitor ? html`<p class="hint">${around(signedInAs, html`<bdi>${visitor.name}</bdi>`)} <a href="${to}">${goOn}</a>. ${asSomeoneElse}</p>` : null}
${signInWays({ to, fault, focus: true, language, publicUrl, assets })}
</section>
</main>`,
  });
}

type SignInWays = Pick<SignInPage, 'to' | 'fault' | 'language' | 'publicUrl' | 'assets'> & { focus?: boolean };

/** The paper's own links for signing in and subscribing, and the form for a token, which is folded if there are such links. */
export function signInWays({ publicUrl, assets: { brand, basePath }, ...rest }: SignInWays): Html {
  const form = { ...rest, basePath };
  const { to, fault, language } = form;
  const { signIn, subscribe, withToken } = siteWordsOf({ language });
  const links = [
    { url: brand?.signInUrl, text: signIn },
    { url: brand?.subscribeUrl, text: subscribe },
  ].flatMap(({ url, text }) => (url === undefined ? [] : [{ url: returningTo(url, new URL(to, publicUrl).href), text }]));
  if (links.length === 0) return signInForm(form);
  return html`<ul class="sign-in-ways">${links.map(({ url, text }) => html`<li><a href="${url}">${text}</a></li>`)}</ul>
<details class="with-token"${fault && html` open`}><summary>${withToken}</summary>
${signInForm({ ...form, focus: fault !== undefined })}
</details>`;
}

/** Replaces `{page}` by the address of the page, so that the paper can lead its reader back there. */
function returningTo(url: string, page: string): string {
  return url.replaceAll('{page}', encodeURIComponent(page));
}

/**
 * Works without a script. The token appears in no URL, and the form does not show it again. `language` is English if there is no
 * translation.
 */
function signInForm({
  to,
  fault,
  focus,
  language,
  basePath,
}: Pick<SignInPage, 'to' | 'fault' | 'language'> & { focus?: boolean; basePath: string }): Html {
  const { signIn, accessToken, tokenHint } = siteWordsOf({ language });
  const described = fault === undefined ? 'token-hint' : 'token-fault token-hint';
  return html`<form class="fields" method="post" action="${basePath}/sign-in">
<input type="hidden" name="to" value="${to}">
<label for="token">${accessToken}</label>
${fault === undefined ? null : html`<p class="fault" id="token-fault" role="alert">${faultText(fault, language)}</p>`}
<input class="token" id="token" name="token" type="text" dir="ltr" required autocomplete="off" autocapitalize="off" spellcheck="false"${attribute('aria-describedby', described)}${fault === undefined ? null : html` aria-invalid="true"`}${focus ? html` autofocus` : null}>
<p class="hint" id="token-hint">${tokenHint(numberText(limits.sessionHours, { language }))}</p>
<button>${signIn}</button>
</form>`;
}

function faultText({ code, detail, title }: Problem, language: string): Html {
  const { notSignedIn, faults } = siteWordsOf({ language });
  return html`${notSignedIn} ${faults[code] ?? inEnglish(detail ?? title, language)}`;
}
