import { directionOf } from '../../../client/browser/view/direction.ts';
import { attribute, type Html, html, type Part, safe } from '../../../client/browser/view/html.ts';
import { serverWordsOf, spoken } from '../../../client/browser/view/wording.ts';

/** Addresses of what pages load, as the build named them. */
export interface Assets {
  /** Such as `/assets/live-5F3K2A.js`. */
  script: string;
  /** What that loads for a coverage in another language than English, by the language. */
  words: Readonly<Record<string, string>>;
  /** The script of the list of channels. */
  front: string;
  /** The script of what a post said before, and of what was withdrawn. */
  followPost: string;
  /** The script that uses a reader's session while the page of a coverage is live. */
  keepSession: string;
  style: string;
  /** What every page has beyond that but the one of a coverage, which is to weigh little. */
  site: string;
  /** What the page of the documents has beyond that. */
  docs: string;
}

export interface Document {
  title: string;
  /** BCP 47. */
  language: string;
  description?: string | null;
  /** The address under which search engines are to know the page; without one they are asked to pass it over. */
  canonical?: string;
  assets: Assets;
  /** Further styles, after the one of every page. */
  styles?: readonly string[];
  /** Its address, one of the assets. */
  script?: string;
  /** What that will ask for. */
  preloaded?: string | undefined;
  /** What else its head holds. */
  head?: Part;
  body: Part;
}

/** A whole page. No script or style stands in the page itself, so that its content security policy can refuse those that do. */
export function htmlDocument({
  title,
  language,
  description,
  canonical,
  assets,
  styles = [],
  script,
  preloaded,
  head,
  body,
}: Document): string {
  const sheets = script === assets.script ? [assets.style] : [assets.style, assets.site];
  return html`<!doctype html>
<html lang="${language}" dir="${directionOf(language)}">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Pressbox">
${description && html`<meta name="description"${attribute('content', description)}>`}
${canonical ? html`<link rel="canonical" href="${canonical}">` : html`<meta name="robots" content="noindex">`}
<link rel="icon" href="data:,">
${[...sheets, ...styles].map((style) => html`<link rel="stylesheet" href="${style}">`)}
${script && html`<script type="module" src="${script}"></script>${preload(preloaded)}`}
${head}
</head>
<body>
${body}
</body>
</html>
`.text;
}

/** Begun with the script that will ask for it, and not after it. */
function preload(script: string | undefined): Html | null {
  return script === undefined ? null : html`\n<link rel="modulepreload" href="${script}">`;
}

/** Who is signed in, and the page that they look at, to which signing out leads back. */
export interface Visitor {
  name: string;
  page: string;
}

/** The bar above every page. `language`: of the page. */
export function siteBar(visitor: Visitor | undefined, language: string, ...more: Part[]): Html {
  return html`<header class="bar"><a class="home" href="/">Pressbox</a>${more}${visitor && signOutForm(visitor, language)}</header>`;
}

function signOutForm({ name, page }: Visitor, language: string): Html {
  return html`<form class="visitor" method="post" action="/sign-out"><input type="hidden" name="to" value="${page}"><bdi class="who">${name}</bdi><button${spoken({ language })}>${serverWordsOf({ language }).signOut}</button></form>`;
}

/** The post that a page tells what became of. */
export interface Followed {
  channelId: string;
  postId: string;
  /** Nothing up to here is missing. The page's script goes on from there. */
  cursor: string;
}

/** What the script that follows it finds on the page. */
export function followed({ channelId, postId, cursor }: Followed): Html {
  return html` data-channel="${channelId}" data-post="${postId}" data-cursor="${cursor}"`;
}

/** Data for the page's script. Not run by a browser; escaped so that no value ends the element or a line of a script. */
export function jsonElement(id: string, data: unknown): Html {
  return html`<script type="application/json" id="${id}">${safe(scriptJson(data))}</script>`;
}

function scriptJson(data: unknown): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
