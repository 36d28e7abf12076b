import type { Position } from '../../../src/protocol/cursor.ts';
import type { AuthorPost, ListedChannel, ServerEntry } from '../../../src/protocol/model.ts';
import type { ChannelReport, ServerReport, VerifiedExport, VerifyExportOptions } from '../../../src/verify.ts';
import { bodyWithField, download, type Http, isRetryable, NotPressbox, ProblemError, sleep } from '../../lib/http.ts';
import { queryString } from '../../lib/platform.ts';
import { CommandFailed, exportCutError } from '../command-errors.ts';
import { type HtmlComparison, htmlComparer } from '../rendered-html.ts';
import { retrying } from '../server-requests.ts';
import { postAsStored } from './verify-media.ts';

/**
 * Verifies a server from outside: its exports by their hash chains, and each displayed post by comparing it with its last entry.
 */
export interface ServerToVerify {
  http: Http;
  /** Default: every channel that the token may export. */
  channelId: string | undefined;
  verify: VerifyExport;
  interrupted: AbortSignal;
  /** Called before each retry. */
  onRetry: (error: Error) => void;
  /** The position of the server's own journal at an earlier verification. */
  since: Position | undefined;
}

export type VerifyExport = (
  chunks: AsyncIterable<Uint8Array | string>,
  records?: VerifyExportOptions['records'],
) => AsyncGenerator<VerifiedExport>;

/**
 * Pauses before a channel is read again that may be under import. Reading ends once the channel did not grow during two pauses in
 * a row.
 */
const importPausesMs = [500, 1_000, 2_000, 4_000, 8_000];

