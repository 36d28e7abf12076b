import { directionOf } from '../../../client/browser/view/direction.ts';
import { html } from '../../../client/browser/view/html.ts';
import { type Language, siteWordsOf } from '../../../client/browser/view/wording/site-wording.ts';
import type { Brand } from '../brand/brand.ts';
import type { DeskFiles } from './assets.ts';
import { deskLink } from './brand-parts.ts';
import { type Assets, htmlDocument } from './document.ts';

/** The page for authors. `client/browser/desk/` fills it. */
export function deskPage({ language, assets, files }: { language: Language; assets: Assets; files: DeskFiles }): string {
  const { desk, deskNeedsScript } = siteWordsOf({ language });
  return htmlDocument({
    title: nameOf(desk, assets.brand),
    language,
    assets,
    style: files.style,
    script: files.script,
    preloaded: files.imported,
    // The page reaches below the notch of a phone, and shrinks above the keyboard instead of being covered by it.
    viewport: 'viewport-fit=cover, interactive-widget=resizes-content',
    hasFooter: false,
    head: html`<link rel="manifest" href="${assets.basePath}/desk/manifest.webmanifest">
`,
    body: html`<header class="bar">${deskLink(assets, language)}<desk-bar></desk-bar></header>
<desk-app></desk-app>
<noscript><p class="notice">${deskNeedsScript}</p></noscript>
`,
  });
}

/** The web app manifest, by which the desk can be installed. */
export function deskManifest({
  language,
  assets: { basePath, brand },
  files,
}: {
  language: Language;
  assets: Assets;
  files: DeskFiles;
}): object {
  const { desk } = siteWordsOf({ language });
  const favicons = brand?.favicons ?? [];
  const icons = favicons.length > 0 ? favicons : [{ url: files.icon, type: 'image/svg+xml' }];
  return {
    id: `${basePath}/desk/`,
    name: nameOf(desk, brand),
    short_name: brand?.name ?? desk,
    lang: language,
    dir: directionOf(language),
    start_url: `${basePath}/desk/`,
    scope: `${basePath}/desk/`,
    display: 'standalone',
    background_color: paper,
    theme_color: paper,
    // `any`: the brand does not say how large its icons are.
    icons: icons.map(({ url, type }) => ({ src: url, type, sizes: 'any' })),
  };
}

/** The colour of `--paper`, because a manifest cannot refer to a style sheet. */
const paper = '#fdfcf9';

function nameOf(desk: string, brand: Brand | undefined): string {
  return `${desk} · ${brand?.name ?? 'Pressbox'}`;
}
