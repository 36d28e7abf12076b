import { attribute, type Html, html } from '../../../client/web/view/html.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface SignInPage {
  /** The page to which it leads back. */
  to: string;
  /** Why it did not work. */
  fault?: string | undefined;
  visitor?: Visitor | undefined;
  assets: Assets;
}

/** `/sign-in`: for whoever was given a token. Newsrooms that know their readers send them in by a form of their own. */
export function signInPage({ to, fault, visitor, assets }: SignInPage): string {
  return htmlDocument({
    title: fault === undefined ? 'Sign in' : 'Not signed in: Sign in',
    language: 'en',
    assets,
    body: html`${siteBar(visitor)}
<main class="page">
<header class="head"><h1>Sign in</h1></header>
<section class="sign-in" aria-label="Sign in">
${visitor ? html`<p class="hint">You are signed in as <bdi>${visitor.name}</bdi>. <a href="${to}">Go on</a>, or sign in as someone else:</p>` : null}
${signInForm({ to, fault, focus: true })}
</section>
</main>`,
  });
}

/** Works without a script. The token is in no address, and is not given back. */
export function signInForm({ to, fault, focus }: { to: string; fault?: string | undefined; focus?: boolean }): Html {
  const described = fault === undefined ? 'token-hint' : 'token-fault token-hint';
  return html`<form class="fields" method="post" action="/sign-in">
<input type="hidden" name="to" value="${to}">
<label for="token">Access token</label>
${fault === undefined ? null : html`<p class="fault" id="token-fault" role="alert">${fault}</p>`}
<input class="token" id="token" name="token" type="text" required autocomplete="off" autocapitalize="off" spellcheck="false"${attribute('aria-describedby', described)}${fault === undefined ? null : html` aria-invalid="true"`}${focus ? html` autofocus` : null}>
<p class="hint" id="token-hint">The newsroom gives it to you. Your browser then stays signed in for up to 12 hours, by a cookie of this site.</p>
<button>Sign in</button>
</form>`;
}
