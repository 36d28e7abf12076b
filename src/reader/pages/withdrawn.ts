import { html } from '../../../client/web/view/html.ts';
import { settingOf } from '../../../client/web/view/page.ts';
import { renderPost } from '../../../client/web/view/post.ts';
import { channelPath, pageFrom, postAnchor } from '../../protocol/addresses.ts';
import type { Channel, ReaderPost } from '../../protocol/model.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface WithdrawnPage {
  channel: Channel;
  /** The tombstone. */
  post: ReaderPost;
  visitor?: Visitor | undefined;
  assets: Assets;
}

/** Where a permanent link leads to a post that was withdrawn: that it was, when and why, and what stands around its place. Nothing of what it said. */
export function withdrawnPage({ channel, post, visitor, assets }: WithdrawnPage): string {
  return htmlDocument({
    title: `A post was withdrawn: ${channel.headline}`,
    language: channel.language,
    assets,
    body: html`${siteBar(visitor)}
<main class="page">
<header class="head">${channel.section && html`<p class="section"><bdi>${channel.section}</bdi></p>`}<h1 lang="en" dir="ltr">This post was withdrawn</h1>
<p class="standfirst">It was part of <a href="${channelPath(channel.id)}" dir="auto">${channel.headline}</a>.</p></header>
<div class="alone">${renderPost(post, { ...settingOf(channel), day: true, marked: true })}</div>
<nav class="pages" aria-label="The coverage"><a class="step" href="${pageFrom(channel.id, post.seq)}#${postAnchor(post.id)}">What was around it</a><a class="step" href="${channelPath(channel.id)}">Newest posts</a></nav>
</main>`,
  });
}
