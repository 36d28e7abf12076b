import { textOf } from '../../../client/browser/view/wording/plain-text.ts';
import type { Change, ImageMedia, LinkMedia, Media, Person, ReaderPost, VideoMedia } from '../../protocol/model.ts';
import { contentOf, lastTouched, titleOf } from './content.ts';
import { type FeedFilter, type FeedPage, feedId, plainUri, postUrn } from './feed-page.ts';
import { withList } from './json-list.ts';
import { mediaTypeOf } from './media.ts';

/**
 * IPTC's ninjs 3.1, for agencies and editorial systems: the channel is a composite item, its posts and its picture are
 * associations, and media of the posts are associations of the posts. A withdrawn post is `canceled` with the reason in `edNote`.
 * A correction is a description whose role is the kind of the change.
 */
export function ninjs(
  page: FeedPage,
  filter: FeedFilter,
  items: readonly string[] = page.posts.map((post) => ninjsItem(post, page)),
): string {
  const { channel, posts, whole, offset, links } = page;
  const head = {
    uri: feedId(channel, filter),
    type: 'composite',
    standard: { name: 'ninjs', version: '3.1', schema: 'http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json' },
    representationType: whole ? 'full' : 'partial',
    profile: 'live-coverage',
    // The journal offset rises with every change of a post.
    version: String(offset),
    firstCreated: channel.createdAt,
    versionCreated: [channel.updatedAt ?? channel.createdAt, ...posts.map(lastTouched)].sort().at(-1),
    pubStatus: 'usable',
    language: channel.language,
    title: channel.headline,
    headlines: [{ role: 'main', contentType: 'text/plain', value: channel.headline }],
    slugline: channel.id,
    ...byOf(channel.byline),
    ...(channel.section !== null && { subjects: [{ name: channel.section, literal: channel.section }] }),
    ...descriptionsOf(channel.standfirst, channel.history),
    altIds: [
      { role: 'channel', value: channel.id },
      { role: 'page', value: links.home },
    ],
  };
  const pictures = channel.picture === null ? [] : [JSON.stringify(picture({ ...channel.picture, type: 'image' }, 'picture'))];
  return withList(JSON.stringify(head), 'associations', [...items, ...pictures]);
}

/** As JSON. */
export function ninjsItem(post: ReaderPost, { channel, links }: FeedPage): string {
  const isUsable = post.status === 'published';
  const text = textOf(post.html);
  const note = post.history.findLast(({ kind }) => kind === 'retraction' || kind === 'takedown')?.note;
  return JSON.stringify({
    name: post.id,
    rel: 'post',
    uri: postUrn(post.id),
    type: post.media.length > 0 ? 'composite' : 'text',
    representationType: 'full',
    profile: 'live-post',
    version: String(post.revision),
    firstCreated: post.publishedAt,
    versionCreated: lastTouched(post),
    pubStatus: isUsable ? 'usable' : 'canceled',
    language: channel.language,
    title: titleOf(post, channel),
    ...(post.headline !== null && { headlines: [{ role: 'main', contentType: 'text/plain', value: post.headline }] }),
    ...(text !== '' && {
      bodies: [
        { role: 'main', contentType: 'text/plain', value: text },
        { role: 'main', contentType: 'text/html', value: contentOf(post, channel, links) },
      ],
    }),
    ...(typeof note === 'string' && { edNote: note }),
    ...byOf(post.authors),
    ...genresOf(post),
    ...sourcesOf(post),
    ...descriptionsOf(null, post.history),
    altIds: [
      { role: 'post', value: post.id },
      { role: 'permalink', value: links.post(post.id) },
    ],
    ...(post.media.length > 0 && { associations: post.media.flatMap((media, at) => mediaItem(media, `media-${at + 1}`)) }),
  });
}

