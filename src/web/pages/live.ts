import { dataElementId, liveBlogElementId, type PageData, type Shown } from '../../../client/browser/view/data.ts';
import { type Html, html, safe } from '../../../client/browser/view/html.ts';
import { addressOn } from '../../../client/browser/view/links.ts';
import { summaryAbove } from '../../../client/browser/view/page/overview.ts';
import {
  listed,
  type Region,
  renderEmpty,
  renderRegion,
  settingOf,
  settingsOf,
  titleOf,
} from '../../../client/browser/view/page/page.ts';
import { renderNewer, renderOlder } from '../../../client/browser/view/page/paging.ts';
import { type PostSetting, renderPost } from '../../../client/browser/view/post/post.ts';
import { siteWordsOf } from '../../../client/browser/view/wording/site-wording.ts';
import { clock, dayOf, wordsOf } from '../../../client/browser/view/wording/time.ts';
import { around, pageWordsOf, partNames, serverWordsOf, spoken } from '../../../client/browser/view/wording/wording.ts';
import { channelAddress, channelPath, onServer, permanentLink, selectionPath } from '../../protocol/addresses.ts';
import { parseCursor } from '../../protocol/cursor.ts';
import type { Channel, ReaderPost, Snapshot } from '../../protocol/model.ts';
import { feedAddress, feedTypes, linksOf, publisherOf } from '../feeds/feed-page.ts';
import { jsonLd } from '../feeds/json-ld.ts';
import type { PageWindow } from '../page-data/page-window.ts';
import { correctionsFeedLink } from './corrections.ts';
import { type Assets, type Document, htmlDocument, jsonElement, siteBar, type Visitor } from './document.ts';
import { channelPreview, describe, postPreview, type Site } from './preview.ts';
import { selectionLinks } from './selection.ts';
import { signInWays } from './sign-in.ts';

export interface LivePage {
  snapshot: Snapshot;
  /** The posts of a page that does not start with the newest. Read after the snapshot, whose cursor the page keeps. */
  window?: PageWindow | undefined;
  /** The id of the post of a permanent link, which the window contains. */
  marked?: string | undefined;
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
  /** The sites whose posts readers may open in a frame, by name. */
  embeds?: Readonly<Record<string, string>>;
  /** Sessions have an idle limit. */
  hasIdleLimit?: boolean;
  /** When the page was rendered, shown to readers without a script or connection. */
  at: string;
  /** Each post as rendered by `postRenderer`. Default: rendered here. */
  rendered?: readonly Html[];
}

/** `/live/{c}`, and `/live/{c}/{post}` with a marked post. Complete without a script; the script continues from the page's cursor without a gap. */
export function livePage(page: LivePage): string {
  const { snapshot, window, marked, visitor, publicUrl, assets, embeds = {}, hasIdleLimit, at, rendered } = page;
  const { posts, floor, ceiling } = window ?? newestOf(snapshot);
  const shown: Snapshot = { ...snapshot, posts, more: floor > 0 };
  const list = postsOf(page);
  const { channel } = shown;
  const { basePath } = assets;
  const stretch = { floor, ceiling };
  const address = basePath + channelPath(channel.id);
  const mark = spoken(channel);
  const data: PageData = {
    at,
    snapshot: shown,
    offset: parseCursor(snapshot.cursor)?.offset ?? 0,
    floor,
    ceiling,
    newest: snapshot.posts[0]?.seq ?? 0,
    marked: marked ?? null,
    embeds,
  };
  const { head, ...headings } = headOf(channel, {
    posts,
    pinned: snapshot.pinned,
    marked,
    isPart: window !== undefined,
    publicUrl,
    brand: assets.brand,
  });
  return htmlDocument({
    ...headings,
    head: [head, visitor !== undefined && hasIdleLimit && keepSession(assets.keepSession)],
    language: channel.language,
    assets,
    script: assets.script,
    measured: true,
    preloaded: [assets.words[wordsOf(channel).language] ?? []].flat(),
    body: html`${siteBar(assets, visitor, channel.language, connectionLine(channel, at), pauseButton(channel))}
<main class="page">
<header class="head"><div class="head-line">${region('state', shown, basePath)}<div class="times" id="times"></div></div>${region('masthead', shown, basePath)}<p class="pulse" id="pulse">${renderRegion('pulse', { ...shown, ceiling, at }, basePath)}</p>${links(shown, window, basePath)}</header>
<div class="columns">
<aside class="side">${overviewOf(channel).map((name) => section(name, { ...shown, marked }, basePath))}</aside>
<div class="coverage">
${window === undefined && section('pinned', shown, basePath)}
<div class="notices" id="notices">
<button class="new-posts" id="new-posts" type="button"${mark} hidden></button>
<aside class="since" id="since" aria-label="${partNames.since(channel)}"${mark} hidden></aside>
</div>
<nav class="pages" id="newer" aria-label="${partNames.newer(channel)}">${renderNewer(stretch, channel, address)}</nav>
<h2 class="visually-hidden" id="posts-name"${mark}>${wordsOf(channel).posts}</h2>
<section id="posts" aria-labelledby="posts-name">${posts.length > 0 ? (rendered ?? list.map(postRenderer(page))) : renderEmpty(channel, ceiling)}</section>
<nav class="pages" id="older" aria-label="${partNames.older(channel)}">${renderOlder(stretch, channel, address)}</nav>
${channel.state !== 'ended' && posts.length > 0 && html`<p class="byline">${beginningLink(channel, basePath)}</p>`}
</div>
</div>
<p class="visually-hidden" id="announcement" aria-live="polite"${mark}></p>
</main>
${jsonElement(dataElementId, data)}`,
  });
}

