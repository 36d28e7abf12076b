import type { Channel } from '../../src/protocol/model.ts';
import type { ReaderState } from '../lib/reader-types.ts';
import type { Words } from './i18n/words.ts';
import { numberText } from './view/counts.ts';
import { directionOf } from './view/direction.ts';
import { settingOf } from './view/page.ts';
import { textBeside, wordsOf } from './view/time.ts';

/** What the page tells about itself: whether it is live and as of when it is true, and its title. */
export class ConnectionStatus {
  readonly #element = document.getElementById('connection') as HTMLElement;
  readonly #text = document.getElementById('connection-text') as HTMLElement;

  get text(): string {
    return this.#text.textContent ?? '';
  }

  /** The server is out of reach, or its store is out of the server's. */
  get isWaiting(): boolean {
    return !navigator.onLine || this.#element.dataset.state === 'waiting';
  }

  /** Quiet, in the bar: "Live", "Reconnecting, as of 14:05 UTC". `trueAt`: as of when the page is known to be true, RFC 3339. */
  show(state: ReaderState, channel: Channel, trueAt: string): void {
    const setting = settingOf(channel);
    const asOf = textBeside(trueAt, new Date().toISOString(), setting);
    const [tone, said] = connectionSentence(state, channel.state, asOf, wordsOf(setting));
    if (this.text !== said) this.#text.textContent = said;
    this.#element.dataset.state = tone;
    // For whoever looks: readers are told nothing of it.
    this.#element.dataset.transport = state.status === 'live' ? state.transport : '';
  }
}

type Ended = Extract<ReaderState, { status: 'ended' }>;

/** Whether what is shown may stay: whose token ran out could read it, and what is public is for whoever had one, too. */
export function mayKeepShowing({ reason }: Ended, channel: Channel | undefined): boolean {
  return reason === 'expired' || (reason === 'revoked' && channel?.access === 'public');
}

/** Whether nothing more is to be had as the posts are for members, said at once or to who asked for them again. */
export function isForMembers({ reason, problem }: Ended): boolean {
  return /missing|forbidden|revoked/.test(problem?.code ?? reason);
}

export type ConnectionTone = 'live' | 'waiting' | 'still';

/** Whether what is shown is live, in a few words. `asOf`: as of when it is known to be true, as the reader is told it. */
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

/** The title, with the number of posts that were not seen, and the language of the page. */
export function updateDocument(channel: Channel, name: string, unseen: number): void {
  const title = unseen > 0 ? `(${numberText(unseen, channel)}) ${name}` : name;
  if (document.title !== title) document.title = title;
  document.documentElement.lang = channel.language;
  document.documentElement.dir = directionOf(channel.language);
}
