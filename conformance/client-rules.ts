import type { AuthorPost, CatchUp, Event, ReaderPost } from '../src/protocol/model.ts';
import { must } from './assertions.ts';
import { CaseContext } from './case-context.ts';
import { type ReaderSocket, ServerUnderTest } from './server-under-test.ts';

/**
 * The rules for clients as scenarios, for the tests of a client in any language. A scenario has messages of a real server, in an
 * order in which a bad network could deliver them, and the state that a client must hold afterwards. `recordClientRules` records
 * the scenarios from a server. `client-rules.json` contains the latest recording.
 */
export interface Scenario {
  name: string;
  rule: string;
  steps: ScenarioStep[];
}

export type ScenarioStep =
  /** The answer to a subscribe or a poll, or the beginning of a stream. */
  | { catchUp: CatchUp }
  /** An event, and what the client does with it. */
  | { event: unknown; does: 'apply' | 'ignore' | 'subscribe-again' }
  /** The client requests older posts. The name identifies the answer, which can arrive late. */
  | { ask: string; before: number }
  | { answer: string; page: Page }
  /** The answer to a GET of one post. */
  | { post: ReaderPost }
  /** The request that the client must now make in addition to its events. */
  | { mustAsk: { post: string } | 'summary' }
  /**
   * The answer to a request for the summary: posts of kind `summary`, newest first, below the lowest one that is known to be no
   * longer the summary.
   */
  | { summaries: Page }
  | { holds: HeldState };

interface Page {
  posts: ReaderPost[];
  cursor: string;
  more: boolean;
}

/** The state that a client holds. Posts are newest first, including tombstones. */
export interface HeldState {
  offset: number;
  cursor: string;
  posts: { id: string; revision: number; status: string; headline: string | null }[];
  pinned: string | null;
  summary: string | null;
  keyEvents: string[];
}

export async function recordClientRules(options: { url: string; token: string; newId: () => string; signal: AbortSignal }) {
  const context = new CaseContext(new ServerUnderTest(options), options.newId);
  const scenarios: Scenario[] = [];
  for (const [name, { rule, steps }] of Object.entries(recordings)) {
    const recorder = await Recorder.start(context);
    using _socket = recorder.socket;
    scenarios.push({ name, rule, steps: await steps(recorder) });
  }
  for (const id of context.createdChannels) await context.request(`/v1/channels/${id}`, { method: 'DELETE' });
  return scenarios;
}

/** A channel, an author who writes in it, and a socket that follows it. */
class Recorder {
  readonly context: CaseContext;
  readonly path: string;
  readonly id: string;
  readonly socket: ReaderSocket;

  private constructor(context: CaseContext, channel: { id: string; path: string }, socket: ReaderSocket) {
    this.context = context;
    this.path = channel.path;
    this.id = channel.id;
    this.socket = socket;
  }

  static async start(context: CaseContext): Promise<Recorder> {
    const channel = await context.channel();
    const socket = await context.socket();
    await socket.follow(channel.id);
    return new Recorder(context, channel, socket);
  }

  async publish(headline: string, fields: object = {}): Promise<AuthorPost> {
    return (await this.context.publish(this.path, { headline, ...fields })).post;
  }

  async correct(post: AuthorPost, headline: string): Promise<AuthorPost> {
    return (await this.context.revise(this.path, post, { kind: 'correction', note: 'It was otherwise.', changes: { headline } }))
      .post;
  }

  /** The answer to a subscribe at this moment. */
  async catchUp(after?: string, limit?: number): Promise<CatchUp> {
    using socket = await this.context.socket();
    const answer = await socket.subscribe(this.id, after, limit);
    must(answer.ok, 'A subscribe should be ok.');
    const { ok: _ok, ...catchUp } = answer;
    return catchUp;
  }

  async page(query: string) {
    return (await this.context.mustAnswer(200, `${this.path}/posts?${query}`, { token: null })).body;
  }

  async post(id: string): Promise<ReaderPost> {
    return (await this.context.mustAnswer(200, `${this.path}/posts/${id}`, { token: null })).body;
  }

  /** The live event at this offset. */
  async event(offset: number): Promise<Event> {
    const event = (await this.socket.upTo(this.id, offset)).find((one) => one.from <= offset && offset <= one.offset);
    must(event !== undefined, `No event covers offset ${offset}.`);
    return event;
  }

  /** The state that every client should hold now according to the server, with the `posts` newest posts. */
  async holds(posts = 100): Promise<{ holds: HeldState }> {
    const { body } = await this.context.mustAnswer(200, `${this.path}/snapshot?limit=${posts}`, { token: null });
    return { holds: heldStateOf(body, Number((await this.catchUp(body.cursor)).covers.to)) };
  }
}

interface Recording {
  rule: string;
  steps(recorder: Recorder): Promise<ScenarioStep[]>;
}

