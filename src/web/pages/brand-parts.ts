import { directionOf } from '../../../client/browser/view/direction.ts';
import { attribute, type Html, html, nothing, safe } from '../../../client/browser/view/html.ts';
import { siteWordsOf } from '../../../client/browser/view/wording/site-wording.ts';
import type { Brand } from '../brand/brand.ts';

/** The parts of pages that show the paper's brand. Without a brand they say "Pressbox". `language` is the page's. */

interface Site {
  brand?: Brand | undefined;
  /** What the paths of the server begin with. */
  basePath: string;
}

/** The first link of the bar: the logo and name of the paper, which lead to its home page. */
export function homeLink({ brand, basePath }: Site, language: string): Html {
  return nameLink(brand, language, brand?.url ?? `${basePath}/`);
}

/** The first link of the desk's bar, to the list of coverage that one may write in. */
export function deskLink({ brand, basePath }: Site, language: string): Html {
  return nameLink(brand, language, `${basePath}/desk/`);
}

function nameLink(brand: Brand | undefined, language: string, to: string): Html {
  if (brand === undefined) return html`<a class="home" href="${to}">Pressbox</a>`;
  const { name, logo, logoShowsName } = brand;
  return html`<a class="home" href="${to}"${written(brand, language)}>${logo && picture(logo, logoShowsName ? name : '')}${logoShowsName ? null : html`<bdi class="name">${name}</bdi>`}</a>`;
}

function picture({ url, size }: NonNullable<Brand['logo']>, alt: string): Html {
  return html`<img class="logo" src="${url}" alt="${alt}"${attribute('width', size?.width)}${attribute('height', size?.height)}>`;
}

/** `header.html`, below the bar. */
export function brandHeader(brand: Brand | undefined, language: string): Html {
  if (brand?.header === undefined) return nothing;
  return html`\n<section class="paper-header" aria-label="${brand.name}"${written(brand, language)}>${brand.header}</section>`;
}

/** `footer.html`, the imprint and other legal links, and the list of coverage, to which the bar does not lead. */
export function brandFooter({ brand, basePath }: Site, language: string): Html {
  if (brand === undefined) return nothing;
  const { name, url, legalLinks, footer } = brand;
  const { coverage, legal } = siteWordsOf({ language });
  const links = [
    ...(url === undefined ? [] : [html`<a href="${basePath}/">${coverage}</a>`]),
    ...legalLinks.map((link) => html`<a href="${link.url}"${written(brand, language)}>${link.label}</a>`),
  ];
  return html`
<footer class="paper-footer">${footer && html`<div${written(brand, language)}>${footer}</div>`}
<nav aria-label="${legal}"><bdi class="name"${written(brand, language)}>${name}</bdi>${links.length > 0 && html`<ul>${links.map((link) => html`<li>${link}</li>`)}</ul>`}</nav>
</footer>`;
}

export function icons(brand: Brand | undefined): Html {
  if (brand === undefined || brand.favicons.length === 0) return html`<link rel="icon" href="data:,">`;
  return html`${brand.favicons.map(({ url, type }) => html`<link rel="icon" href="${url}" type="${type}">`)}`;
}

/** Scripts for audience measurement and consent. */
export function scripts(brand: Brand | undefined): Html {
  return html`${brand?.scripts.map(
    ({ src, data }) =>
      html`\n<script async src="${src}"${Object.entries(data).map(([name, value]) => html` ${safe(`data-${name}`)}="${value}"`)}></script>`,
  )}`;
}

/** `lang` and `dir` of the paper's own words, if its language differs from the page's. */
function written({ language: own }: Brand, language: string): Html {
  return own === undefined || own === language ? nothing : html`${attribute('lang', own)}${attribute('dir', directionOf(own))}`;
}