function byOf(authors: readonly Person[]): object {
  if (authors.length === 0) return {};
  return {
    by: authors.map(({ name }) => name).join(', '),
    people: authors.map(({ name, url }) => ({ name, rel: 'author', ...(url !== undefined && { uri: plainUri(url) }) })),
  };
}

/** The kind and verification of a post, in our own vocabulary. */
function genresOf({ status, kind, keyEvent, verification, developing }: ReaderPost): object {
  if (status !== 'published') return {};
  const literals = [kind, keyEvent && 'key-event', verification, developing && 'developing'].filter(
    (one) => typeof one === 'string',
  );
  return { genres: literals.map((literal) => ({ name: literal, literal })) };
}

function sourcesOf({ sources }: ReaderPost): object {
  if (sources.length === 0) return {};
  return {
    infoSources: sources.flatMap(({ name, via, url }) => [
      { name, role: 'source', ...(url !== undefined && { uri: plainUri(url) }) },
      ...(via === undefined ? [] : [{ name: via, role: 'via' }]),
    ]),
  };
}

function descriptionsOf(standfirst: string | null, history: readonly Change[]): object {
  const changes = history.flatMap(({ kind, note, at }) =>
    note === null ? [] : [{ role: kind, contentType: 'text/plain', value: `${at} ${note}` }],
  );
  const all = [
    ...(standfirst === null ? [] : [{ role: 'standfirst', contentType: 'text/plain', value: standfirst }]),
    ...changes,
  ];
  return all.length === 0 ? {} : { descriptions: all };
}

/** A linked page belongs to somebody else. Only its URL and title are known. */
function mediaItem(media: Media, name: string): object[] {
  if (media.type === 'link') return [linked(media, name)];
  if (media.type !== 'image' && media.type !== 'video') return [];
  return [media.type === 'image' ? picture(media, name) : film(media, name)];
}

function picture(image: ImageMedia, name: string): object {
  const { url, alt, caption, credit } = image;
  return {
    name,
    rel: 'media',
    uri: plainUri(url),
    type: 'picture',
    ...(credit !== undefined && { by: credit }),
    ...described({ alt, caption }),
    renditions: [
      rendition('main', image),
      ...(image.renditions ?? []).map(({ url, width, mimeType }) => ({
        name: `${mimeType.slice('image/'.length)}-${width}`,
        href: plainUri(url),
        contentType: mimeType,
        width,
      })),
    ],
  };
}

function film(video: VideoMedia, name: string): object {
  const { url, poster, captions, caption } = video;
  return {
    name,
    rel: 'media',
    uri: plainUri(url),
    type: 'video',
    ...described({ caption }),
    renditions: [
      rendition('main', video),
      ...(poster === undefined ? [] : [{ name: 'poster', href: plainUri(poster) }]),
      ...(captions === undefined ? [] : [{ name: 'captions', href: plainUri(captions) }]),
    ],
  };
}

function linked({ url, title, source, image, description, audio }: LinkMedia, name: string): object {
  return {
    name,
    rel: 'link',
    uri: plainUri(url),
    title,
    ...described({ description }),
    ...(source !== undefined && { infoSources: [{ name: source, role: 'source' }] }),
    renditions: [
      { name: 'page', href: plainUri(url), title },
      ...(image === undefined ? [] : [{ name: 'preview', href: plainUri(image) }]),
      ...(audio === undefined ? [] : [{ name: 'sound', href: plainUri(audio.url), contentType: audio.mimeType }]),
    ],
  };
}

function rendition(name: string, file: ImageMedia | VideoMedia): object {
  const { url, width, height } = file;
  const contentType = mediaTypeOf(file);
  return {
    name,
    href: plainUri(url),
    ...(contentType !== undefined && { contentType }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  };
}

function described(by: Record<string, string | undefined>): object {
  const descriptions = Object.entries(by).flatMap(([role, value]) => (value ? [{ role, contentType: 'text/plain', value }] : []));
  return descriptions.length === 0 ? {} : { descriptions };
}
