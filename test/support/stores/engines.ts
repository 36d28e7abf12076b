import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import type {
  AppendRequest,
  AppendResult,
  Engine,
  NewChannelEntry,
  NewPostEntry,
  RequestId,
} from '../../../src/journal/engine.ts';
import { openSqlite, type SqliteOptions } from '../../../src/journal/sqlite/index.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import type { AuthorChange, AuthorPost, Change, Channel } from '../../../src/protocol/model.ts';
import { aChannel, anAuthorPost, emptied } from '../samples/samples.ts';

/** An engine in a directory of its own, and sample entries like those of the newsroom. */
export const renderer = createRenderer({ publicUrl: 'https://news.example' });

/** More than any test has, so that one answer is complete. */
export const wide = { limit: 1_000, bytes: 10_000_000 };

export interface TempEngine extends AsyncDisposable {
  readonly dataDir: string;
  /** The engine that is open now. */
  readonly engine: Engine;
  /** Closes the engine and opens it again, on the same directory. */
  reopen(options?: Partial<SqliteOptions>): Promise<Engine>;
  /** Closes the engine and removes its directory. */
  close(): Promise<void>;
}

export async function openTempEngine(options: Partial<SqliteOptions> = {}): Promise<TempEngine> {
  const parent = await mkdtemp(join(tmpdir(), 'pressbox-engine-'));
  const dataDir = options.dataDir ?? join(parent, 'data');
  let engine = await openSqlite({ renderer, ...options, dataDir });
  const close = async () => {
    await engine.close();
    await rm(parent, { recursive: true, force: true });
  };
  return {
    dataDir,
    get engine() {
      return engine;
    },
    async reopen(changed = {}) {
      await engine.close();
      engine = await openSqlite({ renderer, ...options, ...changed, dataDir });
      return engine;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const start = Date.parse('2026-11-24T12:00:00.000Z');

/** Times that differ and rise: `seconds` after noon. */
export function at(seconds = 0): string {
  return new Date(start + seconds * 1_000).toISOString();
}

export function newPostId(): string {
  return uuidv7();
}

export function sampleChannel(id: string, changed: Partial<Channel> = {}): Channel {
  return aChannel({ id, headline: `Coverage of ${id}`, createdAt: at(), startedAt: at(), ...changed });
}

export type PostState = Omit<AuthorPost, 'seq'>;

export function samplePost(channelId: string, changed: Partial<PostState> = {}): PostState {
  const body = changed.body ?? 'Something happened.';
  const html = body === '' ? '' : renderer.render(body, { channelId });
  const sample = { id: newPostId(), channelId, authors: [{ name: 'Ada Example' }], publishedAt: at(), html };
  const { seq: _seq, ...post } = anAuthorPost({ ...sample, ...changed, body });
  return post;
}

export function channelEntry(channel: Channel, changed: Partial<NewChannelEntry> = {}): NewChannelEntry {
  return { type: 'channel.changed', at: at(), by: 'ed', kind: null, listed: false, channel, ...changed };
}

export function publication(post: PostState, changed: Partial<NewPostEntry> = {}): NewPostEntry {
  return { type: 'post.published', at: post.publishedAt, by: post.publishedBy, kind: null, listed: false, post, ...changed };
}

type Kind = AuthorChange['kind'];

function changeOf(post: Pick<PostState, 'revision'>, kind: Kind, note: string | null): AuthorChange {
  return { revision: post.revision + 1, kind, note, at: at(post.revision), by: 'ada' };
}

/** The next revision of a post. */
export function revision(
  post: PostState,
  changes: Partial<PostState>,
  kind: Kind = 'correction',
  note: string | null = 'A note.',
) {
  const change = changeOf(post, kind, note);
  const body = changes.body ?? post.body;
  const next: PostState = {
    ...post,
    html: body === '' ? '' : renderer.render(body, { channelId: post.channelId }),
    ...changes,
    body,
    revision: change.revision,
    updatedAt: change.at,
    history: [...post.history, change],
  };
  return { type: 'post.revised', at: change.at, by: 'ada', kind, listed: kind !== 'refile', post: next } satisfies NewPostEntry;
}

/** The remains of a withdrawn post: its seq and times, and its history, whose notes a takedown empties. */
function tombstone(post: PostState, status: 'retracted' | 'taken-down', change: AuthorChange): PostState {
  const history = status === 'taken-down' ? post.history.map((past) => ({ ...past, note: null })) : post.history;
  return { ...emptied(post), status, revision: change.revision, updatedAt: change.at, history: [...history, change] };
}

export function retraction(post: PostState): NewPostEntry {
  const change = changeOf(post, 'retraction', 'It was not so.');
  const { kind, at: time, by } = change;
  return { type: 'post.retracted', at: time, by, kind, listed: true, post: tombstone(post, 'retracted', change) };
}

/** Erases every earlier revision. */
export function takedown(post: PostState, note: string | null = null): NewPostEntry {
  const change = changeOf(post, 'takedown', note);
  const { kind, at: time, by } = change;
  const taken = tombstone(post, 'taken-down', change);
  return { type: 'post.taken-down', at: time, by, kind, listed: true, post: taken, erases: post.revision };
}

/** The next revision of the channel. */
export function channelChange(channel: Channel, changes: Partial<Channel>, change?: Omit<Change, 'revision' | 'at'>) {
  const revision = channel.revision + 1;
  const own = change && { revision, at: at(revision), ...change };
  const next = { ...channel, ...changes, revision, updatedAt: at(revision) };
  const facts = { at: at(revision) };
  if (!own) return channelEntry(next, facts);
  const history = [...channel.history, own];
  return channelEntry({ ...next, history }, { ...facts, kind: own.kind, listed: true, change: own });
}

let requests = 0;
export function newRequest(): RequestId {
  requests += 1;
  return { id: `request-${process.pid}-${requests}`, digest: 'd'.repeat(64) };
}

export interface Decided {
  /** The revision of the channel. Default: 1. */
  channel?: number;
  posts?: Record<string, number>;
  request?: RequestId;
}

/** A request to append, decided on the state before each entry. */
export function appending(entries: AppendRequest['entries'], { channel, posts, request }: Decided = {}): AppendRequest {
  const [first] = entries;
  const creates = first.type === 'channel.changed' && first.channel.revision === 1;
  const before = entries.flatMap((entry) => (entry.type === 'channel.changed' ? [] : [[entry.post.id, entry.post.revision - 1]]));
  const ownBefore = entries.flatMap((entry) => (entry.type === 'channel.changed' ? [entry.channel.revision - 1] : []))[0];
  return {
    request: request ?? newRequest(),
    decidedOn: { channel: channel ?? (creates ? 0 : (ownBefore ?? 1)), posts: posts ?? Object.fromEntries(before) },
    entries,
  };
}

/** Appends, and fails the test unless the entries were appended. */
export async function appended(
  engine: Engine,
  channelId: string,
  entries: AppendRequest['entries'],
  decided: Decided = {},
): Promise<Extract<AppendResult, { status: 'appended' }>> {
  const result = await engine.append(channelId, appending(entries, decided));
  if (result.status !== 'appended') throw new Error(`Not appended: ${JSON.stringify(result)}`);
  return result;
}

/** Creates a channel. */
export async function createChannel(
  engine: Engine,
  id = `channel-${newPostId()}`,
  changed: Partial<Channel> = {},
): Promise<Channel> {
  const channel = sampleChannel(id, changed);
  await appended(engine, id, [channelEntry(channel)]);
  return channel;
}

/** The head of the journal of an existing channel. */
export async function head(engine: Engine, channelId: string): Promise<Position> {
  return (await engine.heads([channelId]))[0] as Position;
}

/** Publishes posts, one after the other. */
export async function publish(engine: Engine, channelId: string, changed: Partial<PostState> = {}): Promise<AuthorPost> {
  const { post } = await appended(engine, channelId, [publication(samplePost(channelId, changed))]);
  if (post === undefined) throw new Error('The append did not answer with its post.');
  return post;
}

/**
 * Writes a channel `bridge` with a post that was revised and taken down, a post `standing` that was not, and a change of the
 * channel itself. `before` is the position before that change. Also writes a second channel.
 */
export async function writeTheBridge(engine: Engine): Promise<{ standing: string; before: Position }> {
  const channel = await createChannel(engine, 'bridge');
  const post = await publish(engine, 'bridge', { body: 'The bridge is closed.' });
  const next = revision(post, { body: 'The bridge is open.' });
  await appended(engine, 'bridge', [next]);
  await appended(engine, 'bridge', [takedown(next.post)]);
  const { id: standing } = await publish(engine, 'bridge', { headline: 'Another' });
  const [before] = (await engine.heads(['bridge'])) as [Position];
  await appended(engine, 'bridge', [channelChange(channel, { headline: 'Changed' }, { kind: 'update', note: 'A note' })]);
  await createChannel(engine, 'another');
  return { standing, before };
}
