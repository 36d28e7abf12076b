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
  if (isWebUrl(media.url)) {
    switch (media.type) {
      case 'image':
        return image(media, setting);
      case 'video':
        return video(media, setting);
      case 'link':
        return card(media, setting);
    }
  }
  return nothing;
}

function image(media: ImageMedia, setting: Setting): Html {
  const picture = html`<img src="${addressOf(media.url, setting)}" alt="${media.alt}"${size(media)} loading="lazy" decoding="async" referrerpolicy="no-referrer">`;
  return figure(media, picture, media.credit);
}

/** Subtitles from another host need its leave to be read (CORS), which a browser then asks for the film as well. */
function video(media: VideoMedia, setting: Setting): Html {
  const captions = addressOf(media.captions, setting);
  const url = addressOf(media.url, setting);
  const film = html`<video controls preload="none"${size(media)}${attribute('poster', addressOf(media.poster, setting))}${attribute(
    'crossorigin',
    captions && 'anonymous',
  )}><source src="${url}"${attribute('type', media.mimeType)}>${
    captions && html`<track kind="captions" src="${captions}" default>`
  }<a href="${url}">${wordsOf(setting).watchVideo}</a></video>`;
  return figure(media, film);
}

function card(media: LinkMedia, setting: Setting): Html {
  const picture = addressOf(media.image, setting);
  return html`<aside class="card">${
    picture && html`<img src="${picture}" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">`
  }<p class="card-title">${link(media.url, html`<bdi>${media.title}</bdi>`)}</p>${
    media.description && html`<p class="card-description" dir="auto">${media.description}</p>`
  }<p class="card-source"><bdi>${media.source || hostOf(media.url)}</bdi></p></aside>`;
}

/**
 * Where a browser loads it from. Undefined if it is no address of the web. Only this server has media at `http:` addresses. A page of the
 * server loads them by the name that the reader reached it by, because its policy blocks any other.
 */
function addressOf(url: string | undefined, setting: Setting): string | undefined {
  return url && isWebUrl(url)
    ? url.replace(/^http:..[^/]*\/*/i, `${(setting.server ?? '').replace(/([^:/])\/.*/, '$1')}/`)
    : undefined;
}

/** Without a size the style sheet sets a box. */
function figure(media: ImageMedia | VideoMedia, shown: Html, credit?: string): Html {
  const { type, caption } = media;
  // The text in an element of its own, so that the style knows whether the credit stands first.
  return html`<figure class="${type}${size(media) === nothing && ' unsized'}">${shown}${
    (caption || credit) &&
    html`<figcaption dir="auto">${caption && html`<span>${caption}</span>`}${caption && credit && ' '}${credit && html`<span class="credit">${credit}</span>`}</figcaption>`
  }</figure>`;
}

/** Told before the file comes, so that nothing moves when it does. */
function size({ width, height }: ImageMedia | VideoMedia): Html {
  return width && height ? html` width="${width}" height="${height}"` : nothing;
}

/** Where the address leads, without an import of URL: `https://a.example/b` is `a.example`, and so is `https://b.example@a.example`. */
function hostOf(url: string): string {
  return url.replace(/^[a-z]+:[/\\]+(?:[^/\\?#]*@)?([^/\\?#]*).*/is, '$1');
}
