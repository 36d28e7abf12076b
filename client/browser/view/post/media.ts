import type { Channel, Embed, ImageMedia, LinkMedia, Media, Rendition, VideoMedia } from '../../../../src/protocol/model.ts';
import { attribute, type Html, html, nothing, safe } from '../html.ts';
import { isWebUrl, link } from '../links.ts';
import { type Setting, wordsOf } from '../wording/time.ts';

/**
 * Images, videos and links in the given order. Several images are a gallery. Media of unknown types are left out, so that a newer
 * server may add one.
 */
export function renderMedia(media: readonly Media[], setting: Setting): Html {
  const isGallery = media.filter(({ type }) => type === 'image').length > 1;
  const shown = media.map((one) => renderOne(one, setting, isGallery)).filter((one) => one !== nothing);
  return shown.length === 0 ? nothing : html`<div class="media${isGallery && ' gallery'}">${shown}</div>`;
}

const quietly = 'decoding="async" referrerpolicy="no-referrer"';
/** Loads a picture when it is about to be seen. */
const lazily = safe(`loading="lazy" ${quietly}`);
/** Loads a picture that is probably the largest thing on the first screen. */
const atOnce = safe(`fetchpriority="high" ${quietly}`);

/** The first picture, small and without its text, which stands with the whole post. */
export function thumbnail(media: readonly Media[], setting: Setting): Html {
  const picture = media.find((one): one is ImageMedia => one.type === 'image' && isWebUrl(one.url));
  return picture ? html`<img class="thumb" src="${smallest(picture, setting)}" alt="" ${lazily}>` : nothing;
}

function renderOne(media: Media, setting: Setting, inGallery: boolean): Html {
  if (isWebUrl(media.url)) {
    switch (media.type) {
      case 'image':
        return image(media, setting, lazily, inGallery);
      case 'video':
        return video(media, setting);
      case 'link':
        return card(media, setting);
    }
  }
  return nothing;
}

/**
 * The picture of a channel. `priority`: it is probably the largest thing on the first screen, and is loaded at once. Otherwise it is
 * loaded when it is about to be seen.
 */
export function renderLeadPicture({ picture }: Pick<Channel, 'picture'>, setting: Setting, priority = false): Html {
  return picture && isWebUrl(picture.url)
    ? html`<div class="media lead" part="picture">${image({ ...picture, type: 'image' }, setting, priority ? atOnce : lazily)}</div>`
    : nothing;
}

/** An image of a gallery is a link to its file, which the script opens larger on the page. */
function image(media: ImageMedia, setting: Setting, loading: Html, inGallery?: boolean): Html {
  const url = addressOf(media.url, setting);
  const plain = html`<img src="${url}" alt="${media.alt}"${size(media)}${focus(media)} ${loading}>`;
  const picture = media.renditions ? html`<picture>${sources(media.renditions, setting)}${plain}</picture>` : plain;
  return figure(media, inGallery ? html`<a href="${url}" rel="noopener">${picture}</a>` : picture, media.credit);
}

/**
 * The files of a picture, in each type that browsers may know. Browsers that know `auto` measure the width of the picture, others
 * choose by the width of a post.
 */
function sources(renditions: readonly Rendition[], setting: Setting): Html[] {
  return ['image/webp', 'image/jpeg'].map((type) => {
    const files = renditions.filter(({ mimeType }) => mimeType === type);
    return html`<source type="${type}" sizes="auto, (max-width: 700px) 94vw, 672px" srcset="${files
      .map(({ url, width }) => `${addressOf(url, setting)} ${width}w`)
      .join(', ')}">`;
  });
}

/** Large enough for a thumbnail or a portrait. */
function smallest({ url, renditions }: ImageMedia, setting: Setting): string | undefined {
  return addressOf(renditions?.[0]?.url ?? url, setting);
}

/** A picture of an author. It stands beside the author's name, so it needs no description. */
export function portrait(media: ImageMedia, setting: Setting): Html {
  return isWebUrl(media.url) ? html`<img class="portrait" src="${smallest(media, setting)}" alt="" ${lazily}>` : nothing;
}

