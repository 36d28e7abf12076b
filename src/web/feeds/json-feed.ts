import type { Person, ReaderPost } from '../../protocol/model.ts';
import { aboutOf, changedAt, contentOf, marksOf, summaryOf, titleOf } from './content.ts';
import { type FeedNotice, type FeedPage, plainUri, postUrn } from './feed-page.ts';
import { withList } from './json-list.ts';
import { filesOf, mediaTypeOf, titleOfFile } from './media.ts';

/**
 * JSON Feed 1.1. Fields that the standard lacks are in `_pressbox`, named as in our own posts: revision, history and verification.
 */
export function jsonFeed(page: FeedPage, items: readonly string[] = page.posts.map((post) => jsonFeedItem(post, page))): string {
  const { channel, offset, links, publisher, notice } = page;
  const authors = channel.byline.length === 0 && publisher !== undefined ? [publisher] : channel.byline;
  const about = aboutOf(channel);
  const head = {
    version: 'https://jsonfeed.org/version/1.1',
    title: channel.headline,
    ...(about !== undefined && { description: about }),
    home_page_url: links.home,
    feed_url: links.feed,
    ...(links.next !== undefined && { next_url: links.next }),
    language: channel.language,
    ...(publisher?.favicon !== undefined && { favicon: publisher.favicon }),
    ...(authors.length > 0 && { authors: authors.map(author) }),
  };
  const tail = {
    _pressbox: {
      channelId: channel.id,
      state: channel.state,
      access: channel.access,
      ...(notice === undefined && { offset }),
      picture: channel.picture,
      revision: channel.revision,
      history: channel.history,
    },
  };
  const all = notice === undefined ? items : [JSON.stringify(noticeItem(notice))];
  return withList(JSON.stringify(head), 'items', all, JSON.stringify(tail));
}

function noticeItem({ id, title, html, url, at }: FeedNotice) {
  return { id, url, title, content_html: html, date_published: at, date_modified: at, _pressbox: { access: 'members' } };
}

/** As JSON. */
export function jsonFeedItem(post: ReaderPost, { channel, links }: Pick<FeedPage, 'channel' | 'links'>): string {
  const files = filesOf(post.media);
  const picture = files.find(({ type }) => type === 'image');
  const summary = summaryOf(post);
  const tags = marksOf(post, channel);
  return JSON.stringify({
    id: postUrn(post.id),
    url: links.post(post.id),
    title: titleOf(post, channel),
    content_html: contentOf(post, channel, links),
    ...(summary !== undefined && { summary }),
    ...(picture !== undefined && { image: plainUri(picture.url) }),
    date_published: post.publishedAt,
    date_modified: changedAt(post),
    ...(post.authors.length > 0 && { authors: post.authors.map(author) }),
    ...(tags.length > 0 && { tags }),
    ...(files.length > 0 && {
      attachments: files.map((file) => {
        const title = titleOfFile(file);
        // The standard requires a type. This one means unknown.
        return {
          url: plainUri(file.url),
          mime_type: mediaTypeOf(file) ?? 'application/octet-stream',
          ...(title !== undefined && { title }),
        };
      }),
    }),
    _pressbox: {
      postId: post.id,
      seq: post.seq,
      status: post.status,
      revision: post.revision,
      kind: post.kind,
      keyEvent: post.keyEvent,
      verification: post.verification,
      developing: post.developing,
      sources: post.sources,
      derivedFrom: post.derivedFrom,
      media: post.media,
      history: post.history,
    } satisfies ExtensionFields,
  });
}

/** The fields of a post that the standard lacks. */
type ExtensionFields = Omit<ReaderPost, 'id' | 'channelId' | 'headline' | 'html' | 'authors' | 'publishedAt' | 'updatedAt'> & {
  postId: string;
};

function author({ name, url }: Pick<Person, 'name' | 'url'>) {
  return { name, ...(url !== undefined && { url: plainUri(url) }) };
}
