import { channelPath, onServer, postAnchor, postPath } from '../../../src/protocol/addresses.ts';
import type { Channel, ReaderPost } from '../../../src/protocol/model.ts';
import { counted } from './counts.ts';
import { turned } from './direction.ts';
import { type Html, html, joined } from './html.ts';
import { settingOf } from './page.ts';
import { clockBeside, datedText, type Setting, wordsOf } from './time.ts';
import { around, pageWordsOf } from './wording.ts';

/** `offline`: they stayed, and it was the connection that left. */
export type Cause = 'left' | 'offline';

/** A post that was corrected or withdrawn after it was read: what of it names it. */
export interface Named {
  id: string;
  headline: string | null;
  publishedAt: string;
  withdrawn: boolean;
}

/** What the line tells, until it was read. */
export interface Line {
  cause: Cause;
  /** Milliseconds since 1970. */
  since: number;
  /** The `seq` of each new post, by its id. */
  posts: ReadonlyMap<string, number>;
  changed: ReadonlyMap<string, Named>;
}

/** Names in a row; of more there is the number. */
const mostNamed = 5;

/** "Since you left, 14:05 UTC: 3 new posts; 1 correction: “The bridge is shut”", each a way to it. `now`: RFC 3339. `more`: beyond the channel's own setting. */
export function renderSince(
  { cause, since, posts, changed }: Line,
  shown: { channel: Channel; posts: readonly ReaderPost[] },
  now: string,
  more: Partial<Setting> = {},
): Html {
  const { channel } = shown;
  const setting = { ...settingOf(channel), ...more };
  const { server = '' } = setting;
  const words = wordsOf(setting);
  const { sinceYouLeft, whileOffline, close } = pageWordsOf(setting);
  const held = new Set(shown.posts.map(({ id }) => id));
  // In a page of others each post has its whole address, by which it is found wherever it is.
  const isHere = (id: string) => server === '' && held.has(id);
  const address = (id: string) => (isHere(id) ? `#${postAnchor(id)}` : onServer(postPath(channel.id, id), server));
  const [newest] = [...posts].sort(([, one], [, other]) => other - one)[0] ?? [];
  const of = (withdrawn: boolean) => [...changed.values()].filter((named) => named.withdrawn === withdrawn);
  const names = (of: Named[]) => {
    const links = of.slice(0, mostNamed).map((named) => html`<a href="${address(named.id)}">${nameOf(named)}</a>`);
    return html`${joined(links, words.comma)}${of.length > mostNamed && ' …'}`;
  };
  const nameOf = ({ headline, publishedAt }: Named) =>
    headline === null
      ? pageWordsOf(setting).postOf(datedText(publishedAt, setting))
      : turned(html`<bdi>${words.named(headline)}</bdi>`, setting);
  const items = [
    // On a page that does not reach the newest they are on another one.
    newest !== undefined &&
      html`<a href="${isHere(newest) || server !== '' ? address(newest) : channelPath(channel.id)}">${counted(words.newPosts, posts.size, setting)}</a>`,
    of(false).length > 0 && html`${counted(words.corrections, of(false).length, setting)}${words.colon}${names(of(false))}`,
    of(true).length > 0 && html`${counted(words.withdrawals, of(true).length, setting)}${words.colon}${names(of(true))}`,
  ].filter((item) => item !== false);
  const left = clockBeside(new Date(since).toISOString(), now, setting);
  return html`<div class="since-said"><p class="since-when">${around(cause === 'left' ? sinceYouLeft : whileOffline, left)}</p><ul>${items.map(
    (item) => html`<li>${item}</li>`,
  )}</ul></div><button type="button" class="since-close" aria-label="${close}">×</button>`;
}
