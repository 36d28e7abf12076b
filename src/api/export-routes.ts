import { type Request, type Response, Router } from 'express';
import { visibleChannel } from '../access/channel-access.ts';
import type { Identity } from '../access/identity.ts';
import { credentialHeaders, vary } from '../http/answers.ts';
import type { Slots } from '../http/concurrency-slots.ts';
import { credentialsOf, requirePrincipal } from '../http/request-identity.ts';
import { logSecurityEvent } from '../http/security-log.ts';
import type { Engine, ExportedEntry } from '../journal/engine.ts';
import { liveLimits } from '../live/live-limits.ts';
import { type AuthorPost, typeOf } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayEdit, type Principal } from '../protocol/rights.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';

/**
 * Exports a channel: one line for each entry of its journal (`protocol/transfer.ts`), from the first to the newest. Entries
 * written during the export are included, so a post that is taken down during the export is followed by its takedown.
 *
 * Only one page is in memory. The next page is read once the current one has left the process. Erased text is never sent: a page
 * is read again if something was erased during the read, and the connection is cut if text that waits for a slow client is
 * erased. The connection is also cut when the token expires or is revoked.
 */
export interface ExportContext {
  engine: Engine;
  streams: Pick<ChannelStreams, 'guarded'>;
  identity: Pick<Identity, 'statusOf'>;
  slots: Slots;
  log: { info(facts: object, message: string): void };
}

export function exportRoutes({ engine, streams, identity, slots, log }: ExportContext): Router {
  const router = Router({ caseSensitive: true });

  router.get('/channels/:channelId/export', async (req: Request, res: Response) => {
    const { channel } = await streams.guarded(() => visibleChannel(engine, credentialsOf(res), String(req.params.channelId)));
    const who = requirePrincipal(res);
    if (!mayEdit(who, channel.id)) throw new Refusal('forbidden');
    const release = slots.take(who.sub);
    logSecurityEvent(res, 'export', { channel: channel.id });
    try {
      const { whole, lines } = await send(req, res, channel.id, who);
      log.info({ channel: channel.id, by: who.sub, lines }, whole ? 'channel exported' : 'export aborted');
    } finally {
      release();
    }
  });

  return router;

  /** An incomplete export must not look complete, so its connection is cut. */
  async function send(
    req: Request,
    res: Response,
    channelId: string,
    who: Principal,
  ): Promise<{ whole: boolean; lines: number }> {
    const cut = () => res.socket?.resetAndDestroy();
    // A timer checks the token, because the loop below may wait long for a slow client.
    const sweep = setInterval(() => {
      if (identity.statusOf(who) !== 'good') cut();
    }, liveLimits.sweepMs).unref();
    let held: Page['posts'] = new Set();
    const undo = engine.onErased((erasedFrom, postId) => {
      if (erasedFrom === channelId && (postId === null || held.has(postId))) cut();
    });
    let lines = 0;
    try {
      for (let position: ExportPosition | undefined = start; position !== undefined; ) {
        const at: ExportPosition = position;
        const page: Page = await streams.guarded(() => readPage(engine, channelId, at));
        held = page.posts;
        if (lines === 0) begin(res, channelId);
        if (req.method === 'HEAD') break;
        if (!(await written(res, page.lines.join('')))) return { whole: false, lines };
        held = new Set();
        lines += page.lines.length;
        position = page.next;
      }
      res.end();
      return { whole: true, lines };
    } finally {
      undo();
      clearInterval(sweep);
    }
  }
}

function begin(res: Response, channelId: string): void {
  vary(res, credentialHeaders);
  res.set({
    'Content-Type': 'application/x-ndjson',
    'Content-Disposition': `attachment; filename="${channelId}.ndjson"`,
    'Cache-Control': 'private, no-store',
  });
}

/** Resolves to true once the text has left this process, and to false if the connection closed or the client stalled. */
async function written(res: Response, text: string): Promise<boolean> {
  if (res.destroyed || res.socket?.destroyed !== false) return false;
  return await new Promise((resolve) => {
    const end = (taken: boolean) => {
      clearTimeout(timer);
      res.off('close', lost);
      if (!taken) res.socket?.resetAndDestroy();
      resolve(taken);
    };
    const lost = () => end(false);
    const timer = setTimeout(lost, liveLimits.stallMs);
    res.once('close', lost);
    res.write(text, (error) => end(!error));
  });
}