/** Live coverage begins with its key events. Coverage that has ended begins with its final summary. */
function overviewOf({ state }: Channel): readonly ['summary' | 'key-events', 'summary' | 'key-events'] {
  return state === 'ended' ? ['summary', 'key-events'] : ['key-events', 'summary'];
}

function keepSession(script: string): Html {
  return html`<script type="module" src="${script}"></script>`;
}

/** Links to other selections of the posts. A coverage that has ended can be read from its beginning. */
function links({ channel, keyEvents, summary, counts }: Snapshot, window: PageWindow | undefined, basePath: string): Html {
  const without = [
    keyEvents.length === 0 && 'key-events',
    summary === null && 'summaries',
    counts?.corrections === 0 && 'corrections',
  ] as const;
  return html`${selectionLinks(channel, {
    basePath,
    current: window === undefined ? 'all' : undefined,
    without: without.filter((filter) => filter !== false),
  })}${channel.state === 'ended' && html`<p class="byline">${beginningLink(channel, basePath)}</p>`}`;
}

function beginningLink(channel: Channel, basePath: string): Html {
  return html`<a href="${basePath + selectionPath(channel.id, { order: 'oldest' })}"${spoken(channel)}>${serverWordsOf(channel).fromBeginning}</a>`;
}

/** Links by which feed readers find the feeds. None for members channels, whose feeds require a token. */
function feedLinks(channel: Channel, publicUrl: string): Html[] {
  const feeds = Object.entries(feedTypes).map(([file, { type, title }]) => ({
    type,
    title,
    href: feedAddress(publicUrl, channel.id, file),
  }));
  const links = feeds.map(
    ({ type, title, href }) => html`<link rel="alternate" type="${type}" title="${title}" href="${href}">\n`,
  );
  return [...links, correctionsFeedLink(channel, publicUrl)];
}

/** The link by which other systems find oEmbed. */
function oembedLink(channel: Channel, publicUrl: string): Html {
  const page = encodeURIComponent(onServer(channelPath(channel.id), publicUrl));
  return html`<link rel="alternate" type="application/json+oembed" title="${channel.headline}" href="${onServer(`/oembed?url=${page}`, publicUrl)}">\n`;
}

/** The newest posts as data for search engines, which no browser executes. */
function liveBlog(channel: Channel, posts: readonly ReaderPost[], { publicUrl, brand }: Site): Html {
  const links = linksOf(publicUrl, channel, 'liveblog.jsonld', {}, {}, undefined);
  const publisher = publisherOf(brand, publicUrl);
  const json = jsonLd({ channel, posts, whole: false, offset: 0, links, publisher });
  return html`<script type="application/ld+json" id="${liveBlogElementId}">${safe(json)}</script>`;
}

/** The window of a page that starts with the newest post. */
function newestOf({ posts, more }: Snapshot): PageWindow {
  return { posts, floor: more ? (posts.at(-1)?.seq ?? 0) : 0, ceiling: null };
}

