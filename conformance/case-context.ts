import type { AuthorPost, CatchUp, Channel, Event, JournalLine } from '../src/protocol/model.ts';
import { must, mustEqual, RuleBroken } from './assertions.ts';
import { Exchange } from './exchange.ts';
import type { ReaderSocket, ServerUnderTest, Stream, TestRequest, TestResponse } from './server-under-test.ts';

/** A post as the server answered its write. */
export interface WrittenPost {
  post: AuthorPost;
  cursor: string;
  offset: number;
}

/** What a case works with: the server, channels that the case creates, and the record of its messages. */
export class CaseContext {
  readonly exchange = new Exchange();
  readonly server: ServerUnderTest;
  readonly #newId: () => string;
  /** Channels to delete at the end. */
  readonly createdChannels: string[] = [];

  /** The code of a sign-in link, for the case about links. */
  readonly linkCode: string | undefined;

  constructor(server: ServerUnderTest, newId: () => string, linkCode?: string) {
    this.server = server;
    this.linkCode = linkCode;
    this.#newId = newId;
  }

  /** An unused channel id. */
  newId(): string {
    return this.#newId();
  }

  request(path: string, ask?: TestRequest): Promise<TestResponse> {
    return this.server.request(this.exchange, path, ask);
  }

  socket(options?: { token?: string; origin?: string }): Promise<ReaderSocket> {
    return this.server.socket(this.exchange, options);
  }

  stream(path: string, options?: Pick<TestRequest, 'headers' | 'token'>): Promise<Stream> {
    return this.server.stream(this.exchange, path, options);
  }

  /** Sends a request that must be answered with this status. */
  async mustAnswer(status: number, path: string, ask?: TestRequest): Promise<TestResponse> {
    const answer = await this.request(path, ask);
    if (answer.status === status) return answer;
    throw new RuleBroken(
      `${ask?.method ?? 'GET'} ${path} should answer ${status} but answers ${answer.status}: ${answer.text.slice(0, 300)}`,
    );
  }

  /** Sends a request that must be refused with this problem. */
  async mustRefuse(status: number, code: string, path: string, ask?: TestRequest): Promise<TestResponse> {
    const answer = await this.mustAnswer(status, path, ask);
    must(
      answer.headers.get('content-type')?.startsWith('application/problem+json') === true,
      `The refusal should be application/problem+json but is ${answer.headers.get('content-type')}.`,
    );
    mustEqual(answer.body?.code, code, 'The code of the problem');
    mustEqual(answer.body?.status, status, 'The status in the problem');
    return answer;
  }

  /** The cookie of a session of the configured token. */
  async signIn(): Promise<string> {
    const { headers } = await this.mustAnswer(200, '/v1/session', { method: 'POST' });
    return headers.getSetCookie()[0]?.split(';')[0] ?? '';
  }

  async channel(fields: object = {}): Promise<Channel & { path: string }> {
    const id = this.newId();
    const answer = await this.mustAnswer(201, '/v1/channels', {
      method: 'POST',
      body: { id, headline: 'Conformance', ...fields },
    });
    const { channel } = answer.body as { channel: Channel };
    this.createdChannels.push(channel.id);
    return { ...channel, path: `/v1/channels/${channel.id}` };
  }

  async patch(path: string, revision: number | '*', body: object): Promise<{ channel: Channel; cursor: string; offset: number }> {
    const headers = { 'if-match': String(revision) };
    return (await this.mustAnswer(200, path, { method: 'PATCH', headers, body })).body;
  }

  async publish(path: string, fields: object = {}): Promise<WrittenPost> {
    return (await this.mustAnswer(201, `${path}/posts`, { method: 'POST', body: { body: 'It *happens*.', ...fields } })).body;
  }

  async revise(path: string, post: AuthorPost, fields: object): Promise<WrittenPost & { derived: unknown[]; erasure?: unknown }> {
    const headers = { 'if-match': String(post.revision) };
    return (await this.mustAnswer(200, `${path}/posts/${post.id}/revisions`, { method: 'POST', headers, body: fields })).body;
  }

  async correct(path: string, post: AuthorPost, body: string, note = 'It was otherwise.') {
    return this.revise(path, post, { kind: 'correction', note, changes: { body } });
  }

  async retract(path: string, post: AuthorPost, note = 'It did not happen.'): Promise<WrittenPost> {
    return (await this.mustAnswer(200, `${path}/posts/${post.id}/retraction`, { method: 'POST', body: { note } })).body;
  }

  /** The erasure may be complete (200) or in progress (202). */
  async takeDown(path: string, post: AuthorPost, body: object = {}): Promise<WrittenPost & { erasure: { complete: boolean } }> {
    const answer = await this.request(`${path}/posts/${post.id}/takedown`, { method: 'POST', body });
    must(
      [200, 202].includes(answer.status),
      `A takedown should answer 200 or 202 but answers ${answer.status}: ${answer.text.slice(0, 300)}`,
    );
    return answer.body;
  }

  async catchUp(path: string, after?: string, limit?: number): Promise<CatchUp> {
    const query = new URLSearchParams({
      ...(after !== undefined && { after }),
      ...(limit !== undefined && { limit: String(limit) }),
    });
    return (await this.mustAnswer(200, `${path}/events?${query}`, { token: null })).body;
  }

  async journal(path: string): Promise<JournalLine[]> {
    return (await this.mustAnswer(200, `${path}/journal?limit=100`)).body.entries;
  }

  /** The current state, to compare before and after a request that must change nothing. */
  async currentState(path: string): Promise<unknown> {
    const { body } = await this.mustAnswer(200, `${path}/snapshot`);
    return body;
  }
}

/** Checks that the events cover the offsets from `after` + 1 to `to` without a gap or an overlap. */
export function mustCover(events: readonly Event[], after: number, to: number): void {
  let last = after;
  for (const { from, offset } of events) {
    mustEqual(from, last + 1, `The "from" of the event after offset ${last}`);
    must(offset >= from, `An event covers ${from} to ${offset}.`);
    last = offset;
  }
  must(last <= to, `An event at offset ${last} lies beyond what the answer covers, ${to}.`);
}
