import { changePath, permanentLink, postAnchor, postPath, versionsPath } from '../../../../src/protocol/addresses.ts';
import type { ImageMedia, Media, ReaderPost } from '../../../../src/protocol/model.ts';
import { words as en } from '../../i18n/en.ts';
import type { Words } from '../../i18n/words.ts';
import { turned } from '../direction.ts';
import { type Html, html, joined, nothing, safe } from '../html.ts';
import { addressOn, link, people } from '../links.ts';
import { numberText } from '../wording/counts.ts';
import { clock, clockText, dayOf, type Setting, wordsOf } from '../wording/time.ts';
import { bodyOf, unbroken } from './body.ts';
import { correctionNotes, updatedAt, updateNotes, withdrawalNote } from './changes.ts';
import { portrait, renderMedia } from './media.ts';

/** Renders a post as HTML, for the server's page and for the open page alike. */

export interface PostSetting extends Setting {
  /** Show the day above the post: it is the first of its day, counted from the top. */
  day?: boolean;
  /** A page may show a post both in the list and pinned, but each id only once. */
  place?: 'list' | 'pinned' | 'summary';
  /** The newsroom's page that embeds the channel. Permanent links then lead there. */
  url?: string | null;
  /** With buttons to copy and share the link, for pages with a script. */
  actions?: boolean;
  /** A permanent link led to this post. */
  marked?: boolean;
  /** The page opens at this post, even without a script. */
  focused?: boolean;
  /** Stands above the post. Only the server renders it, and the script keeps it. */
  strip?: Html;
}

/** The post, or its tombstone, named by its headline or its time. All text except `post.html` is escaped. */
export function renderPost(post: ReaderPost, setting: PostSetting): Html {
  const day = setting.day ? html`<p class="day">${dayOf(post.publishedAt, setting)}</p>` : nothing;
  const content = post.status === 'published' ? published(post, setting) : withdrawn(post, setting);
  const article = html`<article class="${classes(post)}${setting.marked && ' marked'}" id="${elementId(post, setting)}" data-post="${post.id}" data-revision="${post.revision}" tabindex="-1" aria-labelledby="${nameId(post, setting)}"${setting.marked && safe(' aria-current="true"')}${setting.focused && safe(' autofocus')}>${setting.strip}${day}${content}</article>`;
  return turned(article, setting);
}

function elementId({ id }: ReaderPost, { place = 'list' }: PostSetting): string {
  return place === 'list' ? postAnchor(id) : `${place}-${id}`;
}

/** The id of the heading. */
function nameId(post: ReaderPost, setting: PostSetting): string {
  return `${elementId(post, setting)}-name`;
}

function classes(post: ReaderPost): string {
  if (post.status !== 'published') return 'post withdrawn';
  return ['post', kindName(post, en) && post.kind, post.keyEvent && 'key-event'].filter(Boolean).join(' ');
}

function published(post: ReaderPost, setting: PostSetting): Html {
  const { headline, history, kind, media, publishedAt } = post;
  const isAnalysis = kind === 'analysis';
  const portraits = isAnalysis ? media.filter((one) => isPortrait(one, post)) : [];
  const others = media.filter((one) => !isAnalysis || !isPortrait(one, post));
  const toChange = (revision: number) => addressOn(setting, changePath(post.channelId, post.id, revision));
  return html`<header class="line">${when(post, setting)}${marks(post, setting)}</header>${unbroken(
    html`${
      headline !== null && html`<h3 class="headline" id="${nameId(post, setting)}" dir="auto">${headline}</h3>`
    }${isAnalysis && byline(post, setting, portraits)}${correctionNotes(history, publishedAt, setting, toChange)}${
      post.html !== '' && renderBody(post.html, setting)
    }${renderMedia(others, setting)}${updateNotes(history, publishedAt, setting)}`,
  )}${footer(post, setting)}`;
}

/** The sanitized html of a post. */
export function renderBody(markup: string, { digits }: PostSetting, name = 'body'): Html {
  return html`<div class="${name}${digits && ` ${digits}`}">${bodyOf(markup)}</div>`;
}

/** A picture of an analysis with the name of an author as its description shows that author. */
function isPortrait(media: Media, { authors }: ReaderPost): media is ImageMedia {
  return media.type === 'image' && authors.some(({ name }) => name === media.alt);
}

