import type { CatchUp, Event } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { asking, pauseMs } from './backoff.ts';
import { askedToWaitMs, type Http, mayHelpToRepeat, NotPressbox, ProblemError, pause } from './http.ts';
import { answerOf } from './transports/link.ts';

/**
 * For a reader who comes back with a cursor but holds nothing. The timeline begins with a snapshot, as of some offset; what changed
 * between the cursor and that offset is asked for here and told first, then what came meanwhile. So each event is told once and in order.
 */
export interface Told {
  event(event: Event): void;
  /** The cursor is not of the channel's history: nothing can be said about what was missed. `problem`: the server refused it. */
  reset(problem: Problem | undefined): void;
  done(): void;
}

/** The server does not know such a cursor, or refuses otherwise. */
interface NotAnswered {
  mode: 'refused';
  problem: Problem;
}

export class Backlog {
  /** Everything up to here was told. */
  cursor: string;
  readonly #path: string;
  readonly #http: Http;
  readonly #random: () => number;
  readonly #told: Told;
  readonly #stop = new AbortController();
  /** Events of the live timeline that wait, the latest of each post and of the channel. */
  readonly #waiting = new Map<string, Event>();
  #begun = false;
  #abandoned = false;

  constructor(channelId: string, cursor: string, http: Http, random: () => number, told: Told) {
    this.cursor = cursor;
    this.#path = `/v1/channels/${encodeURIComponent(channelId)}/events`;
    this.#http = http;
    this.#random = random;
    this.#told = told;
  }

  /** The snapshot was answered for this offset. */
  begin(through: number): void {
    if (this.#begun) return;
    this.#begun = true;
    void this.#run(through).catch(() => this.#finish());
  }

  queue(event: Event): void {
    const key = 'post' in event ? event.post.id : event.type;
    this.#waiting.delete(key);
    this.#waiting.set(key, event);
  }

  /** Tells nothing more, and stays where it is. */
  abandon(): void {
    this.#stop.abort();
    this.#waiting.clear();
    this.#abandoned = true;
  }

  async #run(through: number): Promise<void> {
    let reached = 0;
    /** Answers in a row that came no nearer. */
    let attempt = 0;
    for (let more = true; more; ) {
      const answer = await this.#ask();
      if (this.#stop.signal.aborted) return;
      if (answer.mode !== 'replay') {
        this.#told.reset(answer.mode === 'refused' ? answer.problem : undefined);
        break;
      }
      const { to } = answer.covers;
      reached = Math.max(reached, answer.covers.after);
      // What lies beyond the snapshot comes by itself.
      for (const event of answer.events) if (event.offset > reached && event.offset <= through) this.#tell(event);
      if (this.#stop.signal.aborted) return;
      this.cursor = answer.cursor;
      more = to < through;
      // More to come, and not a step nearer to it, as from a node that is behind: asked again at once, it would go on for ever.
      if (to > reached) attempt = 0;
      else if (more) await pause(pauseMs(attempt++, this.#random(), asking), this.#stop.signal);
      reached = Math.max(reached, to);
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const event of this.#waiting.values()) this.#tell(event);
    if (!this.#abandoned) this.#told.done();
  }

  /** Unless a listener of one before it had the reader closed. */
  #tell(event: Event): void {
    if (this.#abandoned) return;
    this.cursor = event.cursor;
    this.#told.event(event);
  }

  async #ask(): Promise<CatchUp | NotAnswered> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { body } = await this.#http.get(`${this.#path}?after=${encodeURIComponent(this.cursor)}`, this.#stop.signal);
        const said = answerOf(body);
        if (said?.ok !== true) throw new NotPressbox('status 200');
        return said;
      } catch (error) {
        const passes = mayHelpToRepeat(error);
        if (!passes && error instanceof ProblemError) return { mode: 'refused', problem: error.problem };
        // The server is there, as it gave the snapshot: what answered in its place will not always do so.
        await pause(pauseMs(attempt, this.#random(), asking, passes ? askedToWaitMs(error) : 0), this.#stop.signal);
      }
    }
  }
}
