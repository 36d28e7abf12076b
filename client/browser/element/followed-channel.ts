import type { Channel, Event, ReaderPost } from '../../../src/protocol/model.ts';
import { LiveReader } from '../../lib/live-reader.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import { fromSnapshot } from '../../lib/timeline/timeline.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { connectionSentence, isForMembers, mayKeepShowing } from '../connection-status.ts';
import type { ElementWords, Words } from '../i18n/words.ts';
import { sessionKeepalive } from '../session-keepalive.ts';
import type { FragmentData } from '../view/data.ts';
import type { ConnectionTone, UnavailableReason } from '../view/page/element-chrome.ts';
import { type Setting, textBeside } from '../view/wording/time.ts';

/** The channel to follow. */
export interface FollowTarget {
  /** `https://live.example.org`. */
  server: string;
  /** The channel's id. Null: nothing to follow. */
  channel: string | null;
  /** Number of posts to begin with. Anything outside 1 to 100 means the server's default. */
  limit: number | null;
}

/** The state of the connection. Also `ended` with reason `origin` if the server does not admit the page. */
export type ElementState = ReaderState | { status: 'ended'; reason: 'origin'; problem: undefined };

/** Callbacks of a followed channel. */
export interface FollowedChannelCallbacks {
  /** `before`: the post as the client had it before this event. */
  event(event: Event, before: ReaderPost | undefined): void;
  /** The next timeline belongs to another history. */
  reset(): void;
  timeline(timeline: Timeline): void;
  state(state: ElementState): void;
  /** Something around the posts changed, such as the state of the connection. */
  changed(): void;
  /** Nothing of the channel may be shown from now on. */
  ended(why: UnavailableReason): void;
}

/** A channel followed by an element: its timeline, the state of the connection, or why nothing can be shown. */
export class FollowedChannel {
  readonly target: FollowTarget;
  readonly #callbacks: FollowedChannelCallbacks;
  readonly #keepSession: (() => void) | undefined;
  #client: LiveReader | undefined;
  #timeline: Timeline | undefined;
  /** The timeline was current as of this time when following was closed. */
  #trueAt: string | undefined;
  #unavailableReason: UnavailableReason | undefined;
  #publicChannel: Channel | undefined;
  /** Nothing was heard since the fragment of the server, which says as of when it is current. */
  #isFragment = false;

  /** `fragment`: continue from what the server rendered, if it is of the same channel. */
  constructor(target: FollowTarget, callbacks: FollowedChannelCallbacks, fragment: FragmentData | undefined) {
    this.target = target;
    this.#callbacks = callbacks;
    const { server } = target;
    if (fragment && fragment.snapshot.channel.id === target.channel) {
      this.#timeline = fromSnapshot(fragment.snapshot, fragment.offset);
      this.#trueAt = fragment.at;
      this.#isFragment = true;
    }
    // On a page of the server itself, the element uses the reader's session.
    if (self === top && new URL(server).origin === location.origin) {
      this.#keepSession = sessionKeepalive(server, () => this.state?.status === 'live');
    }
  }

  /** Undefined while closed. */
  get client(): LiveReader | undefined {
    return this.#client;
  }

  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  get state(): ReaderState | undefined {
    return this.#client?.state;
  }

  /** The timeline is known to be current as of this time. RFC 3339. */
  get trueAt(): string | undefined {
    return this.#client?.trueAt;
  }

  get unavailableReason(): UnavailableReason | undefined {
    return this.#unavailableReason;
  }

  /** The public data of a channel whose posts are for members. */
  get publicChannel(): Channel | undefined {
    return this.#publicChannel;
  }

  get channel(): Channel | undefined {
    return this.#timeline?.channel ?? this.#publicChannel;
  }

