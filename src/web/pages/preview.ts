import { attribute, type Html, html } from '../../../client/browser/view/html.ts';
import { isWebUrl } from '../../../client/browser/view/links.ts';
import { textOf } from '../../../client/browser/view/wording/plain-text.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { channelAddress, correctionsPath, onServer, permanentLink } from '../../protocol/addresses.ts';
import type { Channel, Media, ReaderPost } from '../../protocol/model.ts';
import type { Brand } from '../brand/brand.ts';
import { excerpt } from '../excerpt.ts';

/** The site that a preview names. */
export interface Site {
  publicUrl: string;
  brand: Brand | undefined;
}

/** The preview of a link to a post: Open Graph, and the extra tags of X. */
export function postPreview(channel: Channel, post: ReaderPost, { publicUrl, brand }: Site): Html {
  return previewTags(channel, brand, {
    title: post.headline ?? channel.headline,
    description: describe(channel, post),
    url: permanentLink(channel, post.id, publicUrl),
    picture: pictureOf(post.media) ?? channel.picture ?? undefined,
    publishedAt: post.publishedAt,
    modifiedAt: post.updatedAt,
  });
}

/** The preview of a link to a channel. Without a picture of its own, it has that of the pinned post, or of the newest post with one. */
export function channelPreview(channel: Channel, posts: readonly (ReaderPost | null)[], { publicUrl, brand }: Site): Html {
  const changed = posts.flatMap((post) => (post === null ? [] : [post.updatedAt ?? post.publishedAt]));
  return previewTags(channel, brand, {
    title: channel.headline,
    description: channel.standfirst,
    url: channelAddress(channel, publicUrl),
    picture:
      channel.picture ?? posts.map((post) => post && pictureOf(post.media)).find((picture) => picture != null) ?? undefined,
    publishedAt: channel.startedAt ?? channel.createdAt,
    modifiedAt: [channel.updatedAt ?? channel.createdAt, ...changed].sort().at(-1) ?? null,
  });
}

/** The preview of a link to the corrections of a channel. `latestAt`: the time of the latest one. */
export function correctionsPreview(
  channel: Channel,
  { title, about, latestAt }: { title: string; about: string; latestAt: string | undefined },
  { publicUrl, brand }: Site,
): Html {
  return previewTags(channel, brand, {
    title,
    description: about,
    url: onServer(correctionsPath(channel.id), publicUrl),
    picture: undefined,
    publishedAt: channel.startedAt ?? channel.createdAt,
    modifiedAt: latestAt ?? null,
  });
}

interface Preview {
  title: string;
  description: string | null;
  url: string;
  picture: Picture | undefined;
  publishedAt: string;
  modifiedAt: string | null;
}

function previewTags(
  channel: Channel,
  brand: Brand | undefined,
  { title, description, url, picture, publishedAt, modifiedAt }: Preview,
): Html {
  const tags: [string, string | number | null | undefined][] = [
    ['og:type', 'article'],
    ['og:site_name', brand?.name],
    ['og:title', title],
    ['og:description', description],
    ['og:url', url],
    ['og:locale', localeOf(channel.language)],
    ['og:image', picture?.url],
    ['og:image:alt', picture?.alt],
    ['og:image:width', picture?.width],
    ['og:image:height', picture?.height],
    ['article:published_time', publishedAt],
    ['article:modified_time', modifiedAt],
    ['article:section', channel.section],
  ];
  return html`${tags.map(([property, content]) => isGiven(content) && html`<meta property="${property}"${attribute('content', content)}>\n`)}<meta name="twitter:card" content="${
    picture === undefined ? 'summary' : 'summary_large_image'
  }">`;
}

/** The start of the post, or the description of its pictures, or the standfirst of the channel. */
export function describe(channel: Channel, post: ReaderPost): string | null {
  const text = excerpt(textOf(post.html), liveLimits.previewCharacters);
  if (text !== '') return text;
  const shown = post.media.map((media) => (media.type === 'image' ? media.alt : media.type === 'link' ? media.title : ''));
  return excerpt(shown.find((each) => each.trim() !== '') ?? '', liveLimits.previewCharacters) || channel.standfirst;
}

interface Picture {
  url: string;
  alt?: string;
  width?: number | undefined;
  height?: number | undefined;
}

/** The first picture of the post, including video posters and pictures of linked pages. */
function pictureOf(media: readonly Media[]): Picture | undefined {
  return media
    .map((one): Picture | undefined => {
      switch (one.type) {
        case 'image':
          return one;
        case 'video':
          return one.poster === undefined ? undefined : { url: one.poster };
        case 'link':
          return one.image === undefined ? undefined : { url: one.image };
        default:
          return undefined;
      }
    })
    .find((picture) => picture !== undefined && isWebUrl(picture.url));
}

/** Open Graph locales have the form `en_GB`. A language without a country has none. */
function localeOf(language: string): string | undefined {
  const { language: name, region } = new Intl.Locale(language);
  return region === undefined ? undefined : `${name}_${region}`;
}

function isGiven(content: string | number | null | undefined): content is string | number {
  return content !== null && content !== undefined && content !== '';
}
