import type { Channel } from '../../src/protocol/model.ts';
import type { ReaderState } from '../lib/reader-types.ts';
import type { Words } from './i18n/words.ts';
import { directionOf } from './view/direction.ts';
import type { ConnectionTone } from './view/page/element-chrome.ts';
import { settingOf } from './view/page/page.ts';
import { numberText } from './view/wording/counts.ts';
import { textBeside, wordsOf } from './view/wording/time.ts';

/** The status in the page's bar: whether the page is live and as of when it is current. */
export class ConnectionStatus {
  readonly #element = document.getElementById('connection') as HTMLElement;
  readonly #text = document.getElementById('connection-text') as HTMLElement;

  get text(): string {
    return this.#text.textContent ?? '';
  }

  /** Whether the server is unreachable, or cannot reach its store. */
  get isWaiting(): boolean {
    return !navigator.onLine || this.#element.dataset.state === 'waiting';
  }

  /**
   * Shows "Live" or "Reconnecting, as of 14:05 UTC". `trueAt`: the time as of which the page is known to be current, RFC 3339.
   */
  show(state: ReaderState, channel: Channel, trueAt: string): void {
    const setting = settingOf(channel);
    const asOf = textBeside(trueAt, new Date().toISOString(), setting);
    const [tone, sentence] = connectionSentence(state, channel.state, asOf, wordsOf(setting));
    if (this.text !== sentence) this.#text.textContent = sentence;
    this.#element.dataset.state = tone;
    // For debugging and tests; not shown to readers.
    this.#element.dataset.transport = state.status === 'live' ? state.transport : '';
  }
}

type Ended = Extract<ReaderState, { status: 'ended' }>;

/**
 * Whether the posts may stay on the page: they are public, or the reader's token has only expired, so the reader was allowed to
 * read them.
 */
export function mayKeepShowing({ reason }: Ended, channel: Channel | undefined): boolean {
  return reason === 'expired' || (reason === 'revoked' && channel?.access === 'public');
}

/** Whether reading ended because the channel is for members only. */
export function isForMembers({ reason, problem }: Ended): boolean {
  return /missing|forbidden|revoked/.test(problem?.code ?? reason);
}

/** Describes the connection by a tone and a short sentence. `asOf`: the time as of which the page is current, as text. */
export function connectionSentence(
  state: ReaderState,
  channel: Channel['state'],
  asOf: string,
  words: Words,
): [ConnectionTone, string] {
  switch (state.status) {
    case 'live':
      if (state.asOf !== null) return ['waiting', words.heldUp(asOf)];
      return ['live', channel === 'live' ? words.live : words.upToDate];
    case 'catching-up':
      return ['waiting', words.connecting(asOf)];
    case 'offline':
      return ['waiting', navigator.onLine ? words.reconnecting(asOf) : words.offline(asOf)];
    case 'ended':
      return ['still', state.reason === 'gone' ? words.deleted : words.stopped(asOf)];
  }
}

/** Sets the document's title, with the number of unseen posts, and its language. */
export function updateDocument(channel: Channel, name: string, unseen: number): void {
  const title = unseen > 0 ? `(${numberText(unseen, channel)}) ${name}` : name;
  if (document.title !== title) document.title = title;
  document.documentElement.lang = channel.language;
  document.documentElement.dir = directionOf(channel.language);
}
