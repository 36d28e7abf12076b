import { turned } from '../../../client/browser/view/direction.ts';
import { html } from '../../../client/browser/view/html.ts';
import { addressOn } from '../../../client/browser/view/links.ts';
import { settingOf } from '../../../client/browser/view/page/page.ts';
import { renderPost } from '../../../client/browser/view/post/post.ts';
import { wordsOf } from '../../../client/browser/view/wording/time.ts';
import { around, correctionWordsOf, serverWordsOf, spoken } from '../../../client/browser/view/wording/wording.ts';
import { channelPath, correctionsPath, pageFrom, postAnchor } from '../../protocol/addresses.ts';
import type { Channel, ReaderPost } from '../../protocol/model.ts';
import { type Assets, type FollowedPost, followed, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface WithdrawnPage {
  channel: Channel;
  /** The tombstone. */
  post: ReaderPost;
  cursor: FollowedPost['cursor'];
  visitor?: Visitor | undefined;
  assets: Assets;
}

/**
 * The page of a permanent link to a withdrawn post: when and why it was withdrawn, and the posts around it, without its text. Complete
 * without a script, which keeps it current.
 */
export function withdrawnPage({ channel, post, cursor, visitor, assets }: WithdrawnPage): string {
  const words = serverWordsOf(channel);
  const setting = settingOf(channel, assets.basePath);
  const to = (path: string) => addressOn(setting, path);
  const mark = spoken(channel);
  const named = html`<a href="${to(channelPath(channel.id))}" lang="${channel.language}" dir="auto">${channel.headline}</a>`;
  const section = channel.section && html`<p class="section"><bdi>${channel.section}</bdi></p>`;
  return htmlDocument({
    title: words.wasWithdrawnFrom(channel.headline),
    language: channel.language,
    assets,
    script: assets.followPost,
    measured: true,
    body: html`${siteBar(assets, visitor, channel.language)}
<main class="page"${followed({ channelId: channel.id, postId: post.id, cursor })}>
<header class="head">${section && turned(section, setting)}<h1${mark}>${words.wasWithdrawn}</h1>
<p class="standfirst"${mark}>${around(words.partOf, turned(named, setting))}</p></header>
<h2 class="visually-hidden"${mark}>${wordsOf(channel).posts}</h2>
<div class="alone">${renderPost(post, { ...setting, day: true, marked: true })}</div>
<nav class="pages" aria-label="${words.theCoverage}"${mark}><a class="step" href="${to(pageFrom(channel.id, post.seq))}#${postAnchor(post.id)}">${words.aroundIt}</a><a class="step" href="${to(channelPath(channel.id))}">${wordsOf(channel).newestPosts}</a><a class="step" href="${to(correctionsPath(channel.id))}">${correctionWordsOf(channel).corrections}</a></nav>
</main>`,
  });
}