/** The authors, above the text of an analysis, which is its author's view, and below that of other posts. */
function byline({ authors }: ReaderPost, setting: Setting, portraits: readonly ImageMedia[] = []): Html {
  if (authors.length === 0) return nothing;
  return html`<p class="by">${portraits.map((one) => portrait(one, setting))}${people(authors, wordsOf(setting).comma)}</p>`;
}

/** Shown in place of the post, with the reason if there is one. Nothing of the post's text is shown. */
function withdrawn(post: ReaderPost, setting: PostSetting): Html {
  return html`<header class="line">${when(post, setting)}</header><p class="withdrawal">${withdrawalNote(post.history, post.publishedAt, setting)}</p>`;
}

function when(post: ReaderPost, setting: PostSetting): Html {
  const address = permanentLink({ id: post.channelId, url: setting.url }, post.id, addressOn(setting, ''));
  const link = html`<a class="when" href="${address}" rel="bookmark">${clock(post.publishedAt, setting)}</a>`;
  const isPublished = post.status === 'published';
  const heading = isPublished && post.headline !== null ? link : html`<h3 class="at" id="${nameId(post, setting)}">${link}</h3>`;
  return isPublished ? html`${heading}${updatedAt(post.history, post.publishedAt, setting)}` : heading;
}

/** Null for an update, and for a kind of a later version. */
function kindName({ kind }: ReaderPost, { kinds }: Words): string | null {
  return kind !== 'update' && Object.hasOwn(kinds, kind) ? kinds[kind] : null;
}

function marks(post: ReaderPost, setting: Setting): Html {
  const words = wordsOf(setting);
  const { keyEvent, verification, developing } = words;
  const shown: [string, string | null | undefined | false][] = [
    [post.kind, kindName(post, words)],
    ['key', post.keyEvent && keyEvent],
    [String(post.verification), post.verification && verification[post.verification]],
    ['developing', post.developing && developing],
  ];
  const marked = shown.filter(([, name]) => name);
  if (marked.length === 0) return nothing;
  return html`<ul class="marks">${marked.map(([kind, name]) => html`<li class="mark mark-${kind}">${name}</li>`)}</ul>`;
}

function footer(post: ReaderPost, setting: PostSetting): Html {
  const words = wordsOf(setting);
  return html`<footer class="credits">${setting.actions && actions(post, setting)}${post.kind !== 'analysis' && byline(post, setting)}${
    post.sources.length > 0 && html`<p class="sources">${words.source} ${sources(post, setting)}</p>`
  }${post.derivedFrom.length > 0 && html`<p class="derived">${words.drawnFrom} ${derived(post, setting)}</p>`}${post.revision > 1 && versions(post, setting)}</footer>`;
}

/** Earlier versions are on a page of their own: an open page does not keep earlier texts. */
function versions(post: ReaderPost, setting: PostSetting): Html {
  const { earlierVersions, ofPost } = wordsOf(setting);
  const address = addressOn(setting, versionsPath(post.channelId, post.id));
  const name = ofPost(earlierVersions, clockText(post.publishedAt, setting));
  return html`<p class="versions"><a href="${address}" rel="nofollow" aria-label="${name}">${earlierVersions}</a></p>`;
}

/** The accessible names begin with the visible label and say which post they belong to. */
function actions(post: ReaderPost, setting: PostSetting): Html {
  const words = wordsOf(setting);
  const at = clockText(post.publishedAt, setting);
  const action = (name: 'copy' | 'share', label: string) =>
    html`<button type="button" class="action" data-action="${name}" aria-label="${words.ofPost(label, at)}">${label}</button>`;
  return html`<div class="actions">${action('copy', words.copyLink)}${action('share', words.share)}</div>`;
}

function sources(post: ReaderPost, setting: Setting): Html {
  return joined(
    post.sources.map(
      (source) =>
        html`${link(source.url, html`<bdi>${source.name}</bdi>`)}${source.via ? html` ${wordsOf(setting).via} <bdi>${source.via}</bdi>` : null}`,
    ),
    wordsOf(setting).comma,
  );
}

function derived(post: ReaderPost, setting: Setting): Html {
  const links = post.derivedFrom.map(
    (id, at) =>
      html`<a href="${addressOn(setting, postPath(post.channelId, id))}">${wordsOf(setting).postNumber(numberText(at + 1, setting))}</a>`,
  );
  return joined(links, wordsOf(setting).comma);
}
