import { dataElementId, type PageData } from '../../../client/web/view/data.ts';
import { type Html, html } from '../../../client/web/view/html.ts';
import { type Region, regions, renderEmpty, renderPosts, type Shown, settingOf } from '../../../client/web/view/page.ts';
import { clock } from '../../../client/web/view/time.ts';
import { channelAddress, channelPath } from '../../protocol/addresses.ts';
import { parseCursor } from '../../protocol/cursor.ts';
import type { Channel, PostPage, ReaderPost, Snapshot } from '../../protocol/model.ts';
import { feedAddress, feedTypes } from '../feeds/page.ts';
import { type Assets, htmlDocument, jsonElement, siteBar, type Visitor } from './document.ts';
import { signInForm } from './sign-in.ts';

export interface LivePage {
  snapshot: Snapshot;
  /** Where the page begins below the newest post: `?before=`, and the posts below it. Read after the snapshot, whose cursor the page keeps. */
  older?: { before: number; page: PostPage<ReaderPost> };
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
  /** When it was made, told to readers whose browser runs no script. */
  at: string;
}

/** `/live/{c}`: complete as it is; its script carries on from the cursor it holds, so that nothing falls between page and stream. */
export function livePage({ snapshot, older, visitor, publicUrl, assets, at }: LivePage): string {
  const posts = older ? older.page.posts : snapshot.posts;
  const more = older ? older.page.more : snapshot.more;
  const shown: Snapshot = { ...snapshot, posts, more };
  const { channel } = shown;
  const offset = parseCursor(snapshot.cursor)?.offset ?? 0;
  const data: PageData = { snapshot: shown, offset, before: older?.before ?? null };
  return htmlDocument({
    title: channel.headline,
    language: channel.language,
    description: channel.standfirst,
    canonical: channelAddress(channel, publicUrl),
    assets,
    live: true,
    head: channel.access === 'public' && feedLinks(channel, publicUrl),
    body: html`${siteBar(visitor, connectionLine(channel, at))}
<main class="page">
<header class="head">${region('state', shown)}${region('masthead', shown)}</header>
<div class="columns">
<aside class="side">${region('key-events', shown, 'Key events')}${region('summary', shown, 'The story so far')}</aside>
<div class="coverage">
${older ? html`<p class="newest"><a href="${channelPath(channel.id)}">Newest posts</a></p>` : region('pinned', shown, 'Pinned')}
<button class="new-posts" id="new-posts" type="button" hidden></button>
<section id="posts" aria-label="Posts">${posts.length > 0 ? renderPosts(posts, channel) : renderEmpty(channel)}</section>
<nav class="older" id="older" aria-label="Older posts">${more ? olderLink(channel, posts, older?.before) : null}</nav>
</div>
</div>
<p class="visually-hidden" id="announcement" aria-live="polite"></p>
</main>
${jsonElement(dataElementId, data)}`,
  });
}

/** Where feed readers that are given the page's address find its feeds. Those of members ask for a token, which they have not. */
function feedLinks(channel: Channel, publicUrl: string): Html[] {
  const feeds = Object.entries(feedTypes).map(([file, { type, title }]) => ({
    type,
    title,
    href: feedAddress(publicUrl, channel.id, file),
  }));
  return feeds.map(({ type, title, href }) => html`<link rel="alternate" type="${type}" title="${title}" href="${href}">\n`);
}

export interface MembersNotice {
  channel: Channel;
  /** The page that was asked for, to which signing in leads back. */
  page: string;
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
}

/** What is shown of a members' channel to who may not read it: what it is about, and where to sign in. No cursor, no post, no script. */
export function membersNotice({ channel, page, visitor, publicUrl, assets }: MembersNotice): string {
  const shown: Shown = { channel, posts: [], pinned: null, summary: null, keyEvents: [] };
  return htmlDocument({
    title: channel.headline,
    language: channel.language,
    description: channel.standfirst,
    canonical: channelAddress(channel, publicUrl),
    assets,
    body: html`${siteBar(visitor)}
<main class="page">
<header class="head">${region('state', shown)}${region('masthead', shown)}</header>
<section class="sign-in" lang="en" dir="ltr" aria-labelledby="for-members">
<h2 id="for-members">This coverage is for members</h2>
${visitor ? html`<p class="hint">You are signed in as <bdi>${visitor.name}</bdi>, who may not read it. Sign in as someone else:</p>` : null}
${signInForm({ to: page })}
</section>
</main>`,
  });
}

/** Says as of when the page is true, until its script says that it is live. */
function connectionLine(channel: Channel, at: string): Html {
  return html`<p class="connection" id="connection" data-state="still"><span id="connection-text">As of ${clock(at, settingOf(channel))}. Reload for what is new.</span></p>`;
}

function region(name: Region, shown: Shown, label?: string): Html {
  const content = regions[name](shown);
  return label === undefined
    ? html`<div class="${name}" id="${name}">${content}</div>`
    : html`<section class="${name}" id="${name}" aria-label="${label}">${content}</section>`;
}

/** A page cut short may hold no post at all and still have more below: then the same place is asked again from there. */
function olderLink(channel: Channel, posts: readonly ReaderPost[], before: number | undefined): Html | null {
  const below = posts.at(-1)?.seq ?? before;
  return below === undefined ? null : html`<a href="${channelPath(channel.id)}?before=${below}" rel="next">Older posts</a>`;
}
