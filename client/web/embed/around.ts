import { html, nothing } from 'lit';
import { channelAddress, channelPath, onServer, postPath } from '../../../src/protocol/addresses.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import type { ReaderState } from '../../reader.ts';
import { reachedEnd, type Timeline } from '../../timeline.ts';
import { connectionSentence, type Tone } from '../status.ts';
import type { ElementWords, Words } from '../strings/words.ts';
import { correctionNotes } from '../view/changes.ts';
import { people } from '../view/links.ts';
import { settingOf } from '../view/page.ts';
import { type PostSetting, renderPost } from '../view/post.ts';
import { clockText, datedText } from '../view/time.ts';

/** Why nothing can be shown. */
export type Trouble = 'noChannel' | 'notFound' | 'forMembers' | 'notAdmitted' | 'refused' | 'deleted';

/** What there is to show around the posts. */
export interface Scene {
  words: Words & ElementWords;
  /** In which they are; undefined until they are there. */
  language: string | undefined;
  setting: PostSetting;
  server: string;
  timeline: Timeline | undefined;
  /** That of the timeline; where posts are for members, it is what anyone may know. */
  channel: Channel | undefined;
  state: ReaderState | undefined;
  /** As of when what is shown is known to be true. RFC 3339. */
  trueAt: string | undefined;
  trouble: Trouble | undefined;
}

/** The templates of what stands around the posts. */

export function statusLine(scene: Scene) {
  const { words, setting } = scene;
  const { channel } = scene.timeline ?? {};
  const [tone, said] = sentenceOf(scene);
  const badge = channel && { live: words.live, scheduled: words.scheduled, ended: words.ended }[channel.state];
  // The colour is for what is live here and now; that the coverage goes on is told without it.
  const isLive = tone === 'live' && channel?.state === 'live';
  // Beside "Live" as the channel's state, a connection that is well says nothing more.
  const shown = isLive ? '' : said;
  return html`<p class="status" part="status" data-state=${tone}>
    ${badge ? html`<span class=${isLive ? 'badge live' : 'badge'} part="badge">${badge}</span>` : nothing}
    <span class="connection" part="connection" data-state=${tone} ?hidden=${shown === ''}>${shown}</span>
    ${channel?.state === 'scheduled' && channel.startsAt ? html`<span>${words.begins(datedText(channel.startsAt, setting))}</span>` : nothing}
    ${channel?.state === 'ended' && channel.endedAt ? html`<span>${words.endedAt(datedText(channel.endedAt, setting))}</span>` : nothing}
  </p>`;
}

function sentenceOf({ words, language, setting, timeline, state, trueAt, trouble }: Scene): [Tone, string] {
  if (trouble !== undefined || language === undefined) return ['still', ''];
  if (timeline === undefined || state === undefined || trueAt === undefined) {
    const isOff = state?.status === 'offline' && !navigator.onLine;
    return ['waiting', isOff ? words.offline('–') : words.connectingFirst];
  }
  return connectionSentence(state, timeline.channel.state, clockText(trueAt, setting), words);
}

export function title({ channel, server }: Scene) {
  if (channel === undefined) return nothing;
  return html`<h2 class="title" part="title" lang=${channel.language} dir="auto">
      <a href=${channelAddress(channel, server)}>${channel.headline}</a>
    </h2>
    ${channel.standfirst ? html`<p class="standfirst" part="standfirst" lang=${channel.language} dir="auto">${channel.standfirst}</p>` : nothing}`;
}

/** In place of the posts. Members sign in on the server's own page. */
export function troubleLine({ words, server, trouble, channel }: Scene) {
  if (trouble === undefined) return nothing;
  const page = channel && html` <a href=${onServer(channelPath(channel.id), server)}>${words.openPage}</a>`;
  return html`<p class="trouble" part="trouble">${words[trouble]}${page}</p>`;
}

export function keyEventList({ words, setting, timeline, server }: Scene) {
  const { keyEvents = [], channel } = timeline ?? {};
  if (keyEvents.length === 0 || channel === undefined) return nothing;
  return html`<details class="key-events" part="key-events">
    <summary part="key-events-summary">${words.keyEvents} (${new Intl.NumberFormat(words.language).format(keyEvents.length)})</summary>
    <ol class="key-list" lang=${channel.language}>
      ${keyEvents.map(
        ({ id, headline, publishedAt }) => html`<li>
          <a href=${onServer(postPath(channel.id, id), server)}>
            <time datetime=${publishedAt}>${clockText(publishedAt, setting)}</time><bdi>${headline}</bdi>
          </a>
        </li>`,
      )}
    </ol>
  </details>`;
}

/** The ways on from a window of the coverage. `asking`: one of them is being gone. */
export interface Ways {
  asking: boolean;
  failed: boolean;
  newer(): void;
  newest(): void;
  older(): void;
}

/** Where the window does not reach the newest post. */
export function waysUp({ words, timeline }: Scene, { asking, newer, newest }: Ways) {
  if (timeline === undefined || timeline.ceiling === null) return nothing;
  return html`<p class="ways">
    <button class="way" part="button newer" type="button" aria-disabled=${asking} @click=${newer}>${words.newerPosts}</button>
    <button class="way" part="button newest" type="button" aria-disabled=${asking} @click=${newest}>${words.newestPosts}</button>
  </p>`;
}

export function waysDown({ words, timeline }: Scene, { asking, failed, older }: Ways) {
  if (timeline === undefined) return nothing;
  const button = html`<button class="way" part="button older" type="button" aria-disabled=${asking} @click=${older}>
    ${words.olderPosts}
  </button>`;
  return html`${reachedEnd(timeline) ? nothing : button}${failed ? html`<p class="trouble" role="alert">${words.olderFailed}</p>` : nothing}`;
}

// ---- Rendered as pages are, and put in where it changed

/** The pinned post, as it is in the list. */
export function pinnedMarkup({ words, setting, timeline }: Scene): string {
  const { channel, pinned } = timeline ?? {};
  if (!channel || !pinned) return '';
  return `<p class="label-line">${words.pinned}</p>${renderPost(pinned, { ...settingOf(channel), ...setting, place: 'pinned' }).text}`;
}

/** What was corrected in the headline and the standfirst, and who writes. */
export function notesMarkup({ words, setting, channel }: Scene): string {
  if (channel === undefined) return '';
  const notes = correctionNotes(channel.history, null, setting).text;
  if (channel.byline.length === 0) return notes;
  return `${notes}<p class="credits">${words.by(people(channel.byline, words.comma).text)}</p>`;
}
