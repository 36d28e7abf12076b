import { renderHtml } from '../../../../src/markdown/html-writer.ts';
import { postPath } from '../../../../src/protocol/addresses.ts';
import type { Channel, ReaderPost } from '../../../../src/protocol/model.ts';
import { blankPost } from '../../../../src/protocol/post-fields.ts';
import { Refusal } from '../../../../src/protocol/problems.ts';
import { directionOf } from '../../view/direction.ts';
import { type PostSetting, renderPost } from '../../view/post/post.ts';
import { basePath } from '../app/base-path.ts';
import { withPreviews } from '../pictures/picture-previews.ts';
import { type Lack, lacksOf, type PostDraft, toNewPost } from './post-draft.ts';

/** Draws a post that is being written as readers will see it, and says what it lacks. */

/** The html of a body. Undefined if the server would refuse the body. */
export function bodyHtml(body: string, channelId: string): string | undefined {
  try {
    return renderHtml(body, (postId) => basePath + postPath(channelId, postId));
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

export function lacksOfDraft(draft: PostDraft, channelId: string, origin: string): Lack[] {
  const html = bodyHtml(draft.body, channelId);
  if (html === undefined) return [{ path: 'body', why: 'too-complex' }];
  return lacksOf(toNewPost(draft), html, { channelId, origin });
}

/** `byline`: the name of a post that names nobody. `at`: the time that is shown, RFC 3339. */
export function renderDraft(
  draft: PostDraft,
  channel: Pick<Channel, 'id' | 'timezone' | 'language'>,
  { byline, at, place = 'list' }: { byline: string; at: string; place?: NonNullable<PostSetting['place']> },
): string {
  const { id, body = '', ...fields } = toNewPost(draft);
  const post: ReaderPost = {
    ...blankPost(),
    authors: [{ name: byline }],
    ...fields,
    id,
    channelId: channel.id,
    seq: 0,
    html: bodyHtml(body, channel.id) ?? '',
    status: 'published',
    revision: 1,
    publishedAt: at,
    updatedAt: null,
    history: [],
  };
  const { timezone, language } = channel;
  const setting = { timezone, language, basePath, runs: directionOf(language), place };
  return withPreviews(post.media, (media) => renderPost({ ...post, media }, setting).text);
}