export async function* verifyServer({
  http,
  channelId,
  verify,
  interrupted,
  onRetry,
  since,
}: ServerToVerify): AsyncGenerator<ChannelReport | ServerReport> {
  const { channelIsBack, channelIsMissing, mayBeTold, ServerWalk, sessionIsBack, tokenIsForgotten } = await import(
    '../../../src/verify.ts'
  );
  const withRetries = retrying(onRetry, interrupted);
  const server = await walkServer();
  const known = server?.isIntact ? server : undefined;
  const there = new Set<string>();
  const compare = await htmlComparer((path) => unlessRefused(() => http.get(path, interrupted)));
  for await (const id of channelId === undefined ? channels() : [channelId]) {
    there.add(id);
    yield* settled(id);
  }
  if (channelId !== undefined) return;
  for (const [id, { isDeleted }] of known?.channels ?? []) {
    if (isDeleted || there.has(id)) continue;
    // The channel may have been deleted in the meantime.
    const now = await walkServer();
    if (!now?.channels.get(id)?.isDeleted) yield faulty(id, channelIsMissing);
  }
  yield server?.finish() ?? { channelId: null, entries: 0, coveredFrom: null, position: undefined, isUnseen: true };

  /**
   * The final reports of a channel. During an import, an erased text may already be missing while the entry that erases it has
   * not arrived. The channel is then read again.
   */
  async function* settled(id: string): AsyncGenerator<ChannelReport> {
    let reports = await walked(id, known);
    let stood = 0;
    for (const pauseMs of importPausesMs) {
      if (stood === 2 || !reports.some(({ fault }) => fault !== undefined && mayBeTold(fault))) break;
      await sleep(pauseMs, interrupted);
      const before = reports;
      const server = await walkServer();
      reports = await walked(id, server?.isIntact ? server : undefined);
      stood = reports.every(({ entries }, at) => entries === before[at]?.entries) ? stood + 1 : 0;
    }
    yield* reports;
  }

  async function walked(id: string, known: InstanceType<typeof ServerWalk> | undefined): Promise<ChannelReport[]> {
    const path = `/v1/channels/${encodeURIComponent(id)}`;
    const { body } = await withRetries(() => download(http, `${path}/export`, interrupted));
    if (body === null) throw new CommandFailed('The server answered with nothing.');
    const reports: ChannelReport[] = [];
    for await (const { report, posts } of verify(untilCut(body), known?.channels)) {
      if (known?.channels.get(id)?.isDeleted) reports.push(faulty(id, channelIsBack));
      else reports.push(report.fault === undefined ? await withState(path, { report, posts, compare }) : report);
    }
    return reports;
  }

  function faulty(id: string, why: string): ChannelReport {
    const nothing = { entries: 0, texts: 0, erased: 0, erasedBeforeChained: 0, htmlNotCompared: 0, position: undefined };
    return { channelId: id, ...nothing, fault: { channelId: id, offset: 0, postId: null, why } };
  }

  /** The server's own journal, if the server keeps one and the token is an administrator's. */
  async function walkServer(): Promise<InstanceType<typeof ServerWalk> | undefined> {
    const walk = new ServerWalk(since);
    for (let from = 1, more = true; more; ) {
      const answer = await unlessRefused(() => http.get(`/v1/journal${queryString({ from, limit: 100 })}`, interrupted));
      if (answer === undefined) return undefined;
      const page = bodyWithField<{ root: string; entries: ServerEntry[]; more: boolean }>('entries', answer);
      for (const entry of page.entries) {
        walk.take(page.root, entry);
        if (entry.stands === false) walk.fail(entry.offset, entry.type === 'session.ended' ? sessionIsBack : tokenIsForgotten);
      }
      from = (page.entries.at(-1)?.offset ?? from) + 1;
      more = page.more && page.entries.length > 0;
    }
    return walk;
  }

  async function* untilCut(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      interrupted.throwIfAborted();
      throw exportCutError(error);
    }
  }

  /** Checks that the server displays each post as its last entry wrote it, unless the post was changed in the meantime. */
  async function withState(
    path: string,
    { report, posts, compare }: VerifiedExport & { compare: (post: AuthorPost) => Promise<HtmlComparison> },
  ): Promise<ChannelReport> {
    const { digestOfPost, wrongHtml } = await import('../../../src/verify.ts');
    const notWritten = 'what the server shows of the post is not what its last entry wrote';
    let { htmlNotCompared } = report;
    for (let before: number | undefined, more = true; more; ) {
      const query = queryString({ limit: 100, before });
      const answer = await withRetries(() => http.get(`${path}/posts${query}`, interrupted));
      const page = bodyWithField<{ posts: AuthorPost[]; more: boolean }>('posts', answer);
      for (const post of page.posts) {
        const last = posts.get(post.id);
        posts.delete(post.id);
        before = post.seq;
        if (last === undefined || post.revision > last.revision) continue;
        // The text of an export has references to uploads.
        const isSame = () => [post, postAsStored(post)].some((one) => digestOfPost(one) === last.digest);
        const isWritten = post.revision === last.revision && isSame();
        const html = isWritten ? await compare(post) : 'unknown';
        if (html === 'same') htmlNotCompared -= 1;
        if (isWritten && html !== 'differs') continue;
        const why = isWritten ? wrongHtml(post.revision) : notWritten;
        return { ...report, htmlNotCompared, fault: { channelId: report.channelId, offset: last.offset, postId: post.id, why } };
      }
      more = page.more;
    }
    const [missing] = posts;
    if (missing === undefined) return { ...report, htmlNotCompared };
    const [postId, { offset }] = missing;
    const why = 'the server does not show the post';
    return { ...report, htmlNotCompared, fault: { channelId: report.channelId, offset, postId, why } };
  }

  async function* channels(): AsyncGenerator<string> {
    for (let page: string | null | undefined; page !== null; ) {
      const query = queryString({ limit: 100, page });
      const answer = await withRetries(() => http.get(`/v1/channels${query}`, interrupted));
      const body = bodyWithField<{ channels: ListedChannel[]; next: string | null }>('channels', answer);
      for (const { id } of body.channels) yield id;
      page = body.next;
    }
  }

  /** Undefined if the server refuses, for example because it does not have what is requested. */
  async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withRetries(ask);
    } catch (error) {
      if (error instanceof NotPressbox || (error instanceof ProblemError && !isRetryable(error))) return undefined;
      throw error;
    }
  }
}
