import { postAnchor, postPath } from '../../../src/protocol/addresses.ts';
import type { PostKind, ReaderPost, Verification } from '../../../src/protocol/model.ts';
import { correctionNotes, updatedAt, updateNotes, withdrawalNote } from './changes.ts';
import { type Html, html, joined, nothing, safe } from './html.ts';
import { link, people } from './links.ts';
import { renderMedia } from './media.ts';
import { clock, dayOf, type Setting } from './time.ts';

/** A post as HTML, the one rendering for the page the server sends and for the page that is open. */

export interface PostSetting extends Setting {
  /** Told above the post where it is the first of its day, counted from the top. */
  day?: boolean;
  /** Where it stands: a page may show a post in its list and pinned, and an id only once. */
  place?: 'list' | 'pinned' | 'summary';
}

/** The post, or its tombstone. All text but `post.html` is escaped. */
export function renderPost(post: ReaderPost, setting: PostSetting): Html {
  const place = setting.place ?? 'list';
  const day = setting.day ? html`<p class="day">${dayOf(post.publishedAt, setting)}</p>` : nothing;
  const content = post.status === 'published' ? published(post, setting) : withdrawn(post, setting);
  return html`<article class="${classes(post)}" id="${elementId(post.id, place)}" data-post="${post.id}" data-revision="${post.revision}" tabindex="-1">${day}${content}</article>`;
}

export function elementId(postId: string, place: 'list' | 'pinned' | 'summary'): string {
  return place === 'list' ? postAnchor(postId) : `${place}-${postId}`;
}

function classes(post: ReaderPost): string {
  if (post.status !== 'published') return 'post withdrawn';
  return ['post', kindNames[post.kind] && post.kind, post.keyEvent && 'key-event'].filter(Boolean).join(' ');
}

function published(post: ReaderPost, setting: PostSetting): Html {
  return html`<header class="line">${when(post, setting)}${marks(post)}</header>${
    post.headline !== null && html`<h3 class="headline" dir="auto">${post.headline}</h3>`
  }${correctionNotes(post.history, post.publishedAt, setting)}${
    post.html !== '' && html`<div class="body">${safe(post.html)}</div>`
  }${renderMedia(post.media)}${updateNotes(post.history, post.publishedAt, setting)}${footer(post)}`;
}

/** In the post's place, with the reason where one was given; of what it said, nothing. */
function withdrawn(post: ReaderPost, setting: PostSetting): Html {
  return html`<header class="line">${when(post, setting)}</header><p class="withdrawal">${withdrawalNote(post.history, post.publishedAt, setting)}</p>`;
}

function when(post: ReaderPost, setting: PostSetting): Html {
  const link = html`<a class="when" href="${postPath(post.channelId, post.id)}">${clock(post.publishedAt, setting)}</a>`;
  return post.status === 'published' ? html`${link}${updatedAt(post.history, post.publishedAt, setting)}` : link;
}

const kindNames: Record<PostKind, string | null> = {
  update: null,
  breaking: 'Breaking',
  summary: 'Summary',
  analysis: 'Analysis',
};

const verificationNames: Record<Verification, string> = {
  verified: 'Verified',
  unverified: 'Unverified',
  disputed: 'Disputed',
};

function marks(post: ReaderPost): Html {
  const shown: [string, string | null | undefined | false][] = [
    [post.kind, kindNames[post.kind]],
    ['key', post.keyEvent && 'Key event'],
    [String(post.verification), post.verification && verificationNames[post.verification]],
    ['developing', post.developing && 'Developing'],
  ];
  const marked = shown.filter(([, name]) => name);
  if (marked.length === 0) return nothing;
  return html`<ul class="marks">${marked.map(([kind, name]) => html`<li class="mark mark-${kind}">${name}</li>`)}</ul>`;
}

function footer(post: ReaderPost): Html {
  return html`<footer class="credits">${post.authors.length > 0 && html`<p class="by">${people(post.authors)}</p>`}${
    post.sources.length > 0 && html`<p class="sources">Source: ${sources(post)}</p>`
  }${post.derivedFrom.length > 0 && html`<p class="derived">Drawn from ${derived(post)}</p>`}</footer>`;
}

function sources(post: ReaderPost): Html {
  return joined(
    post.sources.map(
      (source) =>
        html`${link(source.url, html`<bdi>${source.name}</bdi>`)}${source.via ? html` via <bdi>${source.via}</bdi>` : null}`,
    ),
    '; ',
  );
}

function derived(post: ReaderPost): Html {
  const links = post.derivedFrom.map((id, at) => html`<a href="${postPath(post.channelId, id)}">post ${at + 1}</a>`);
  return joined(links, ', ');
}