interface Page {
  lines: string[];
  /** The posts whose text is in the lines. Null stands for the channel. */
  posts: Set<string | null>;
  /** The position of the next page. Undefined after the last page. */
  next: ExportPosition | undefined;
}

type ExportPosition =
  /** `placed`: the history begins at offset 1, so an import can give its entries the same offsets. */
  | { from: number; root: string | undefined; placed: boolean }
  /**
   * The next post with a `seq` over `above`, among the posts older than the journal. The journal was restarted at offset `began`.
   */
  | { above: number; root: string; began: number };

export const start: ExportPosition = { from: 1, root: undefined, placed: true };
const pageBounds = { limit: liveLimits.exportPageEntries, bytes: liveLimits.exportPageBytes };

export async function readPage(engine: Engine, channelId: string, position: ExportPosition): Promise<Page> {
  if ('above' in position) return await readOlder(engine, channelId, position);
  const read = await engine.entries(channelId, { from: position.from, ...pageBounds });
  if (read === undefined) throw new Refusal('channel-deleted');
  const { root, entries, more } = read;
  if (position.root !== undefined && position.root !== root) throw new Error('the history was replaced while it was exported');
  const [first] = entries;
  if (position === start && first !== undefined && first.offset > 1) {
    // The journal was restarted, and begins with the channel. Posts from before the restart have no entries and are read next.
    const next = { above: 0, root, began: first.offset };
    return { lines: [lineOf(channelId, first)], posts: new Set(), next };
  }
  const last = entries.at(-1);
  return {
    lines: entries.map((entry) => lineOf(channelId, entry, position.placed ? root : undefined)),
    posts: new Set(entries.map(({ postId }) => postId)),
    next: more && last ? { from: last.offset + 1, root, placed: position.placed } : undefined,
  };
}

/** Reads one post that is older than the journal, with its revisions. */
async function readOlder(
  engine: Engine,
  channelId: string,
  { above, root, began }: Extract<ExportPosition, { above: number }>,
): Promise<Page> {
  const read = await engine.posts(channelId, { after: above, limit: 1, bytes: 1 });
  if (read === undefined) throw new Refusal('channel-deleted');
  const [post] = read.posts;
  if (post === undefined || post.seq >= began) {
    return { lines: [], posts: new Set(), next: { from: began + 1, root, placed: false } };
  }
  const lines: string[] = [];
  for (let after = 0, more = true; more; ) {
    const page = await engine.revisions(channelId, post.id, { after, ...pageBounds });
    lines.push(...(page?.revisions ?? []).map(olderLineOf));
    more = page?.more === true;
    after = page?.revisions.at(-1)?.revision ?? after;
  }
  return { lines, posts: new Set([post.id]), next: { above: post.seq, root, began } };
}

/** With `root`, the root of the history, the line states the position of the entry in that history. */
function lineOf(channelId: string, entry: ExportedEntry, root?: string): string {
  const { offset, type, postId, revision, kind, at, by, content, check, written, erases, chained } = entry;
  const facts = JSON.stringify({
    ...{ type, kind, at, by },
    ...(erases !== undefined && (written || chained) && { erases }),
    ...(chained && { chained }),
    ...(written ? { salt: written.salt } : { content }),
    ...(root !== undefined && { offset, check }),
    ...(root !== undefined && offset === 1 && { root }),
  });
  const state = written?.state ?? JSON.stringify({ id: postId ?? channelId, ...(postId && { channelId }), revision });
  return `{"${postId === null ? 'channel' : 'post'}":${state},"revision":${facts}}\n`;
}

/** The line of a revision that has no journal entry, built from the post itself. */
function olderLineOf({ seq: _seq, html: _html, ...post }: AuthorPost): string {
  const { revision, history, publishedAt, updatedAt, publishedBy } = post;
  const own = history.find((change) => change.revision === revision);
  const type = typeOf(post);
  const at = own?.at ?? (revision === 1 ? publishedAt : (updatedAt ?? publishedAt));
  const kind = own?.kind ?? (revision === 1 ? null : 'update');
  return `${JSON.stringify({ post, revision: { type, kind, at, by: own?.by ?? publishedBy } })}\n`;
}
