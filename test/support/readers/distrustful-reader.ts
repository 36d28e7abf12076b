import { io, type Socket } from 'socket.io-client';
import type { CatchUp, Channel, Event, JournalLine, ReaderPost } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';

/**
 * An independent reader: a plain Socket.IO client that follows the rules for clients, always reconnects with its cursor, and records as a
 * fault everything that a correct server would not send. It shares no code with our client, so that both cannot have the same bug. It
 * holds whole channels: start it with an empty channel, or with at most 100 posts.
 */
export interface Watcher extends Disposable {
  readonly socket: Socket;
  readonly offset: number;
  readonly cursor: string | undefined;
  readonly channel: Channel | undefined;
  /** Newest first. */
  readonly posts: ReaderPost[];
  /** Every applied change in order, over all connections. */
  readonly seen: Seen[];
  /** Every answered catch-up. */
  readonly catchUps: { mode: CatchUp['mode']; reset: boolean; events: number; after: number; to: number }[];
  /** Errors of the server: repeats, gaps, wrong order, superseded text, invalid answers. */
  readonly faults: string[];
  /** Reasons of `unsubscribed`. */
  readonly endings: string[];
  readonly live: boolean;
  /** Cuts the connection. `resume` reconnects. */
  cut(): void;
  comeBack(): void;
}

export interface Seen {
  from: number;
  offset: number;
  cursor: string;
  postId: string | null;
  revision: number;
  html: string;
}

export interface WatchOptions {
  /** A saved cursor. */
  after?: string;
  offset?: number;
  token?: string;
  /** Called right after an event was applied, live or from a catch-up. */
  onSeen?: (seen: Seen) => void;
}

export function watch(url: string, channelId: string, options: WatchOptions = {}): Watcher {
  const { origin, pathname } = new URL(url);
  const socket = io(origin, {
    path: `${pathname.replace(/\/$/, '')}/socket.io`,
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...(options.token === undefined ? {} : { auth: { token: options.token } }),
  });
  const posts = new Map<string, ReaderPost>();
  const timers = new Set<NodeJS.Timeout>();
  let subscribes = 0;
  let live = false;
  let offset = options.offset ?? 0;
  let cursor = options.after;
  let channel: Channel | undefined;
  const watcher: Watcher = {
    socket,
    seen: [],
    catchUps: [],
    faults: [],
    endings: [],
    get offset() {
      return offset;
    },
    get cursor() {
      return cursor;
    },
    get channel() {
      return channel;
    },
    get posts() {
      return [...posts.values()].sort((a, b) => b.seq - a.seq);
    },
    get live() {
      return live;
    },
    cut() {
      live = false;
      subscribes += 1;
      socket.disconnect();
    },
    comeBack: () => socket.connect(),
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
      socket.disconnect();
    },
  };
  const fault = (text: string) => watcher.faults.push(`at ${offset}: ${text}`);

  socket.on('connect', subscribe);
  socket.on('disconnect', () => {
    live = false;
  });
  socket.on('connect_error', (error: Error & { data?: Problem }) => {
    if (error.data !== undefined) fault(`refused: ${error.data.code}`);
  });
  socket.on('unsubscribed', (ended: { reason: string }) => {
    watcher.endings.push(ended.reason);
    live = false;
    if (ended.reason === 'slow' || ended.reason === 'history') subscribe();
  });
  socket.on('event', (event: Event) => {
    // During a subscribe the answer includes these events.
    if (!live) return;
    if (event.offset <= offset) fault(`event ${event.from} to ${event.offset} came again`);
    else if (event.from > offset + 1) fault(`event ${event.from} to ${event.offset} left a hole`);
    else apply(event);
  });

  function subscribe(): void {
    subscribes += 1;
    const mine = subscribes;
    live = false;
    const asked = { channelId, after: cursor ?? null, limit: 100 };
    socket.emit('subscribe', asked, (answer: ({ ok: true } & CatchUp) | { ok: false; problem: Problem }) => {
      if (mine !== subscribes) return;
      if (answer.ok) return take(answer);
      const { code, retryAfter } = answer.problem;
      if (retryAfter === undefined) return void fault(`subscribe was refused: ${code}`);
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (mine === subscribes) subscribe();
      }, retryAfter * 1_000);
      timers.add(timer);
    });
  }

  function take(answer: CatchUp): void {
    const { mode, reset, covers, more } = answer;
    const events = answer.mode === 'replay' ? answer.events.length : 0;
    watcher.catchUps.push({ mode, reset, events, after: covers.after, to: covers.to });
    if (answer.mode === 'snapshot') {
      if (cursor !== undefined && !answer.reset) fault('a cursor was answered with a snapshot that is no reset');
      if (answer.snapshot.more) fault('the channel is too long for this watcher');
      posts.clear();
      channel = answer.snapshot.channel;
      for (const post of answer.snapshot.posts) posts.set(post.id, post);
    } else {
      if (covers.after !== offset) fault(`a replay after ${covers.after} was answered`);
      for (const event of answer.events) {
        if (event.offset <= offset || event.offset > covers.to) fault(`the replay to ${covers.to} holds ${event.offset}`);
        apply(event);
      }
    }
    offset = covers.to;
    cursor = answer.cursor;
    if (more) subscribe();
    else live = true;
  }

  function apply(event: Event): void {
    offset = event.offset;
    cursor = event.cursor;
    const { from } = event;
    let seen: Seen;
    if (event.type === 'channel.changed') {
      const { revision } = event.channel;
      if (channel !== undefined && revision <= channel.revision) fault(`the channel went back to revision ${revision}`);
      channel = event.channel;
      seen = { from, offset, cursor, postId: null, revision, html: '' };
    } else {
      const { post } = event;
      const held = posts.get(post.id);
      if (held !== undefined && post.revision <= held.revision) fault(`post ${post.id} went back to revision ${post.revision}`);
      posts.set(post.id, post);
      seen = { from, offset, cursor, postId: post.id, revision: post.revision, html: post.html };
    }
    watcher.seen.push(seen);
    options.onSeen?.(seen);
  }

  return watcher;
}

/**
 * The changes that a reader saw but that the journal does not contain in this form. A cursor carries the first 16 digits of the
 * chain's hash at its offset.
 */
export function notInJournal(seen: readonly Seen[], journal: readonly JournalLine[]): Seen[] {
  const lines = new Map(journal.map((line) => [line.offset, line]));
  return seen.filter(({ offset, cursor, postId, revision }) => {
    const line = lines.get(offset);
    if (line === undefined) return true;
    return line.postId !== postId || line.revision !== revision || !cursor.endsWith(`.${offset}.${line.check.slice(0, 16)}`);
  });
}