/** Pages of older posts are not indexed: their content shifts, and each post has its own URL. */
function headOf(
  channel: Channel,
  {
    posts,
    pinned,
    marked,
    isPart,
    publicUrl,
    brand,
  }: {
    posts: readonly ReaderPost[];
    pinned: ReaderPost | null;
    marked: string | undefined;
    isPart: boolean;
  } & Site,
): Pick<Document, 'title' | 'description' | 'canonical' | 'head'> {
  const post = posts.find(({ id }) => id === marked);
  const feeds = channel.access === 'public' && [...feedLinks(channel, publicUrl), oembedLink(channel, publicUrl)];
  if (post === undefined) {
    const of = { title: channel.headline, description: channel.standfirst ?? channel.headline };
    if (isPart) return { ...of, head: feeds };
    const previews = channel.access === 'public' && [
      channelPreview(channel, [pinned, ...posts], { publicUrl, brand }),
      liveBlog(channel, posts, { publicUrl, brand }),
    ];
    return { ...of, canonical: channelAddress(channel, publicUrl), head: [feeds, previews] };
  }
  return {
    title: titleOf(channel, post),
    description: describe(channel, post),
    canonical: permanentLink(channel, post.id, publicUrl).replace(/#.*$/s, ''),
    head: [postPreview(channel, post, { publicUrl, brand }), feeds],
  };
}

/** The posts that the page lists. */
export function postsOf({ snapshot, window, marked }: Pick<LivePage, 'snapshot' | 'window' | 'marked'>): readonly ReaderPost[] {
  return listed(window?.posts ?? snapshot.posts, summaryAbove({ ...snapshot, marked })?.id);
}

/** Renders a post of `postsOf` for the page. */
export function postRenderer(page: LivePage): (post: ReaderPost, at: number) => Html {
  const { snapshot, marked = null, embeds = {}, assets } = page;
  const { channel } = snapshot;
  const { basePath } = assets;
  const settings = settingsOf(postsOf(page), channel, marked, { basePath, actions: true, embeds });
  return (post, at) => {
    const isMarked = post.id === marked;
    const setting = { ...(settings[at] as PostSetting), focused: isMarked };
    return renderPost(post, isMarked ? { ...setting, strip: stripOf(channel, post, setting) } : setting);
  };
}

/**
 * The lines above the post of a permanent link, for readers who come from elsewhere: its coverage, its date, and a link to the
 * newest posts.
 */
function stripOf(channel: Channel, { publishedAt }: ReaderPost, setting: PostSetting): Html {
  const { fromCoverage, toNewest } = serverWordsOf(channel);
  const date = html`<time datetime="${publishedAt}">${dayOf(publishedAt, setting)}</time>`;
  return html`<p class="strip" id="strip"${spoken(channel)}>${around(fromCoverage, html`<bdi lang="${channel.language}">${channel.headline}</bdi>`)} · <a href="${addressOn(setting, channelPath(channel.id))}">${toNewest}</a><br><span class="dated">${date}</span></p>`;
}

export interface MembersNotice {
  channel: Channel;
  /** The requested page, to return to after signing in. */
  page: string;
  visitor?: Visitor | undefined;
  publicUrl: string;
  assets: Assets;
}

/** A members channel for readers without access: its description and a sign-in form. No cursor, no post, no script. */
export function membersNotice({ channel, page, visitor, publicUrl, assets }: MembersNotice): string {
  const shown: Shown = { channel, posts: [], pinned: null, summary: null, keyEvents: [] };
  return htmlDocument({
    title: channel.headline,
    language: channel.language,
    description: channel.standfirst,
    canonical: channelAddress(channel, publicUrl),
    assets,
    body: html`${siteBar(assets, visitor, channel.language)}
<main class="page">
<header class="head">${region('state', shown, assets.basePath)}${region('masthead', shown, assets.basePath)}</header>
<section class="sign-in" aria-labelledby="for-members">
<h2 id="for-members"${spoken(channel)}>${wordsOf(channel).forMembers}</h2>
<div${spoken(channel)}>
${visitor ? html`<p class="hint">${around(siteWordsOf(channel).mayNotRead, html`<bdi>${visitor.name}</bdi>`)}</p>` : null}
${signInWays({ to: page, language: channel.language, publicUrl, assets })}
</div>
</section>
</main>`,
  });
}

/** Holds new posts back (WCAG 2.2.2). The style sheet hides it until there is a script. */
function pauseButton(channel: Channel): Html {
  return html`<button class="pause" id="pause" type="button"${spoken(channel)}><span class="pause-name" id="pause-name">${pageWordsOf(channel).pauseUpdates}</span></button>`;
}

/** Shows when the page was rendered, until its script reports that it is live. */
function connectionLine(channel: Channel, at: string): Html {
  return html`<p class="connection" id="connection" data-state="still"><span id="connection-text"${spoken(channel)}>${around(serverWordsOf(channel).reloadFor, clock(at, settingOf(channel)))}</span></p>`;
}

function region(name: Region, shown: Shown, basePath: string): Html {
  return html`<div class="${name}" id="${name}">${renderRegion(name, shown, basePath)}</div>`;
}

/** A named region. */
function section(name: Region & keyof typeof partNames, shown: Shown, basePath: string): Html {
  return html`<section class="${name}" id="${name}" aria-label="${partNames[name](shown.channel)}"${name === 'summary' && safe(' tabindex="-1"')}>${renderRegion(name, shown, basePath)}</section>`;
}