const recordings: Record<string, Recording> = {
  'events/in-order': {
    rule: 'Apply an event if from ≤ your offset + 1 ≤ offset.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      const post = await recorder.publish('One');
      await recorder.correct(post, 'One, corrected');
      const events = [await recorder.event(2), await recorder.event(3)];
      return [{ catchUp: start }, ...events.map((event) => ({ event, does: 'apply' as const })), await recorder.holds()];
    },
  },
  'events/doubled': {
    rule: 'Ignore an event if its offset ≤ your offset.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      await recorder.publish('One');
      await recorder.publish('Two');
      const [one, two] = [await recorder.event(2), await recorder.event(3)];
      return [
        { catchUp: start },
        { event: one, does: 'apply' },
        { event: one, does: 'ignore' },
        { event: two, does: 'apply' },
        { event: one, does: 'ignore' },
        await recorder.holds(),
      ];
    },
  },
  'events/lost': {
    rule: 'Do not apply an event that leaves a gap. Subscribe again from your cursor.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      const post = await recorder.publish('One');
      await recorder.publish('Two');
      await recorder.correct(post, 'One, corrected');
      const late = await recorder.event(4);
      const again = await recorder.catchUp(start.cursor);
      return [{ catchUp: start }, { event: late, does: 'subscribe-again' }, { catchUp: again }, await recorder.holds()];
    },
  },
  'events/stand-for-several': {
    rule: 'An event covers the offsets from `from` to `offset`. Superseded events are left out.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      const one = await recorder.publish('One');
      const two = await recorder.publish('Two');
      await recorder.correct(one, 'One, corrected');
      await recorder.correct(two, 'Two, corrected');
      const missed = await recorder.catchUp(start.cursor);
      must(missed.mode === 'replay', 'What was missed should be a replay.');
      return [
        { catchUp: start },
        // The same events arrive again as live events.
        ...missed.events.map((event) => ({ event, does: 'apply' as const })),
        await recorder.holds(),
      ];
    },
  },
  'events/unknown': {
    rule: 'Skip an unknown event type and keep its cursor. Read unknown kinds as update, leave out unknown media, treat an unknown status as withdrawn, and ignore unknown fields.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      for (const headline of ['One', 'Two', 'Three']) await recorder.publish(headline);
      const [one, two, three] = [await recorder.event(2), await recorder.event(3), await recorder.event(4)];
      must('post' in one && 'post' in two && 'post' in three, 'These should be events of posts.');
      const { post: _post, ...facts } = one;
      const { holds } = await recorder.holds();
      const [newest, middle] = holds.posts;
      must(newest !== undefined && middle !== undefined, 'Three posts should stand.');
      return [
        { catchUp: start },
        { event: { ...facts, type: 'poll.opened', poll: { question: 'Who?' } }, does: 'apply' },
        {
          event: {
            ...two,
            mood: 'bright',
            post: { ...two.post, kind: 'scoop', media: [{ type: 'hologram', url: 'https://example.org/h' }] },
          },
          does: 'apply',
        },
        { event: { ...three, post: { ...three.post, status: 'embargoed' } }, does: 'apply' },
        { holds: { ...holds, posts: [{ ...newest, status: 'retracted', headline: null }, middle] } },
      ];
    },
  },
  'posts/never-seen-arrives-as-revised': {
    rule: 'Apply events by post id, whatever their type: a post never seen before can arrive as revised.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      const post = await recorder.publish('One');
      await recorder.correct(post, 'One, corrected');
      const missed = await recorder.catchUp(start.cursor);
      must(missed.mode === 'replay' && missed.events[0]?.type === 'post.revised', 'The post should arrive as revised.');
      return [{ catchUp: start }, { catchUp: missed }, await recorder.holds()];
    },
  },
  'posts/below-the-window': {
    rule: 'Do not insert a post below the oldest one held, because that would hide a gap. Its event still counts and still changes the key events.',
    async steps(recorder) {
      const old = await recorder.publish('Old');
      await recorder.publish('Between');
      await recorder.publish('New');
      const start = await recorder.catchUp(undefined, 1);
      await recorder.context.revise(recorder.path, old, { kind: 'update', changes: { keyEvent: true } });
      return [{ catchUp: start }, { event: await recorder.event(5), does: 'apply' }, await recorder.holds(1)];
    },
  },
  'posts/at-the-end': {
    rule: 'A client that has reached the end (more was false) holds every post and inserts a post in its place.',
    async steps(recorder) {
      await recorder.publish('One');
      const start = await recorder.catchUp();
      const two = await recorder.publish('Two');
      await recorder.publish('Three');
      await recorder.correct(two, 'Two, corrected');
      return [{ catchUp: start }, { catchUp: await recorder.catchUp(start.cursor) }, await recorder.holds()];
    },
  },
  'pages/late': {
    rule: 'Keep the higher revision of two copies of a post, even against a page that arrives late.',
    async steps(recorder) {
      const old = await recorder.publish('Old');
      const newest = await recorder.publish('New');
      const start = await recorder.catchUp(undefined, 1);
      const page = await recorder.page(`before=${newest.seq}`);
      await recorder.correct(old, 'Old, corrected');
      const repeated = await recorder.page(`before=${newest.seq}`);
      return [
        { catchUp: start },
        { ask: 'late', before: newest.seq },
        { event: await recorder.event(4), does: 'apply' },
        { answer: 'late', page },
        // The late page contained a superseded copy, so the client requests the missing posts again.
        { ask: 'again', before: newest.seq },
        { answer: 'again', page: repeated },
        await recorder.holds(),
      ];
    },
  },
  'resets/drop-everything': {
    rule: 'A reset drops everything: posts, remembered revisions, and pages requested before it.',
    async steps(recorder) {
      const other = await Recorder.start(recorder.context);
      using _socket = other.socket;
      const old = await other.publish('Old');
      const wrong = await other.publish('Of another history');
      const before = await other.catchUp(undefined, 1);
      const page = await other.page(`before=${wrong.seq}`);
      await other.correct(old, 'Old, corrected');
      await recorder.publish('Of this history');
      const reset = await recorder.catchUp(before.cursor);
      must(reset.mode === 'snapshot' && reset.reset, 'It should be a reset.');
      const rest = JSON.parse(JSON.stringify(before).replaceAll(other.id, recorder.id)) as CatchUp;
      return [
        { catchUp: rest },
        { ask: 'before-the-reset', before: wrong.seq },
        { catchUp: reset },
        { answer: 'before-the-reset', page: JSON.parse(JSON.stringify(page).replaceAll(other.id, recorder.id)) },
        await recorder.holds(),
      ];
    },
  },
  'withdrawals/tombstones': {
    rule: 'A withdrawn post stays in its place as a tombstone. It is no longer a key event and no longer pinned.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      const post = await recorder.publish('Wrong', { keyEvent: true });
      await recorder.publish('Right');
      await recorder.context.patch(recorder.path, '*', { pinnedPostId: post.id });
      await recorder.context.retract(recorder.path, post);
      const events = [];
      for (let offset = 2; offset <= 6; offset += 1) events.push({ event: await recorder.event(offset), does: 'apply' as const });
      return [{ catchUp: start }, ...events, await recorder.holds()];
    },
  },
  'beside/pinned-not-held': {
    rule: 'If the channel pins a post that you do not hold, request it.',
    async steps(recorder) {
      const old = await recorder.publish('Old');
      await recorder.publish('New');
      const start = await recorder.catchUp(undefined, 1);
      await recorder.context.patch(recorder.path, '*', { pinnedPostId: old.id });
      return [
        { catchUp: start },
        { event: await recorder.event(4), does: 'apply' },
        { mustAsk: { post: old.id } },
        { post: await recorder.post(old.id) },
        await recorder.holds(1),
      ];
    },
  },
  'beside/summary-withdrawn': {
    rule: 'If the summary was withdrawn, request the newest remaining one. A tombstone is not a summary: continue below it.',
    async steps(recorder) {
      await recorder.publish('First summary', { kind: 'summary' });
      const second = await recorder.publish('Second summary', { kind: 'summary' });
      const third = await recorder.publish('Third summary', { kind: 'summary' });
      await recorder.context.retract(recorder.path, second);
      const start = await recorder.catchUp(undefined, 1);
      await recorder.context.retract(recorder.path, third);
      return [
        { catchUp: start },
        { event: await recorder.event(6), does: 'apply' },
        { mustAsk: 'summary' },
        { summaries: await recorder.page(`kind=summary&before=${third.seq}&limit=1`) },
        { mustAsk: 'summary' },
        { summaries: await recorder.page(`kind=summary&before=${second.seq}&limit=1`) },
        await recorder.holds(1),
      ];
    },
  },
  'catch-up/in-parts': {
    rule: 'While more is true, ask again with the cursor of the answer. After a catch-up your offset is covers.to.',
    async steps(recorder) {
      const start = await recorder.catchUp();
      const one = await recorder.publish('One');
      for (const headline of ['Two', 'Three', 'Four']) await recorder.publish(headline);
      await recorder.correct(one, 'One, corrected');
      const steps: ScenarioStep[] = [{ catchUp: start }];
      let catchUp: CatchUp = start;
      do {
        catchUp = await recorder.context.catchUp(recorder.path, catchUp.cursor, 2);
        steps.push({ catchUp });
      } while (catchUp.more);
      return [...steps, await recorder.holds()];
    },
  },
};

function heldStateOf(
  snapshot: {
    cursor: string;
    posts: ReaderPost[];
    pinned: ReaderPost | null;
    summary: ReaderPost | null;
    keyEvents: { id: string }[];
  },
  offset: number,
): HeldState {
  return {
    offset,
    cursor: snapshot.cursor,
    posts: snapshot.posts.map(({ id, revision, status, headline }) => ({ id, revision, status, headline })),
    pinned: snapshot.pinned?.id ?? null,
    summary: snapshot.summary?.id ?? null,
    keyEvents: snapshot.keyEvents.map(({ id }) => id),
  };
}
