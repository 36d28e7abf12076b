import type { Channel, Event, ReaderPost } from '../../../src/protocol/model.ts';
import { LiveReader } from '../../lib/live-reader.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline.ts';
import { isForMembers, mayStay } from '../connection-status.ts';
import { sessionUse } from '../session-keepalive.ts';
import { admissionTo, channelOn } from './admission.ts';
import type { Trouble } from './element-chrome.ts';

/** What is followed. */
export interface Subject {
  /** `https://live.example.org`. */
  server: string;
  /** The id of a channel; without one there is nothing to follow. */
  channel: string | null;
  /** Posts to begin with; the server's default where it is none from 1 to 100. */
  limit: number | null;
}

/** Of the connection; ended for the reason `origin` where the server does not admit the page. */
export type StateTold = ReaderState | { status: 'ended'; reason: 'origin'; problem: undefined };

/** Who is told what happens. */
export interface Audience {
  /** `before`: the post as it was held until then. */
  event(event: Event, before: ReaderPost | undefined): void;
  /** What comes next is another history. */
  reset(): void;
  timeline(timeline: Timeline): void;
  state(state: StateTold): void;
  /** There is something else to say around the posts. */
  changed(): void;
  /** Nothing of the channel may be shown any more. */
  ended(why: Trouble): void;
}

/** Pages that were told that their origin is not admitted, by server: once is enough, however many elements there are. */
const toldOf = new Set<string>();

/** A channel as it is followed on somebody's page: what is known of it, how the connection is, or why there is nothing to show. */
export class Following {
  readonly subject: Subject;
  readonly #audience: Audience;
  readonly #useSession: (() => void) | undefined;
  #client: LiveReader | undefined;
  #timeline: Timeline | undefined;
  /** As of when the timeline is known to be true, while it is closed. */
  #trueAt: string | undefined;
  #trouble: Trouble | undefined;
  #about: Channel | undefined;

  constructor(subject: Subject, audience: Audience) {
    this.subject = subject;
    this.#audience = audience;
    const { server } = subject;
    // A page of the server itself reads with its reader's session.
    if (self === top && new URL(server).origin === location.origin) {
      this.#useSession = sessionUse(server, () => this.state?.status === 'live');
    }
  }

  /** Undefined while it is closed. */
  get client(): LiveReader | undefined {
    return this.#client;
  }

  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  get state(): ReaderState | undefined {
    return this.#client?.state;
  }

  /** As of when the timeline is known to be true. RFC 3339. */
  get trueAt(): string | undefined {
    return this.#client?.trueAt;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Where its posts are for members, what anyone may know of it. */
  get about(): Channel | undefined {
    return this.#about;
  }

  get channel(): Channel | undefined {
    return this.#timeline?.channel ?? this.#about;
  }

  /** Goes on from what it held when it was closed. Nothing happens where it is open, or has found that there is nothing to follow. */
  open(): void {
    if (this.#client !== undefined || this.#trouble !== undefined) return;
    const { server, channel, limit } = this.subject;
    if (!channel) return this.#end('noChannel');
    const client = new LiveReader({
      url: server,
      channelId: channel,
      timeline: this.#timeline,
      // A page around a frame must not be shown what its reader may see.
      ...(self !== top && { session: false }),
      asOf: this.#trueAt,
      ...(limit !== null && limit >= 1 && limit <= 100 && { limit: Math.floor(limit) }),
    });
    this.#client = client;
    client.on('reset', () => this.#audience.reset());
    client.on('event', (...told) => this.#audience.event(...told));
    client.on('timeline', (timeline) => {
      this.#timeline = timeline;
      this.#audience.timeline(timeline);
    });
    client.on('state', (state) => this.#onState(client, state));
    client.open();
    this.#audience.changed();
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
    if (state.status === 'offline' && this.#timeline === undefined) void this.#askWhy(client);
    if (state.status === 'ended' && !mayStay(state, this.#timeline?.channel)) this.#end(troubleOf(state));
    this.#useSession?.();
    this.#audience.state(state);
    this.#audience.changed();
  }

  /** No answer ever came: is it the network, or does the server not admit this page? */
  async #askWhy(client: LiveReader): Promise<void> {
    const { server } = this.subject;
    const admission = await admissionTo(server, client.channelId);
    if (client !== this.#client || this.#timeline !== undefined || admission !== 'not-admitted') return;
    this.close();
    this.#end('notAdmitted');
    this.#audience.state({ status: 'ended', reason: 'origin', problem: undefined });
    if (toldOf.has(server)) return;
    toldOf.add(server);
    console.error(
      `<pressbox-live>: ${server} does not admit pages of ${location.origin}. Whoever runs it names them in PRESSBOX_ORIGINS.`,
    );
  }

  /** Members' posts may not stay either once the server says that they may not be read. */
  #end(trouble: Trouble): void {
    this.#timeline = undefined;
    this.#trouble = trouble;
    if (trouble === 'forMembers' && this.#client) void this.#introduce(this.#client);
    this.#audience.ended(trouble);
    this.#audience.changed();
  }

  /** What a coverage for members is about is no secret. */
  async #introduce(client: LiveReader): Promise<void> {
    const about = await channelOn(this.subject.server, client.channelId);
    if (client !== this.#client || this.#trouble !== 'forMembers') return;
    this.#about = about;
    this.#audience.changed();
  }
}

function troubleOf(state: Extract<ReaderState, { status: 'ended' }>): Trouble {
  const { reason, problem } = state;
  if (reason === 'gone' || problem?.code === 'channel-deleted') return 'deleted';
  if (isForMembers(state)) return 'forMembers';
  if (problem?.code === 'not-found') return 'notFound';
  return 'refused';
}
