import {
  type AuthorPost,
  type Channel,
  type PostFields,
  type RevisionKind,
  readerView,
  withoutUnlistedNotes,
} from '../../../../src/protocol/model.ts';
import { settingOf } from '../../view/page/page.ts';
import { renderPost } from '../../view/post/post.ts';
import { basePath } from '../app/base-path.ts';
import { bodyHtml } from '../composer/render-draft.ts';
import { withPreviews } from '../pictures/picture-previews.ts';

/** The change that a revision will add to the history of its post. */
export interface PreviewedChange {
  kind: RevisionKind;
  note: string | null;
  eraseEarlier?: boolean;
  eraseNotes?: readonly number[];
}

/**
 * The post with these fields, as readers will see it after the change: drawn as on their page. `at`: the time that the change shows,
 * RFC 3339. The markup has ids of its own, so that it can stand beside the post.
 */
export function renderChanged(
  post: AuthorPost,
  fields: PostFields,
  change: PreviewedChange | undefined,
  { channel, at }: { channel: Channel; at: string },
): string {
  const { history, updatedAt } = post;
  const revision = post.revision + 1;
  const changed = {
    ...post,
    ...fields,
    html: bodyHtml(fields.body, channel.id) ?? '',
    revision,
    updatedAt: change === undefined || change.kind === 'refile' ? updatedAt : at,
    history:
      change === undefined
        ? history
        : [
            ...(change.eraseEarlier ? withoutUnlistedNotes(history, change.eraseNotes ?? []) : history),
            { revision, kind: change.kind, note: change.note, at, by: '' },
          ],
  };
  const setting = { ...settingOf(channel, basePath), place: 'summary' } as const;
  return withPreviews(changed.media, (media) => renderPost(readerView({ ...changed, media }), setting).text);
}
