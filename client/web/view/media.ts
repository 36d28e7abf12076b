import type { ImageMedia, LinkMedia, Media, VideoMedia } from '../../../src/protocol/model.ts';
import { attribute, type Html, html, nothing } from './html.ts';
import { isWebUrl, link } from './links.ts';
import { type Setting, wordsOf } from './time.ts';

/** Pictures, films and links in the order given. What is of a type not known here is left out, as the contract asks. */
export function renderMedia(media: readonly Media[], setting: Setting): Html {
  const shown = media.map((one) => renderOne(one, setting)).filter((one) => one !== nothing);
  return shown.length === 0 ? nothing : html`<div class="media">${shown}</div>`;
}

function renderOne(media: Media, setting: Setting): Html {
  if (!isWebUrl(media.url)) return nothing;
  switch (media.type) {
    case 'image':
      return image(media);
    case 'video':
      return video(media, setting);
    case 'link':
      return card(media);
    default:
      return nothing;
  }
}

/** Width and height are told before the file comes, so that nothing moves when it does; without them the style sheet sets a box. */
function image(media: ImageMedia): Html {
  return html`<figure class="image${boxed(media)}"><img src="${media.url}" alt="${media.alt}"${size(media)} loading="lazy" decoding="async" referrerpolicy="no-referrer">${caption(media.caption, media.credit)}</figure>`;
}

/** Subtitles from another host need its leave to be read (CORS), which a browser then asks for the film as well. */
function video(media: VideoMedia, setting: Setting): Html {
  const captions = media.captions !== undefined && isWebUrl(media.captions) ? media.captions : undefined;
  return html`<figure class="video${boxed(media)}"><video controls preload="none"${size(media)}${attribute('poster', media.poster && isWebUrl(media.poster) ? media.poster : null)}${attribute(
    'crossorigin',
    captions && 'anonymous',
  )}><source src="${media.url}"${attribute('type', media.mimeType)}>${
    captions && html`<track kind="captions" src="${captions}" default>`
  }<a href="${media.url}">${wordsOf(setting).watchVideo}</a></video>${caption(media.caption, undefined)}</figure>`;
}

function card(media: LinkMedia): Html {
  const picture =
    media.image !== undefined && isWebUrl(media.image)
      ? html`<img src="${media.image}" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">`
      : null;
  return html`<aside class="card">${picture}<p class="card-title">${link(media.url, html`<bdi>${media.title}</bdi>`)}</p>${
    media.description && html`<p class="card-description" dir="auto">${media.description}</p>`
  }<p class="card-source"><bdi>${media.source || hostOf(media.url)}</bdi></p></aside>`;
}

function caption(text: string | undefined, credit: string | undefined): Html {
  if (!text && !credit) return nothing;
  // In an element of its own, so that the style knows whether the credit stands first.
  return html`<figcaption dir="auto">${text && html`<span>${text}</span>`}${text && credit ? ' ' : ''}${credit && html`<span class="credit">${credit}</span>`}</figcaption>`;
}

function size({ width, height }: { width?: number | undefined; height?: number | undefined }): Html {
  return width && height ? html`${attribute('width', width)}${attribute('height', height)}` : nothing;
}

function boxed({ width, height }: { width?: number | undefined; height?: number | undefined }): string {
  return width && height ? '' : ' unsized';
}

/** Where the address leads, without an import of URL: `https://a.example/b` is `a.example`, and so is `https://b.example@a.example`. */
function hostOf(url: string): string {
  return url
    .replace(/^[a-z]+:[/\\]+/i, '')
    .replace(/[/\\?#].*$/s, '')
    .replace(/^.*@/s, '');
}