  /** Whether the channel is live, as a tone and a short sentence. */
  connection(words: Words & ElementWords, setting: Setting): [ConnectionTone, string] {
    const { state, trueAt } = this;
    if (this.#unavailableReason !== undefined || this.#isFragment) return ['still', ''];
    if (this.#timeline === undefined || state === undefined || trueAt === undefined) {
      const isOff = state?.status === 'offline' && !navigator.onLine;
      return ['waiting', isOff ? words.offline('–') : words.connectingFirst];
    }
    return connectionSentence(state, this.#timeline.channel.state, textBeside(trueAt, new Date().toISOString(), setting), words);
  }

  /** Resumes from the last timeline. Does nothing if already open or if there is nothing to follow. */
  open(): void {
    if (this.#client !== undefined || this.#unavailableReason !== undefined) return;
    const { server, channel, limit } = this.target;
    if (!channel) return this.#stopFollowing('noChannel');
    const client = new LiveReader({
      url: server,
      channelId: channel,
      timeline: this.#timeline,
      // In a frame, read without the reader's session: a host page must not show what only its reader may see.
      ...(self !== top && { session: false }),
      asOf: this.#trueAt,
      ...(limit !== null && limit >= 1 && limit <= 100 && { limit: Math.floor(limit) }),
    });
    this.#client = client;
    client.on('reset', () => this.#callbacks.reset());
    client.on('event', (...told) => this.#callbacks.event(...told));
    client.on('timeline', (timeline) => {
      this.#timeline = timeline;
      this.#callbacks.timeline(timeline);
    });
    client.on('state', (state) => this.#onState(client, state));
    client.open();
    this.#callbacks.changed();
  }

  close(): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#trueAt = client.trueAt;
    client.close();
  }

  #onState(client: LiveReader, state: ReaderState): void {
    if (client !== this.#client) return;
    this.#isFragment &&= state.status === 'catching-up';
    if (state.status === 'offline' && this.#timeline === undefined) void this.#checkAdmission(client);
    if (state.status === 'ended' && !mayKeepShowing(state, this.#timeline?.channel))
      this.#stopFollowing(unavailableReasonOf(state));
    this.#keepSession?.();
    this.#callbacks.state(state);
    this.#callbacks.changed();
  }

  /** Finds out why there was never an answer: the network, or a server that does not admit this page. */
  async #checkAdmission({ channelId }: LiveReader): Promise<void> {
    const isRefused = await this.#ask(({ isNotAdmitted }) => isNotAdmitted(this.target.server, channelId));
    if (!isRefused || this.#timeline !== undefined) return;
    this.close();
    this.#stopFollowing('notAdmitted');
    this.#callbacks.state({ status: 'ended', reason: 'origin', problem: undefined });
  }

  /** Stops following and reports why. Posts that are already shown must then be removed too. */
  #stopFollowing(unavailableReason: UnavailableReason): void {
    this.#timeline = undefined;
    this.#unavailableReason = unavailableReason;
    if (unavailableReason === 'forMembers' && this.#client) void this.#loadPublicChannel(this.#client);
    this.#callbacks.ended(unavailableReason);
    this.#callbacks.changed();
  }

  /** Loads the public data of a channel for members. */
  async #loadPublicChannel({ channelId }: LiveReader): Promise<void> {
    const publicChannel = await this.#ask(({ fetchPublicChannel }) => fetchPublicChannel(this.target.server, channelId));
    if (this.#unavailableReason !== 'forMembers') return;
    this.#publicChannel = publicChannel;
    this.#callbacks.changed();
  }

  /** Undefined if the answer cannot be loaded, or comes after this channel was closed or opened again. */
  async #ask<T>(question: (part: typeof import('./admission.ts')) => Promise<T>): Promise<T | undefined> {
    const client = this.#client;
    const answer = await import('./admission.ts').then(question).catch(() => undefined);
    return client === this.#client ? answer : undefined;
  }
}

function unavailableReasonOf(state: Extract<ReaderState, { status: 'ended' }>): UnavailableReason {
  const { reason, problem } = state;
  if (reason === 'gone' || problem?.code === 'channel-deleted') return 'deleted';
  if (isForMembers(state)) return 'forMembers';
  if (problem?.code === 'not-found') return 'notFound';
  return 'refused';
}
