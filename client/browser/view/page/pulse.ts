import { channelPath, correctionsPath, postPath } from '../../../../src/protocol/addresses.ts';
import type { Shown } from '../data.ts';
import { type Html, html, joined } from '../html.ts';
import { addressOn } from '../links.ts';
import type { PostSetting } from '../post/post.ts';
import { counted } from '../wording/counts.ts';
import { clockBeside, wordsOf } from '../wording/time.ts';
import { spoken } from '../wording/wording.ts';

/**
 * The line under the byline: "Updated 1 min. ago · 62 posts · 3 corrections". Each part is a link. The server renders the time of
 * the newest post, with its date only if that is not today. Scripts then show how long ago it was: a longer text could take one line
 * more on a phone, and the page would jump. A server of an earlier version sends no counts.
 */
export function renderPulse({ channel, posts: [newest], counts, ceiling = null, at = null }: Shown, setting: PostSetting): Html {
  const words = wordsOf(setting);
  const link = (path: string, text: Html | string) => html`<a href="${addressOn(setting, path)}">${text}</a>`;
  const parts = [
    channel.state === 'live' &&
      newest &&
      ceiling === null &&
      link(
        postPath(channel.id, newest.id),
        html`<span class="tick">${words.lastUpdated} ${clockBeside(newest.publishedAt, at, setting)}</span>`,
      ),
    counts?.posts && link(`${channelPath(channel.id)}#posts`, counted(words.postCount, counts.posts, setting)),
    counts?.corrections && link(correctionsPath(channel.id), counted(words.corrections, counts.corrections, setting)),
  ].filter((part) => typeof part === 'object');
  return html`<span${spoken(setting)}>${joined(parts, ' · ')}</span>`;
}
