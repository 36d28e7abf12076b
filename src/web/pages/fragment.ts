import type { FragmentData, Shown } from '../../../client/browser/view/data.ts';
import { directionOf, turned } from '../../../client/browser/view/direction.ts';
import { attribute, type Html, html, safe } from '../../../client/browser/view/html.ts';
import { BetweenSlots } from '../../../client/browser/view/page/between-slots.ts';
import {
  type ElementChrome,
  elementAttributes,
  elementMarkup,
  elementWordsOf,
  renderSections,
} from '../../../client/browser/view/page/element-chrome.ts';
import { postParts } from '../../../client/browser/view/page/element-parts.ts';
import { summaryAbove } from '../../../client/browser/view/page/overview.ts';
import { listed, renderEmpty, settingsOf } from '../../../client/browser/view/page/page.ts';
import { type PostSetting, renderPost } from '../../../client/browser/view/post/post.ts';
import { datedText } from '../../../client/browser/view/wording/time.ts';
import { around, serverWordsOf } from '../../../client/browser/view/wording/wording.ts';
import { type BuildStep, inTurns } from '../../http/build-steps.ts';
import { parseCursor } from '../../protocol/cursor.ts';
import { embedNames } from '../../protocol/embeds/listed-sites.ts';
import type { Snapshot } from '../../protocol/model.ts';
import { jsonElement } from './document.ts';
import { embedsOf } from './embed.ts';

export interface Fragment {
  snapshot: Snapshot;
  publicUrl: string;
  /** The name of the built style sheet of the element. */
  style: string;
  /** When the fragment was rendered. RFC 3339. */
  at: string;
  /** Hosts of posts on other sites that readers may open in a frame. */
  embedHosts: readonly string[];
  attributes: FragmentAttributes;
}

/** Attributes of the element. */
export interface FragmentAttributes {
  theme?: 'light' | 'dark' | 'auto' | undefined;
  lang?: string | undefined;
  times?: 'coverage' | 'own' | 'ago' | undefined;
  every?: number | undefined;
  limit: number;
}

/**
 * The element with its content in a declarative shadow tree, so that a page shows it before the script has loaded, or without one. The
 * script replaces the content by its own, which is the same, and continues from the cursor in the data.
 */
export async function embedFragment(fragment: Fragment, step: BuildStep): Promise<string> {
  const { snapshot, publicUrl, style, at, embedHosts } = fragment;
  const content = await contentOf(fragment, step);
  const { theme, lang, times, every, limit } = fragment.attributes;
  const data: FragmentData = { at, snapshot, offset: parseCursor(snapshot.cursor)?.offset ?? 0 };
  return html`<pressbox-live channel="${snapshot.channel.id}" src="${publicUrl}"${attribute('theme', theme)}${attribute('lang', lang)}${attribute('times', times)}${attribute('limit', limit)}${attribute('every', every)}${attribute('embeds', embedsOf(embedHosts))}><template shadowrootmode="open"><link rel="stylesheet" href="${publicUrl}/assets/${style}">
${safe(content)}
${jsonElement('data', data)}</template></pressbox-live>
`.text;
}

/** The markup of the element, filled like the script does it. */
async function contentOf(
  { snapshot, publicUrl: server, at, embedHosts, attributes }: Fragment,
  step: BuildStep,
): Promise<string> {
  const { channel } = snapshot;
  const { theme = null, lang = channel.language, every = null } = attributes;
  const shown: Shown = { ...snapshot, ceiling: null };
  const words = elementWordsOf(lang);
  const setting = {
    timezone: channel.timezone,
    runs: directionOf(channel.language),
    language: lang,
    words,
    server,
    embeds: embedNames(embedHosts),
  };
  const chrome: ElementChrome = {
    ...{ words, language: lang, setting, server, theme, shown, hasOlder: snapshot.more, channel },
    // In place of the choice of times, the fragment says as of when it is current.
    connection: ['still', ''],
    ...{ unavailableReason: undefined, news: undefined, isBusy: false, asking: false, failed: false },
  };
  const list = listed(shown.posts, summaryAbove(shown)?.id);
  const settings = settingsOf(list, channel, null, { ...setting, actions: true });
  const slots = new BetweenSlots();
  slots.number(list, every);
  const posts = await inTurns(
    list,
    (post, nth) => {
      const { text } = turned(renderPost(post, settings[nth] ?? setting), setting);
      const name = slots.nameUnder(post.id);
      return withParts(name === undefined ? text : text.replace(/(?=<\/article>$)/, `<slot name="${name}"></slot>`));
    },
    step,
  );
  const markup = shown.posts.length > 0 ? posts.join('') : withParts(turned(renderEmpty(channel, null, words), setting).text);
  const sections = renderSections(chrome).map(([id, markup]) => [id, withParts(markup)] as const);
  const inside = new Map([...sections, ['times', withParts(asOf(at, setting).text)], ['posts', markup]]);
  const given = new Map(elementAttributes(chrome));
  return elementMarkup.replace(/(<\w+[^>]* id="([\w-]+)"[^>]*)>/g, (_, tag: string, id: string) => {
    const attributes = Object.entries(given.get(id) ?? {}).map(([name, value]) => {
      return value === false ? '' : attribute(name, value === true ? '' : value).text;
    });
    return `${tag}${attributes.join('')}>${inside.get(id) ?? ''}`;
  });
}

function asOf(at: string, setting: PostSetting): Html {
  const time = html`<time datetime="${at}">${datedText(at, setting)}</time>`;
  return html`<small>${around(serverWordsOf(setting).briefAsOf, time)}</small>`;
}

/** Names the parts of the posts in this markup, as `setPartNames` does in the document. */
function withParts(markup: string): string {
  return markup
    .replace(/<article .*?<\/article>/gs, (post) => post.replace(/<(\w+)([^>]*)>/g, withPart))
    .replace(/(<ol class="key-list">(?:(?!<\/ol>).)*<\/ol><details><summary)/s, '$1 part="key-events-summary"');
}

function withPart(tag: string, name: string, attributes: string): string {
  const [, names = ''] = / class="([^"]*)"/.exec(attributes) ?? [];
  const classes = names.split(' ');
  const [, form = ''] = / data-form="([^"]*)"/.exec(attributes) ?? [];
  const [, part] = postParts.findLast(([selector]) => selector === name || classes.includes(selector.slice(1))) ?? [];
  if (name === 'article') return `<article part="${names}${/ id="pinned/.test(attributes) ? ' pinned-post' : ''}"${attributes}>`;
  return part === undefined ? tag : `<${name} part="${part} ${form}"${attributes}>`;
}
