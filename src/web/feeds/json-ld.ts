import type {
  AudioObjectLeaf as AudioObject,
  BlogPostingLeaf as BlogPosting,
  CorrectionCommentLeaf as CorrectionComment,
  ImageObjectLeaf as ImageObject,
  LiveBlogPostingLeaf as LiveBlogPosting,
  MediaObjectLeaf as MediaObject,
  OrganizationLeaf as Organization,
  QuantitativeValueLeaf as QuantitativeValue,
  PersonLeaf as SomePerson,
  VideoObjectLeaf as VideoObject,
  WebPageLeaf as WebPage,
  WithContext,
} from 'schema-dts';
import { textOf } from '../../../client/browser/view/wording/plain-text.ts';
import {
  type Change,
  type Channel,
  type ImageMedia,
  isListed,
  type LinkMedia,
  type Media,
  type Person,
  type Picture,
  type ReaderPost,
  type VideoMedia,
} from '../../protocol/model.ts';
import { scriptJson } from '../script-json.ts';
import { changedAt, publishedBy, titleOf, withdrawnWord } from './content.ts';
import { type FeedPage, plainUri, postUrn } from './feed-page.ts';
import { withList } from './json-list.ts';
import { mediaTypeOf } from './media.ts';

/**
 * schema.org's LiveBlogPosting, for search engines. A correction is a `CorrectionComment` of its post. A withdrawn post has only its notice
 * and note. The compiler checks types and property names against schema.org's vocabulary.
 */
export function jsonLd(page: FeedPage, updates: readonly string[] = page.posts.map((post) => jsonLdUpdate(post, page))): string {
  return withList(scriptJson(liveBlog(page)), 'liveBlogUpdate', updates);
}

/** `T` with values that may be undefined. */
type Maybe<T> = { [name in keyof T]: T[name] | undefined };

/** Leaves out undefined properties. */
function defined<T extends object>(thing: Maybe<T>): T {
  return Object.fromEntries(Object.entries(thing).filter(([, value]) => value !== undefined)) as T;
}

/** The list, or undefined if it is empty. */
function listed<T>(things: readonly T[]): readonly T[] | undefined {
  return things.length > 0 ? things : undefined;
}

/** Without the posts. */
function liveBlog(page: FeedPage): WithContext<LiveBlogPosting> {
  const { channel, posts, links, publisher: paper } = page;
  const { startedAt, startsAt, createdAt, endedAt } = channel;
  const publisher = publisherIn(page);
  const withLogo = defined<Organization>({
    ...publisher,
    logo:
      paper?.logo &&
      defined<ImageObject>({
        '@type': 'ImageObject',
        url: paper.logo.url,
        contentUrl: paper.logo.url,
        width: pixels(paper.logo.width),
        height: pixels(paper.logo.height),
      }),
  });
  return defined<WithContext<LiveBlogPosting>>({
    '@context': 'https://schema.org',
    '@type': 'LiveBlogPosting',
    '@id': links.home,
    url: links.home,
    mainEntityOfPage: links.home,
    headline: channel.headline,
    description: channel.standfirst ?? undefined,
    articleSection: channel.section ?? undefined,
    image: channel.picture === null ? undefined : picture(channel.picture),
    inLanguage: channel.language,
    isAccessibleForFree: channel.access === 'public',
    datePublished: startedAt ?? createdAt,
    dateModified: [channel.updatedAt ?? createdAt, ...posts.map(changedAt)].sort().at(-1),
    coverageStartTime: startedAt ?? startsAt ?? createdAt,
    coverageEndTime: channel.state === 'ended' && endedAt !== null ? endedAt : undefined,
    author: listed(channel.byline.map(person)) ?? publisher,
    publisher: withLogo,
    correction: corrections(channel.history),
  });
}

/** The posts name the publisher without the logo, which would be repeated in each of them. */
function publisherIn({ channel, links, publisher }: FeedPage): Organization {
  return {
    '@type': 'Organization',
    name: publishedBy({ publisher, links }).name,
    url: publisher?.url ?? (channel.url ? new URL(links.home).origin : links.server),
  };
}