/**
 * Captions from another host need CORS, which the browser then also requires for the video. They are not shown by default, because the
 * browser would load them before the reader presses play.
 */
function video(media: VideoMedia, setting: Setting): Html {
  const captions = addressOf(media.captions, setting);
  const url = addressOf(media.url, setting);
  const film = html`<video controls preload="none"${size(media)}${attribute('poster', addressOf(media.poster, setting))}${attribute(
    'crossorigin',
    captions && 'anonymous',
  )}><source src="${url}"${attribute('type', media.mimeType)}>${
    captions && html`<track kind="captions" src="${captions}">`
  }<a href="${url}">${wordsOf(setting).watchVideo}</a></video>`;
  return figure(media, film);
}

function card(media: LinkMedia, setting: Setting): Html {
  const picture = addressOf(media.image, setting);
  const sound = addressOf(media.audio?.url, setting);
  const { provider, id } = media.embed ?? {};
  const site = siteOf(media.embed, setting);
  return html`<aside class="card">${
    picture && html`<img src="${picture}" alt="" ${lazily}>`
  }<p class="card-title">${link(media.url, html`<bdi>${media.title}</bdi>`)}</p>${
    media.description && html`<p class="card-description" dir="auto">${media.description}</p>`
  }<p class="card-source"><bdi>${media.source || hostOf(media.url)}</bdi></p>${
    sound && html`<audio controls preload="none" src="${sound}"></audio>`
  }${
    site &&
    html`<p class="actions"><a class="action" href="${media.url}" rel="noopener" data-embed="${provider} ${id}">${wordsOf(setting).showEmbed(site)}</a></p>`
  }</aside>`;
}

/** The name of the site whose post the page may show in a frame. Nothing is requested from that site before the reader presses. */
function siteOf(embed: Embed | undefined, { embeds = {} }: Setting): string | undefined {
  const key = embed?.provider === 'mastodon' ? embed.id.replace(/\/.*/, '') : embed?.provider;
  return key && Object.hasOwn(embeds, key) ? embeds[key] : undefined;
}

/**
 * The address for the browser to load. Undefined if it is not http(s). Only media of this server have `http:` addresses. On a
 * page of the server they are loaded from the host name that the reader used, because its policy blocks any other.
 */
function addressOf(url: string | undefined, setting: Setting): string | undefined {
  return url && isWebUrl(url)
    ? url.replace(/^http:..[^/]*\/*/i, `${(setting.server ?? '').replace(/([^:/])\/.*/, '$1')}/`)
    : undefined;
}

/** In quarters, for which the style sheet has classes: a policy without inline styles permits no position of its own. */
function focus({ focus: at }: ImageMedia): Html {
  return at ? html` class="x${Math.round(at.x * 4)} y${Math.round(at.y * 4)}"` : nothing;
}

/** Without a size, the style sheet reserves a box. */
function figure(media: ImageMedia | VideoMedia, shown: Html, credit?: string): Html {
  const { type, caption } = media;
  // The caption has its own element, so that the style sheet knows whether the credit comes first.
  return html`<figure class="${type}${size(media) === nothing && ' unsized'}">${shown}${
    (caption || credit) &&
    html`<figcaption dir="auto">${caption && html`<span>${caption}</span>`}${caption && credit && ' '}${credit && html`<span class="credit">${credit}</span>`}</figcaption>`
  }</figure>`;
}

/** Reserves the space, so that nothing moves when the file arrives. */
function size({ width, height }: ImageMedia | VideoMedia): Html {
  return width && height ? html` width="${width}" height="${height}"` : nothing;
}

/**
 * The host of a URL, without importing URL: `https://a.example/b` gives `a.example`, and so does `https://b.example@a.example`.
 */
function hostOf(url: string): string {
  return url.replace(/^[a-z]+:[/\\]+(?:[^/\\?#]*@)?([^/\\?#]*).*/is, '$1');
}
