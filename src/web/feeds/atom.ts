import { settingOf } from '../../../client/browser/view/page/page.ts';
import { wordsOf } from '../../../client/browser/view/wording/time.ts';
import type { Channel, Media, Person, ReaderPost } from '../../protocol/model.ts';
import { aboutOf, changedAt, contentOf, publishedBy, summaryOf, titleOf, withdrawnWord } from './content.ts';
import {
  type FeedFilter,
  type FeedLinks,
  type FeedNotice,
  type FeedPage,
  feedId,
  type Publisher,
  plainUri,
  postUrn,
} from './feed-page.ts';
import { type FileMedia, mediaTypeOf, soundOf, titleOfFile } from './media.ts';
import { Xml, xml, xmlAttribute } from './xml.ts';

/**
 * Atom 1.0 (RFC 4287) with paging by RFC 5005. A withdrawn post stays as an entry with the same id and a sentence that says so,
 * and feed readers replace the text they hold by it. If the entry were just missing, or an `at:deleted-entry` (RFC 6721, which
 * few readers support), readers would keep the wrong text or remove it without a notice.
 */
export function atom(
  page: FeedPage,
  filter: FeedFilter,
  entries: readonly Xml[] = page.posts.map((post) => atomEntry(post, page)),
): string {
  const { channel, posts, links, publisher, notice } = page;
  return atomDocument({
    id: feedId(channel, filter),
    title: channel.headline,
    about: aboutOf(channel),
    channel,
    links,
    publisher,
    changed: posts.map(changedAt),
    entries: notice === undefined ? entries : [noticeEntry(notice), ...entries],
  });
}

export interface AtomDocument {
  id: string;
  title: string;
  about: string | undefined;
  channel: Channel;
  links: FeedLinks;
  publisher: Publisher | undefined;
  /** When the entries changed. */
  changed: readonly string[];
  entries: readonly Xml[];
}

export function atomDocument({ id, title, about, channel, links, publisher, changed, entries }: AtomDocument): string {
  const publishers = channel.byline.length > 0 ? channel.byline : [publishedBy({ publisher, links })];
  const updated = [channel.updatedAt ?? channel.createdAt, ...changed].sort().at(-1);
  const logo = channel.picture === null ? publisher?.logo?.url : plainUri(channel.picture.url);
  const document = xml`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"${xmlAttribute('xml:lang', channel.language)}>
<id>${id}</id>
<title>${title}</title>
${about === undefined ? null : xml`<subtitle>${about}</subtitle>\n`}<updated>${updated}</updated>
${publishers.map((person) => xml`<author>${named(person)}</author>\n`)}<generator>Pressbox</generator>
${publisher?.favicon === undefined ? null : xml`<icon>${publisher.favicon}</icon>\n`}${logo === undefined ? null : xml`<logo>${logo}</logo>\n`}<link rel="self" type="application/atom+xml" href="${links.self}"/>
<link rel="alternate" type="text/html" href="${links.home}"/>
${links.self === links.feed ? null : xml`<link rel="first" type="application/atom+xml" href="${links.feed}"/>\n`}${
  links.next === undefined ? null : xml`<link rel="next" type="application/atom+xml" href="${links.next}"/>\n`
}${channel.section === null ? null : xml`<category term="${channel.section}"/>\n`}${entries}</feed>
`;
  return document.text;
}

export function atomEntry(post: ReaderPost, { channel, links }: FeedPage): Xml {
  const summary = summaryOf(post);
  return xml`<entry>
<id>${postUrn(post.id)}</id>
<title>${titleOf(post, channel)}</title>
<published>${post.publishedAt}</published>
<updated>${changedAt(post)}</updated>
${post.authors.map((person) => xml`<author>${named(person)}</author>\n`)}<link rel="alternate" type="text/html" href="${links.post(post.id)}"/>
${post.media.map(attached)}${categoriesOf(post, channel).map(({ term, label }) => xml`<category term="${term}" label="${label}"/>\n`)}${
  summary === undefined ? null : xml`<summary>${summary}</summary>\n`
}<content type="html">${contentOf(post, channel, links)}</content>
</entry>
`;
}

export function noticeEntry({ id, title, html, url, at }: FeedNotice): Xml {
  return xml`<entry>
<id>${id}</id>
<title>${title}</title>
<updated>${at}</updated>
<link rel="alternate" type="text/html" href="${url}"/>
<content type="html">${html}</content>
</entry>
`;
}

function named({ name, url }: Person): Xml {
  return xml`<name>${name}</name>${url === undefined ? null : xml`<uri>${plainUri(url)}</uri>`}`;
}

/** Files become enclosures, other pages related links. The files of an upload are a group of Media RSS. */
function attached(media: Media): Xml {
  if (media.type === 'link') {
    const sound = soundOf(media);
    const related = xml`<link rel="related" href="${plainUri(media.url)}"${xmlAttribute('title', media.title)}/>\n`;
    return sound === undefined ? related : xml`${related}${enclosure(sound)}`;
  }
  if (media.type !== 'image' && media.type !== 'video') return new Xml('');
  if (media.type === 'video' || media.renditions === undefined) return enclosure(media);
  const files = media.renditions.map(
    ({ url, width, mimeType }) =>
      xml`<media:content url="${plainUri(url)}" type="${mimeType}" medium="image" width="${String(width)}"/>\n`,
  );
  return xml`${enclosure(media)}<media:group xmlns:media="http://search.yahoo.com/mrss/">\n${files}</media:group>\n`;
}

function enclosure(file: FileMedia): Xml {
  const type = xmlAttribute('type', mediaTypeOf(file));
  return xml`<link rel="enclosure" href="${plainUri(file.url)}"${type}${xmlAttribute('title', titleOfFile(file))}/>\n`;
}

/** Categories for filters of feed readers. `term` is the same in every language. */
function categoriesOf(post: ReaderPost, channel: Channel): { term: string; label: string }[] {
  const words = wordsOf(settingOf(channel));
  const { status, kind, keyEvent, verification, developing } = post;
  if (status !== 'published') return [{ term: status, label: withdrawnWord(post, channel) }];
  const kindLabel = kind !== 'update' && Object.hasOwn(words.kinds, kind) ? words.kinds[kind] : words.changes.update;
  return [
    { term: kind, label: kindLabel },
    ...(keyEvent ? [{ term: 'key-event', label: words.keyEvent }] : []),
    ...(verification === null ? [] : [{ term: verification, label: words.verification[verification] }]),
    ...(developing ? [{ term: 'developing', label: words.developing }] : []),
  ];
}
