import { directionOf } from '../../../client/browser/view/direction.ts';
import { attribute, type Html, html, type Part, safe } from '../../../client/browser/view/html.ts';
import { serverWordsOf, spoken } from '../../../client/browser/view/wording/wording.ts';
import type { Brand } from '../brand/brand.ts';
import { scriptJson } from '../script-json.ts';
import { brandFooter, brandHeader, homeLink, icons, scripts } from './brand-parts.ts';

/** Where on its host the server is, and the URLs of the files that pages load. */
export interface Assets {
  /** What the paths of this server begin with on its own pages. */
  basePath: string;
  /** Such as `/assets/live-5F3K2A.js`. */
  script: string;
  /** The words of each language other than English, which the script loads. */
  words: Readonly<Record<string, string>>;
  /** The script of the list of channels. */
  front: string;
  /** The script of the pages of earlier versions, of withdrawn posts and of corrections. */
  followPost: string;
  /** The script that keeps a reader's session alive while a channel's page is live. */
  keepSession: string;
  style: string;
  /** Further styles for print. */
  print: string;
  /** Further styles of every page except a channel's, which must stay small. */
  site: string;
  /** Further styles of `/docs`. */
  docs: string;
  /** The paper's brand. Without one, pages say "Pressbox". */
  brand?: Brand | undefined;
}

export interface Document {
  title: string;
  /** BCP 47. */
  language: string;
  description?: string | null;
  /** The canonical URL. Without one, search engines are asked not to index the page. */
  canonical?: string;
  /** False: search engines are asked not to index the page although it has a canonical URL. */
  isIndexed?: boolean;
  assets: Assets;
  /** The only style besides the brand's, in place of the common ones. */
  style?: string;
  /** Further styles after the common one. */
  styles?: readonly string[];
  /** Further settings of the viewport. */
  viewport?: string;
  /** False: without the brand's footer. */
  hasFooter?: boolean;
  /** URL of the script, one of the assets. */
  script?: string;
  /** Files that the script will load. */
  preloaded?: readonly string[];
  /** Further content of the head. */
  head?: Part;
  /** The page loads the scripts of the brand, for audience measurement and consent. Never a page on which tokens are typed. */
  measured?: boolean;
  body: Part;
}

/** A whole page. It contains no inline script or style, so its content security policy can forbid them. */
export function htmlDocument({
  title,
  language,
  description,
  canonical,
  isIndexed = canonical !== undefined,
  assets,
  style,
  styles = [],
  viewport,
  hasFooter = true,
  script,
  preloaded = [],
  head,
  measured = false,
  body,
}: Document): string {
  const common = script === assets.script ? [assets.style] : [assets.style, assets.site];
  const sheets = style === undefined ? common : [style];
  return html`<!doctype html>
<html lang="${language}" dir="${directionOf(language)}">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1${viewport && `, ${viewport}`}">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Pressbox">
${description && html`<meta name="description"${attribute('content', description)}>`}
${canonical && html`<link rel="canonical" href="${canonical}">`}${!isIndexed && html`<meta name="robots" content="noindex">`}
${icons(assets.brand)}
${sheets.map((sheet) => styleLink(sheet))}${style === undefined && styleLink(assets.print, 'print')}${[...styles, assets.brand?.pageSheet ?? []].flat().map((sheet) => styleLink(sheet))}
${head}${measured && scripts(assets.brand)}
</head>
<body data-base="${assets.basePath}">
${body}${hasFooter && brandFooter(assets, language)}
${script && html`<script type="module" src="${script}"></script>${preloaded.map(preload)}`}
</body>
</html>
`.text;
}

/** `media`: default all. */
function styleLink(url: string, media?: string): Html {
  return html`<link rel="stylesheet" href="${url}"${attribute('media', media)}>`;
}

/** Loads the file in parallel with the script that will request it. */
function preload(script: string): Html {
  return html`\n<link rel="modulepreload" href="${script}">`;
}

/** The signed-in reader, and the page to return to after signing out. */
export interface Visitor {
  name: string;
  page: string;
}

/** The bar above every page, and the header of the brand. `language` is the page's. */
export function siteBar({ brand, basePath }: Assets, visitor: Visitor | undefined, language: string, ...more: Part[]): Html {
  return html`<header class="bar">${homeLink({ brand, basePath }, language)}${more}${visitor && signOutForm(visitor, language, basePath)}</header>${brandHeader(brand, language)}`;
}

function signOutForm({ name, page }: Visitor, language: string, basePath: string): Html {
  return html`<form class="visitor" method="post" action="${basePath}/sign-out"><input type="hidden" name="to" value="${page}"><bdi class="who">${name}</bdi><button${spoken({ language })}>${serverWordsOf({ language }).signOut}</button></form>`;
}

/** The channel whose corrections a page follows. */
export interface FollowedChannel {
  channelId: string;
  /** The page's script continues from this cursor. */
  cursor: string;
}

/** The post that a page follows. */
export interface FollowedPost extends FollowedChannel {
  postId: string;
}

/** Data on the page for the script that follows the post, or the corrections of the channel. */
export function followed({ channelId, postId, cursor }: FollowedChannel & Partial<FollowedPost>): Html {
  return html` data-channel="${channelId}"${attribute('data-post', postId)} data-cursor="${cursor}"`;
}

/** Data for the page's script. Browsers do not execute it. */
export function jsonElement(id: string, data: unknown): Html {
  return html`<script type="application/json" id="${id}">${safe(scriptJson(data))}</script>`;
}