/** A post, as JSON for a `<script>` element. */
export function jsonLdUpdate(post: ReaderPost, page: FeedPage): string {
  const { channel, links } = page;
  const publisher = publisherIn(page);
  const url = links.post(post.id);
  const of = (type: Media['type']) => post.media.filter((media) => media.type === type);
  const update = defined<BlogPosting>({
    '@type': 'BlogPosting',
    '@id': postUrn(post.id),
    url,
    headline: titleOf(post, channel),
    datePublished: post.publishedAt,
    dateModified: changedAt(post),
    inLanguage: channel.language,
    author: listed(post.authors.map(person)) ?? publisher,
    publisher,
    articleBody: textOf(post.html) || undefined,
    image: listed((of('image') as ImageMedia[]).map(picture)),
    audio: listed((of('link') as LinkMedia[]).flatMap(sound)),
    video: listed((of('video') as VideoMedia[]).map((video) => film(video, post, channel))),
    citation: cited(post),
    creativeWorkStatus: post.status === 'published' ? undefined : withdrawnWord(post, channel),
    correction: corrections(post.history),
  });
  return scriptJson(update);
}

function person({ name, role, url }: Person): SomePerson {
  return defined<SomePerson>({
    '@type': 'Person',
    name,
    jobTitle: role,
    url: url === undefined ? undefined : plainUri(url),
  });
}

function picture(image: Picture): ImageObject {
  const { url, alt, caption, credit, width, height } = image;
  return defined<ImageObject>({
    '@type': 'ImageObject',
    contentUrl: plainUri(url),
    url: plainUri(url),
    encodingFormat: mediaTypeOf({ type: 'image', ...image }),
    description: alt || undefined,
    caption: caption || undefined,
    creditText: credit,
    width: pixels(width),
    height: pixels(height),
  });
}

function film(video: VideoMedia, post: ReaderPost, channel: Channel): VideoObject {
  const { url, poster, captions, caption, width, height } = video;
  const subtitles = (address: string): MediaObject => ({ '@type': 'MediaObject', contentUrl: plainUri(address) });
  return defined<VideoObject>({
    '@type': 'VideoObject',
    name: caption || titleOf(post, channel),
    contentUrl: plainUri(url),
    encodingFormat: mediaTypeOf(video),
    uploadDate: post.publishedAt,
    thumbnailUrl: poster === undefined ? undefined : plainUri(poster),
    caption: captions === undefined ? undefined : subtitles(captions),
    width: pixels(width),
    height: pixels(height),
  });
}

function sound({ audio, title }: LinkMedia): AudioObject[] {
  if (audio === undefined) return [];
  return [{ '@type': 'AudioObject', name: title, contentUrl: plainUri(audio.url), encodingFormat: audio.mimeType }];
}

/** E37 is the UN/CEFACT code for pixels. */
function pixels(value: number | undefined): QuantitativeValue | undefined {
  return value === undefined ? undefined : { '@type': 'QuantitativeValue', value, unitCode: 'E37' };
}

/** Linked pages and sources. A source may be a person, an office or a newspaper, so it is text. */
function cited({ media, sources }: ReaderPost): readonly (WebPage | string)[] | undefined {
  const pages = media.flatMap((one): WebPage[] =>
    one.type === 'link' ? [{ '@type': 'WebPage', url: plainUri(one.url), name: one.title }] : [],
  );
  const named = sources.map(({ name, via, url }) => [name, via, url].filter((part) => part !== undefined).join(', '));
  return listed([...pages, ...named]);
}

/** A correction with an erased note still has its time and kind. */
function corrections(history: readonly Change[]): readonly CorrectionComment[] | undefined {
  const changes = history.filter(({ kind }) => isListed(kind));
  return listed(
    changes.map(
      ({ kind, note, at }): CorrectionComment => ({
        '@type': 'CorrectionComment',
        name: kind,
        dateCreated: at,
        text: note ?? kind,
      }),
    ),
  );
}
