import type { Change, Channel, ImageMedia, Media, Person, ReaderPost, VideoMedia } from '../../protocol/model.ts';
import { textOf } from '../post-text.ts';
import { changedAt, publisherOf, titleOf, withdrawnWord } from './content.ts';
import { mediaTypeOf } from './media.ts';
import { type FeedPage, plainUri, postUrn } from './page.ts';

/**
 * schema.org's LiveBlogPosting, for search engines. A correction is a `CorrectionComment` of the post that it corrects; a withdrawn post
 * says nothing but that it was, and why.
 */
export function jsonLd(page: FeedPage): string {
  return inScript(JSON.stringify(liveBlog(page)));
}

/** The same JSON, but that it may stand in a `<script>` of a page: nothing in it ends the element, or a line of a script. */
function inScript(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function liveBlog({ channel, posts, links }: FeedPage): object {
  const { startedAt, startsAt, createdAt, endedAt } = channel;
  const began = startedAt ?? startsAt ?? createdAt;
  const publisher = { '@type': 'Organization', name: publisherOf(links).name, url: new URL(links.home).origin };
  return {
    '@context': 'https://schema.org',
    '@type': 'LiveBlogPosting',
    '@id': links.home,
    url: links.home,
    mainEntityOfPage: links.home,
    headline: channel.headline,
    ...(channel.standfirst !== null && { description: channel.standfirst }),
    ...(channel.section !== null && { articleSection: channel.section }),
    inLanguage: channel.language,
    isAccessibleForFree: channel.access === 'public',
    datePublished: startedAt ?? createdAt,
    dateModified: [channel.updatedAt ?? createdAt, ...posts.map(changedAt)].sort().at(-1),
    coverageStartTime: began,
    ...(channel.state === 'ended' && endedAt !== null && { coverageEndTime: endedAt }),
    author: channel.byline.length > 0 ? channel.byline.map(person) : publisher,
    publisher,
    ...corrections(channel.history),
    liveBlogUpdate: posts.map((post) => update(post, channel, { links, publisher })),
  };
}

interface Surroundings {
  links: FeedPage['links'];
  publisher: object;
}

function update(post: ReaderPost, channel: Channel, { links, publisher }: Surroundings): object {
  const url = links.post(post.id);
  const isShown = post.status === 'published';
  const text = textOf(post.html);
  const of = (type: Media['type']) => post.media.filter((media) => media.type === type);
  const images = of('image') as ImageMedia[];
  const videos = of('video') as VideoMedia[];
  return {
    '@type': 'BlogPosting',
    '@id': postUrn(post.id),
    url,
    headline: titleOf(post, channel),
    datePublished: post.publishedAt,
    dateModified: changedAt(post),
    inLanguage: channel.language,
    author: post.authors.length > 0 ? post.authors.map(person) : publisher,
    publisher,
    ...(text !== '' && { articleBody: text }),
    ...(images.length > 0 && { image: images.map(picture) }),
    ...(videos.length > 0 && { video: videos.map((video) => film(video, post, channel)) }),
    ...cited(post),
    ...(!isShown && { creativeWorkStatus: withdrawnWord(post, channel) }),
    ...corrections(post.history),
  };
}

function person({ name, role, url }: Person): object {
  return {
    '@type': 'Person',
    name,
    ...(role !== undefined && { jobTitle: role }),
    ...(url !== undefined && { url: plainUri(url) }),
  };
}

function picture(image: ImageMedia): object {
  const { url, alt, caption, credit, width, height } = image;
  return {
    '@type': 'ImageObject',
    contentUrl: plainUri(url),
    url: plainUri(url),
    ...typed(image),
    ...(alt !== '' && { description: alt }),
    ...(caption ? { caption } : {}),
    ...(credit !== undefined && { creditText: credit }),
    ...sized(width, height),
  };
}

function film(video: VideoMedia, post: ReaderPost, channel: Channel): object {
  const { url, poster, captions, caption, width, height } = video;
  return {
    '@type': 'VideoObject',
    name: caption || titleOf(post, channel),
    contentUrl: plainUri(url),
    ...typed(video),
    uploadDate: post.publishedAt,
    ...(poster !== undefined && { thumbnailUrl: plainUri(poster) }),
    ...(captions !== undefined && { caption: { '@type': 'MediaObject', contentUrl: plainUri(captions) } }),
    ...sized(width, height),
  };
}

function typed(file: ImageMedia | VideoMedia): object {
  const type = mediaTypeOf(file);
  return type === undefined ? {} : { encodingFormat: type };
}

/** E37: pixels, in the code list that schema.org names. */
function sized(width: number | undefined, height: number | undefined): object {
  const pixels = (value: number) => ({ '@type': 'QuantitativeValue', value, unitCode: 'E37' });
  return { ...(width !== undefined && { width: pixels(width) }), ...(height !== undefined && { height: pixels(height) }) };
}

/** Pages elsewhere, and who reported it: a source may be a person, an office or a paper, so it is told as text. */
function cited({ media, sources }: ReaderPost): object {
  const pages = media.flatMap((one) =>
    one.type === 'link' ? [{ '@type': 'WebPage', url: plainUri(one.url), name: one.title }] : [],
  );
  const named = sources.map(({ name, via, url }) => [name, via, url].filter((part) => part !== undefined).join(', '));
  return pages.length + named.length === 0 ? {} : { citation: [...pages, ...named] };
}

const corrects = new Set<Change['kind']>(['clarification', 'correction', 'retraction', 'takedown']);

/** A note that was erased tells when, and of what kind the change was. */
function corrections(history: readonly Change[]): object {
  const told = history.filter(({ kind }) => corrects.has(kind));
  if (told.length === 0) return {};
  return {
    correction: told.map(({ kind, note, at }) => ({
      '@type': 'CorrectionComment',
      name: kind,
      dateCreated: at,
      text: note ?? kind,
    })),
  };
}
