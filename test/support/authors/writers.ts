import { setTimeout as pause } from 'node:timers/promises';
import type { AuthorPost, Channel, Erasure, JournalLine, ReaderPost } from '../../../src/protocol/model.ts';
import type { NewChannel, NewPost } from '../../../src/protocol/schemas.ts';
import { call } from '../servers/server.ts';

/** Authors who retry every write, and functions that read a whole channel. */
export interface Place {
  readonly url: string;
  /** Resolves once the server is serving. */
  up?(): Promise<void>;
}

export interface Written {
  status: number;
  post: AuthorPost;
  channel: Channel;
  cursor: string;
  offset: number;
  /** Whether the answer repeats that of an earlier attempt. */
  replayed: boolean;
  /** Attempts until the write was answered. */
  tries: number;
}

export interface Write {
  method?: 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  key?: string;
  ifMatch?: string | number;
}

/** Repeats a request with the same key and body until the server answers anything but "retry later". Throws on a refusal. */
export async function write(place: Place, token: string, { method = 'POST', path, body, key, ifMatch }: Write): Promise<Written> {
  for (let tries = 1; ; tries += 1) {
    await place.up?.();
    const answer = await call(`${place.url}${path}`, {
      method,
      token,
      body,
      headers: {
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(ifMatch === undefined ? {} : { 'if-match': String(ifMatch) }),
      },
    }).catch((error: unknown) => {
      // The write may have happened although there was no answer. Without a key, a retry could write twice.
      if (key === undefined) throw error;
    });
    if (answer === undefined || answer.status === 503) continue;
    if (answer.status >= 400) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
    const written = answer.body as { post: AuthorPost; channel: Channel; cursor: string; offset: number };
    return { ...written, status: answer.status, replayed: answer.headers.get('idempotency-replayed') === 'true', tries };
  }
}

/**
 * Repeats a write that erases until no erasure is pending (202), because a store on a busy machine may finish after the answer. A
 * write that creates a revision needs a key.
 */
export async function writeAndErase(place: Place, token: string, asked: Write): Promise<Written & { erasure?: Erasure }> {
  for (;;) {
    const written = await write(place, token, asked);
    if (written.status !== 202) return written;
    await pause(20);
  }
}

export async function createChannel(place: Place, token: string, channel: Partial<NewChannel> = {}): Promise<Channel> {
  const body = { state: 'live', headline: 'A day at the harbour', ...channel };
  const { channel: created } = await write(place, token, { path: '/v1/channels', body, key: crypto.randomUUID() });
  return created;
}

export function publish(place: Place, token: string, channelId: string, body: NewPost, key?: string): Promise<Written> {
  return write(place, token, { path: `/v1/channels/${channelId}/posts`, body, ...(key === undefined ? {} : { key }) });
}

/** Every post in the readers' view, newest first, page by page. */
export async function allPosts({ url }: Place, channelId: string): Promise<ReaderPost[]> {
  const posts: ReaderPost[] = [];
  let more = true;
  while (more) {
    const before = posts.length === 0 ? '' : `&before=${posts.at(-1)!.seq}`;
    const page = await read<{ posts: ReaderPost[]; more: boolean }>(`${url}/v1/channels/${channelId}/posts?limit=100${before}`);
    posts.push(...page.posts);
    more = page.more;
  }
  return posts;
}

/** The whole audit trail. The token must belong to an editor. */
export async function wholeJournal({ url }: Place, channelId: string, token: string): Promise<JournalLine[]> {
  const lines: JournalLine[] = [];
  let more = true;
  while (more) {
    const from = (lines.at(-1)?.offset ?? 0) + 1;
    const page = await read<{ entries: JournalLine[]; more: boolean }>(
      `${url}/v1/channels/${channelId}/journal?from=${from}&limit=100`,
      token,
    );
    lines.push(...page.entries);
    more = page.more;
  }
  return lines;
}

/** Repeats a request until the server answers anything but "retry later". Throws on a refusal. */
export async function read<T>(url: string, token?: string): Promise<T> {
  for (;;) {
    const answer = await call(url, token === undefined ? {} : { token });
    if (answer.status === 200) return answer.body as T;
    if (answer.status !== 503) throw new Error(`GET ${url} was answered ${answer.status}: ${answer.text}`);
    await pause(20);
  }
}
