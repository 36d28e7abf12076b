import { backoffMs } from '../../../client/lib/backoff.ts';
import { CursorHistory } from '../../../client/lib/cursor-history.ts';
import { isTransient } from '../../../client/lib/http.ts';
import { applyCatchUp, applyEvent } from '../../../client/lib/timeline/timeline.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import { applyPage, olderPage, type Page, type PageAsk } from '../../../client/lib/timeline/timeline-pages.ts';
import { parseCursor } from '../../../src/protocol/cursor.ts';
import { type FollowInput, type FollowResult, follow, startFollowing } from '../../../src/protocol/gap-algorithm.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import { type Problem, Refusal } from '../../../src/protocol/problems.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import { Link } from './link.ts';
import type { ServerSocket, SimNode, Told } from './node.ts';
import type { Setting } from './setting.ts';
import type { Held, Witness } from './witness.ts';

/**
 * A client of one channel: the real gap algorithm and timeline, combined as in `client/lib/follower.ts` and
 * `client/lib/reader-client.ts`, over a simulated link. It moves between nodes with its cursor. A polling client sends HTTP
 * requests instead, each to a different node.
 */
const asking = { initialMs: 200, maxMs: 1_000 };

export class SimReader {
  readonly id: string;
  polls: boolean;
  /** The owner of the reader’s token. */
  readonly who: Principal | undefined;
  timeline: Timeline | undefined;
  /** Counts subscribes and polls, to check that they end. */
  asked = 0;
  /** The reason of the last final refusal, unless it was answered since. */
  ended: string | undefined;
  /** The number of final refusals. */
  ends = 0;
  /** When it subscribed or polled last. */
  askedAt = 0;
  socket: ServerSocket | undefined;
  node: SimNode | undefined;
  readonly #setting: Setting;
  readonly #witness: Witness;
  readonly #link: Link<Told>;
  #following = startFollowing();
  readonly #trail = new CursorHistory();
  /** Pages that are ahead of this reader. */
  #ahead: { page: Page; ask: PageAsk }[] = [];
  /** Counts connections, so that messages of an earlier one are ignored. */
  #links = 0;
  #failures = 0;
  /** Counts fresh starts. */
  #lives = 0;
  /** The timeline that was saved at the last fresh start, with what the witness knew of it. */
  #kept: { timeline: Timeline; known: Held } | undefined;
  #endPause: () => void = () => {};

  constructor(id: string, polls: boolean, who: Principal | undefined, setting: Setting, witness: Witness) {
    this.id = id;
    this.polls = polls;
    this.who = who;
    this.#setting = setting;
    this.#witness = witness;
    this.#link = new Link(setting.random, setting.scheduler, setting.clientChances, (told) => this.#onTold(told));
  }

  get isSpoiled(): boolean {
    return this.#link.isSpoiled || this.#link.isDeaf;
  }

