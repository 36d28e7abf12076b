import { directionOf } from '../../../client/browser/view/direction.ts';
import { html } from '../../../client/browser/view/html.ts';
import { siteWordsOf } from '../../../client/browser/view/wording/site-wording.ts';
import { wordsOf } from '../../../client/browser/view/wording/time.ts';
import { channelPath, onServer } from '../../protocol/addresses.ts';
import type { Channel } from '../../protocol/model.ts';
import { type FeedFilter, type FeedPage, linksOf, noticeId } from './feed-page.ts';

/**
 * The feed of a members channel for anonymous readers: its description, and one entry in place of its posts. A feed reader shows this entry
 * to its user, while it would show an error or nothing for a refusal.
 */
export function noticePage(channel: Channel, file: string, filter: FeedFilter, publicUrl: string): FeedPage {
  const { forMembers, language } = wordsOf(channel);
  const url = onServer(channelPath(channel.id), publicUrl);
  const sentence = html`<p lang="${language}" dir="${directionOf(language)}">${forMembers} <a href="${url}">${siteWordsOf(channel).signIn}</a></p>`;
  return {
    channel,
    posts: [],
    whole: false,
    offset: 0,
    links: linksOf(publicUrl, channel, file, filter, {}, undefined),
    notice: { id: noticeId(channel), title: forMembers, html: sentence.text, url, at: channel.createdAt },
  };
}
