import type { HttpRequest, HttpResponse } from '../../../../client/lib/http.ts';
import { ProblemError } from '../../../../client/lib/http.ts';
import { type ProblemCode, problem } from '../../../../src/protocol/problems.ts';

/** A model of the server as the outbox sees it: one channel, posts with revisions, idempotency keys that are forgotten. */

export interface ModelPost {
  id: string;
  channelId: string;
  revision: number;
  status: 'published' | 'retracted';
  body: string;
  publishedBy: string;
  history: { revision: number; kind: string; by: string }[];
}

export interface JournalEntry {
  offset: number;
  at: number;
  type: 'published' | 'revised' | 'retracted';
  post: ModelPost;
  by: string;
}

const epoch = 'a'.repeat(12);
const rememberedMs = 24 * 60 * 60_000;

export class ModelNewsroom {
  readonly journal: JournalEntry[] = [];
  /** The person whose session cookie the browser has. */
  signedIn: string | undefined;
  /** The next requests are answered with this. */
  refusal: ProblemCode | undefined;
  /** The next writes are answered with this, and change nothing. */
  refusedWrites: { code: ProblemCode; retryAfter: number } | undefined;
  readonly #posts = new Map<string, ModelPost[]>();
  readonly #keys = new Map<string, { bytes: string; at: number; answer: HttpResponse }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws a `ProblemError` like the client would. */
  answer({ method, path, headers = {}, body = '' }: HttpRequest): HttpResponse {
    if (this.refusal !== undefined) throw refusalOf(this.refusal, this.refusal === 'rate-limited' ? { retryAfter: 1 } : {});
    const named = headers['pressbox-owner-key'];
    if (path === '/v1/session') {
      return answered({ session: this.signedIn === undefined ? null : { ownerKey: keyOf(this.signedIn) } });
    }
    if (this.signedIn === undefined) throw refusalOf('token-missing');
    if (named !== keyOf(this.signedIn)) throw refusalOf('owner-mismatch');
    const [, channelId = '', postId, action] = /^\/v1\/channels\/([^/]+)\/posts(?:\/([^/?]+))?(?:\/([a-z]+))?/.exec(path) ?? [];
    if (method === 'GET') return this.#read(postId, action, path);
    if (this.refusedWrites !== undefined) throw refusalOf(this.refusedWrites.code, this.refusedWrites);
    const key = `${this.signedIn} ${headers['idempotency-key']}`;
    const bytes = JSON.stringify([method, path, headers['if-match'], body]);
    const before = this.#keys.get(key);
    if (before !== undefined && this.#now() - before.at < rememberedMs) {
      if (before.bytes !== bytes) throw refusalOf('key-reused');
      return before.answer;
    }
    const answer = this.#write({ channelId, postId, action, ifMatch: headers['if-match'], body: JSON.parse(body as string) });
    this.#keys.set(key, { bytes, at: this.#now(), answer });
    return answer;
  }

  /** A colleague changes a post in between. */
  reviseAs(by: string, postId: string, body: string): boolean {
    const current = this.#posts.get(postId)?.at(-1);
    if (current?.status !== 'published') return false;
    this.#append('revised', by, { ...current, body }, 'refile');
    return true;
  }

  current(postId: string): ModelPost | undefined {
    return this.#posts.get(postId)?.at(-1);
  }

  #read(postId: string | undefined, action: string | undefined, path: string): HttpResponse {
    if (postId === undefined) return answered({ posts: [], cursor: this.#cursor(), more: false });
    const revisions = this.#posts.get(postId);
    if (revisions === undefined) throw refusalOf('not-found');
    if (action === undefined) return answered(revisions.at(-1));
    const after = Number(/after=(\d+)/.exec(path)?.[1] ?? 0);
    return answered({ revisions: revisions.filter(({ revision }) => revision > after).slice(0, 1), more: false });
  }

  #write(request: {
    channelId: string;
    postId: string | undefined;
    action: string | undefined;
    ifMatch: string | undefined;
    body: Record<string, unknown>;
  }): HttpResponse {
    const { channelId, postId, action, ifMatch, body } = request;
    const by = this.signedIn as string;
    if (postId === undefined) {
      const id = String(body.id);
      if (this.#posts.has(id)) throw refusalOf('post-exists');
      if (body.body === 'refuse me') throw refusalOf('invalid-body');
      const post = {
        id,
        channelId,
        revision: 0,
        status: 'published',
        body: String(body.body),
        publishedBy: by,
        history: [],
      } as const;
      return this.#append('published', by, { ...post, history: [] });
    }
    const current = this.#posts.get(postId)?.at(-1);
    if (current === undefined) throw refusalOf('not-found');
    if (current.publishedBy !== by) throw refusalOf('forbidden');
    if (current.status !== 'published') throw refusalOf('post-withdrawn');
    if (ifMatch !== undefined && ifMatch !== `"${current.revision}"`) throw refusalOf('revision-moved', { current });
    if (action === 'retraction')
      return this.#append('retracted', by, { ...current, status: 'retracted', body: '' }, 'retraction');
    const changes = body.changes as { body: string };
    return this.#append('revised', by, { ...current, body: changes.body }, String(body.kind));
  }

  #append(type: JournalEntry['type'], by: string, before: ModelPost, kind?: string): HttpResponse {
    const revision = before.revision + 1;
    const history = kind === undefined ? before.history : [...before.history, { revision, kind, by }];
    const post = { ...before, revision, history };
    this.#posts.set(post.id, [...(this.#posts.get(post.id) ?? []), post]);
    this.journal.push({ offset: this.journal.length + 1, at: this.#now(), type, post, by });
    return answered({ post, cursor: this.#cursor(), offset: this.journal.length });
  }

  #cursor(): string {
    return `${epoch}.${this.journal.length}.${'b'.repeat(16)}`;
  }
}

export function keyOf(person: string): string {
  return `key-of-${person}`;
}

function answered(body: unknown): HttpResponse {
  return { status: 200, headers: new Headers(), body: structuredClone(body) };
}

function refusalOf(code: ProblemCode, details: object = {}): ProblemError {
  return new ProblemError({ ...problem(code), ...details });
}