  /** Connects to a random live node, and retries until one accepts. */
  open(): void {
    this.#links += 1;
    const links = this.#links;
    const { random, scheduler, nodes } = this.#setting;
    if (this.polls) return this.#poll(links);
    scheduler.later(random.between(5, 300), () => {
      if (links !== this.#links) return;
      const open = nodes.filter((node) => node.isUp && !node.isDraining);
      if (open.length === 0) return this.open();
      const node = random.pick(open);
      const hungUp = () =>
        scheduler.later(this.#setting.delay(), () => {
          if (links === this.#links) this.#onDown();
        });
      this.#link.cut();
      this.node = node;
      this.socket = node.connect(
        this.who,
        (told) => {
          if (links === this.#links) this.#link.send(told, told.type !== 'event');
        },
        { handed: (told) => this.#witness.handed(this, node, told) },
        hungUp,
      );
      this.#setting.trace?.(`${this.id} connects to ${node.id}`);
      this.#giveUpRead();
      this.#hear({ type: this.#following.waiting ? 'retry' : 'maybe-missed' });
    });
  }

  /** Ends the connection and opens another. */
  cut(): void {
    this.socket?.cut();
    this.#onDown();
  }

  deafen(): void {
    this.#link.isDeaf = true;
  }

  /** Changes between socket and polling. */
  changeWay(): void {
    this.socket?.cut();
    this.polls = !this.polls;
    this.#onDown();
  }

  /** Starts fresh, without any state. */
  forget(): void {
    this.#beginWith(undefined);
    this.#witness.forgets(this);
  }

  /** Starts with the timeline saved at the last fresh start, which may be old, and saves the current one. */
  comeBack(): void {
    const { timeline } = this;
    const known = this.#witness.knownOf(this);
    const kept = this.#kept;
    this.#kept = timeline && known && { timeline, known };
    this.#beginWith(kept?.timeline);
    if (kept === undefined) this.#witness.forgets(this);
    else this.#witness.restores(this, kept.known);
  }

  #beginWith(timeline: Timeline | undefined): void {
    this.#lives += 1;
    this.timeline = timeline;
    const place = timeline && { offset: timeline.offset, check: timeline.cursor };
    this.#following = { ...startFollowing(place), reads: this.#following.reads };
    this.#trail.clear();
    if (place !== undefined) this.#trail.add(place);
    this.#ahead = [];
    if (this.polls) this.open();
    else this.cut();
  }

  /** Requests the posts below its window from a node. The answer may be late. */
  async page(node: SimNode): Promise<void> {
    const { timeline } = this;
    const ask = timeline && olderPage(timeline);
    const lives = this.#lives;
    if (ask === undefined || !('before' in ask)) return;
    const page = await node.page(this.who, ask.before).catch(() => undefined);
    if (page === undefined || !node.isUp) return;
    this.#witness.handedPage(this, node, page);
    this.#setting.scheduler.later(this.#setting.delay() * 4, () => {
      if (this.timeline === undefined || lives !== this.#lives) return;
      this.#takePage(page, ask);
    });
  }

  /**
   * Drops a page that may be of another history, where a real client would ask the journal. The reader requests the page again
   * another time.
   */
  #takePage(page: Page, ask: PageAsk): void {
    const found = this.#trail.locate(page.cursor);
    if (found === 'ahead') this.#ahead.push({ page, ask });
    if (found !== 'here' || this.timeline === undefined) return;
    this.#witness.pages(this, page.cursor);
    this.#show(applyPage(this.timeline, page, ask));
  }

  // ---- On the connection

