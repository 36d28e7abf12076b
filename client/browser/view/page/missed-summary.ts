import { channelPath, postAnchor, postPath } from '../../../../src/protocol/addresses.ts';
import type { Channel, ReaderPost } from '../../../../src/protocol/model.ts';
import type { PageWords, Words } from '../../i18n/words.ts';
import type { turned } from '../direction.ts';
import type { Html, html, joined } from '../html.ts';
import type { counted } from '../wording/counts.ts';
import type { clockBeside, datedText, Setting } from '../wording/time.ts';
import type { around } from '../wording/wording.ts';

/** Functions of the page's script, which loads this file only for readers who return. */
export interface Tools {
  html: typeof html;
  joined: typeof joined;
  around: typeof around;
  counted: typeof counted;
  turned: typeof turned;
  clockBeside: typeof clockBeside;
  datedText: typeof datedText;
}

/** `left`: the reader left the page. `offline`: the connection was lost. */
export type Cause = 'left' | 'offline';

/** How to name a post that was corrected or withdrawn after it was on the page. */
export interface Named {
  id: string;
  headline: string | null;
  publishedAt: string;
  withdrawn: boolean;
}

/** The content of the summary, until it was read. */
export interface Line {
  cause: Cause;
  /** Milliseconds since 1970. */
  since: number;
  /** The `seq` of each new post, by id. */
  posts: ReadonlyMap<string, number>;
  changed: ReadonlyMap<string, Named>;
}

/** The most posts that are named. Further posts are only counted. */
const mostNamed = 5;

/**
 * "Since you left, 14:05 UTC: 3 new posts; 1 correction: “The bridge is shut”", with a link for each. `now`: RFC 3339.
 */
export function renderSince(
  { cause, since, posts, changed }: Line,
  shown: { channel: Channel; posts: readonly ReaderPost[] },
  now: string,
  setting: Setting,
  words: Words & PageWords,
  { html, joined, around, counted, turned, clockBeside, datedText }: Tools,
): Html {
  const { channel } = shown;
  const { server, basePath = '' } = setting;
  const { sinceYouLeft, whileOffline, close } = words;
  const held = new Set(shown.posts.map(({ id }) => id));
  // On another site, links use the full address, so that a post is found even if it is not loaded.
  const isHere = (id: string) => server === undefined && held.has(id);
  const address = (id: string) => (isHere(id) ? `#${postAnchor(id)}` : (server ?? basePath) + postPath(channel.id, id));
  const [newest] = [...posts].sort(([, one], [, other]) => other - one)[0] ?? [];
  const of = (withdrawn: boolean) => [...changed.values()].filter((named) => named.withdrawn === withdrawn);
  const names = (of: Named[]) => {
    const links = of.slice(0, mostNamed).map((named) => html`<a href="${address(named.id)}">${nameOf(named)}</a>`);
    return html`${joined(links, words.comma)}${of.length > mostNamed && ' …'}`;
  };
  const nameOf = ({ headline, publishedAt }: Named) =>
    headline === null
      ? words.postOf(datedText(publishedAt, setting))
      : turned(html`<bdi>${words.named(headline)}</bdi>`, setting);
  const items = [
    // If this page does not include the newest post, link to the channel's first page.
    newest !== undefined &&
      html`<a href="${isHere(newest) || server !== undefined ? address(newest) : basePath + channelPath(channel.id)}">${counted(words.newPosts, posts.size, setting)}</a>`,
    of(false).length > 0 && html`${counted(words.corrections, of(false).length, setting)}${words.colon}${names(of(false))}`,
    of(true).length > 0 && html`${counted(words.withdrawals, of(true).length, setting)}${words.colon}${names(of(true))}`,
  ].filter((item) => item !== false);
  const left = clockBeside(new Date(since).toISOString(), now, setting);
  return html`<div class="since-said"><p class="since-when">${around(cause === 'left' ? sinceYouLeft : whileOffline, left)}</p><ul>${items.map(
    (item) => html`<li>${item}</li>`,
  )}</ul></div><button type="button" class="since-close" aria-label="${close}">×</button>`;
}