  #onDown(): void {
    this.#links += 1;
    this.#link.cut();
    this.socket = undefined;
    this.node = undefined;
    this.#giveUpRead();
    this.open();
  }

  #giveUpRead(): void {
    this.#endPause();
    if (this.#following.read !== 0)
      this.#following = follow(this.#following, { type: 'failed', read: this.#following.read }).state;
  }

  #onTold(told: Told): void {
    switch (told.type) {
      case 'event':
        return this.#onEvent(told.event);
      case 'drain': {
        const links = this.#links;
        this.#setting.scheduler.later(this.#setting.random.between(0, told.withinMs), () => {
          if (links === this.#links) this.cut();
        });
        return;
      }
      case 'unsubscribed':
        this.#setting.trace?.(`${this.id} is unsubscribed: ${told.reason}`);
        if (told.reason === 'gone' || told.reason === 'forbidden') return this.#end(told.reason);
        return this.#hear({ type: 'maybe-missed' });
      case 'answer':
        this.#setting.trace?.(`${this.id} is answered (${told.number}) ${told.said.ok ? told.said.cursor : ''}`);
        if (told.number !== this.#following.read) return;
        if (told.said.ok) return this.#onCatchUp(told.number, told.said);
        return this.#onRefusal(told.number, told.said.problem);
    }
  }

  #onEvent(event: Event): void {
    const { place, read } = this.#following;
    if (this.timeline === undefined || place === undefined) return;
    if (read !== 0 && event.from > place.offset + 1) return;
    const step = { from: event.from, offset: event.offset, check: event.cursor };
    const followed = this.#advance({ type: 'step', step });
    if (followed.verdict === 'deliver') {
      this.#witness.applies(this, event);
      this.#show(applyEvent(this.timeline, event));
    }
    this.#act(followed);
  }

  // ---- The gap algorithm

  #hear(heard: FollowInput): void {
    this.#act(this.#advance(heard));
  }

  #advance(heard: FollowInput): FollowResult {
    const followed = follow(this.#following, heard);
    const { place } = followed.state;
    if (place !== undefined && place !== this.#following.place) this.#trail.add(place);
    this.#following = followed.state;
    return followed;
  }

  #act({ read }: FollowResult): void {
    if (read === undefined) return;
    this.asked += 1;
    this.askedAt = this.#setting.scheduler.now;
    const { socket } = this;
    const { scheduler, chances } = this.#setting;
    const after = read.after?.check;
    if (this.polls) return void this.#ask(read.number, after);
    if (socket === undefined) return this.#pauseAfter(read.number);
    const links = this.#links;
    this.#setting.trace?.(`${this.id} subscribes (${read.number}) after ${after?.slice(-6)}`);
    scheduler.later(this.#setting.delay(), () => {
      if (links === this.#links) socket.hearSubscribe(read.number, after, chances.snapshot);
    });
    this.#endPause();
    this.#endPause = scheduler.later(4_000, () => {
      if (links === this.#links && this.#following.read === read.number) this.cut();
    });
  }

  #onCatchUp(read: number, catchUp: CatchUp): void {
    const { to } = catchUp.covers;
    const reset = catchUp.mode === 'snapshot';
    if (catchUp.more && !reset && to <= (this.#following.place?.offset ?? -1)) return this.#pauseAfter(read);
    this.#failures = 0;
    this.ended = undefined;
    const place = { offset: to, check: catchUp.cursor };
    if (reset) this.#trail.clear();
    const followed = this.#advance({ type: 'answer', answer: { read, to: place, reset, more: catchUp.more } });
    if (followed.verdict === 'take') {
      this.#witness.takes(this, catchUp);
      const next = applyCatchUp(this.timeline, catchUp);
      if (next !== undefined) this.#show(next);
    }
    this.#act(followed);
  }

  #pauseAfter(read: number): void {
    this.#hear({ type: 'failed', read });
    if (!this.polls && this.socket === undefined) return;
    this.#failures += 1;
    const ms = backoffMs(this.#failures, this.#setting.random.fraction(), asking);
    this.#endPause();
    this.#endPause = this.#setting.scheduler.later(ms, () => this.#hear({ type: 'retry' }));
  }

  #onRefusal(read: number, problem: Problem): void {
    this.#setting.trace?.(`${this.id} is refused: ${problem.code}`);
    if (isTransient(problem)) return this.#pauseAfter(read);
    this.#hear({ type: 'failed', read });
    this.#end(problem.code);
  }

  /** The client would stop here. Somebody opens the page again later. */
  #end(why: string): void {
    this.ended = why;
    this.ends += 1;
    this.#endPause();
    this.#endPause = this.#setting.scheduler.later(this.#setting.random.between(300, 900), () =>
      this.#hear({ type: this.#following.waiting ? 'retry' : 'maybe-missed' }),
    );
  }

  #show(timeline: Timeline): void {
    this.timeline = timeline;
    this.#witness.shows(this, timeline);
    const ahead = this.#ahead;
    this.#ahead = [];
    for (const { page, ask } of ahead) this.#takePage(page, ask);
  }

  // ---- By HTTP

  #poll(links: number): void {
    this.#setting.scheduler.later(this.#setting.random.between(100, 900), () => {
      if (links !== this.#links) return;
      if (this.#following.read === 0) this.#hear({ type: this.#following.waiting ? 'retry' : 'maybe-missed' });
      this.#poll(links);
    });
  }

  async #ask(read: number, after: string | undefined): Promise<void> {
    const { nodes, random, scheduler } = this.#setting;
    const { askedAt } = this;
    const open = nodes.filter((node) => node.isUp);
    this.#setting.trace?.(`${this.id} polls read ${read}`);
    const node = open.length > 0 ? random.pick(open) : undefined;
    this.#endPause();
    // A node that ended never answers.
    this.#endPause = scheduler.later(1_200, () => this.#pauseAfter(read));
    const position = after === undefined ? undefined : parseCursor(after);
    const failed = () => read === this.#following.read && this.#pauseAfter(read);
    try {
      const encoded = await node?.poll(this.who, position);
      if (encoded === undefined || !node?.isUp) return void failed();
      const catchUp = JSON.parse(encoded.json) as CatchUp;
      this.#witness.handed(this, node, { type: 'answer', number: read, said: { ok: true, ...catchUp } });
      scheduler.later(this.#setting.delay(), () => {
        if (read !== this.#following.read) return;
        this.#endPause();
        this.#onCatchUp(read, catchUp);
      });
    } catch (error) {
      this.#setting.trace?.(`${this.id} is refused by ${node?.id}: ${error}`);
      if (!(error instanceof Refusal)) return void failed();
      if (node !== undefined) this.#witness.refuses(this, node, error.problem, askedAt);
      if (read === this.#following.read) this.#onRefusal(read, error.problem);
    }
  }
}
