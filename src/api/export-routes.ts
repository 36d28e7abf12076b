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
 * A channel written out, a line for each entry of its journal (`protocol/transfer.ts`), from the first to the head as it is when the
 * export gets there: so what changes meanwhile is in it, too, and a takedown of that time comes after what it took down.
 *
 * One page is held at a time, and the next is read once this one has left the process. What was erased goes out no more: a page that was
 * read while something was erased is read again, and one that waits for a slow client while a post of it is erased is dropped with its
 * connection. So is all of it when the token is good no longer.
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
    const release = slots.take();
    logSecurityEvent(res, 'export', { channel: channel.id });
    try {
      const { whole, lines } = await send(req, res, channel.id, who);
      log.info({ channel: channel.id, by: who.sub, lines }, whole ? 'channel exported' : 'export aborted');
    } finally {
      release();
    }
  });

  return router;

  /** Half an export never looks like a whole one: its connection is cut. */
  async function send(
    req: Request,
    res: Response,
    channelId: string,
    who: Principal,
  ): Promise<{ whole: boolean; lines: number }> {
    const cut = () => res.socket?.resetAndDestroy();
    // It may take long, and its client may take nothing meanwhile.
    const sweep = setInterval(() => {
      if (identity.statusOf(who) !== 'good') cut();
    }, liveLimits.sweepMs).unref();
    let held: Page['posts'] = new Set();
    const undo = engine.onErased((erasedFrom, postId) => {
      if (erasedFrom === channelId && (postId === null || held.has(postId))) cut();
    });
    let lines = 0;
    try {
      for (let place: ExportPosition | undefined = start; place !== undefined; ) {
        const at: ExportPosition = place;
        const page: Page = await streams.guarded(() => readPage(engine, channelId, at));
        held = page.posts;
        if (lines === 0) begin(res, channelId);
        if (req.method === 'HEAD') break;
        if (!(await written(res, page.lines.join('')))) return { whole: false, lines };
        held = new Set();
        lines += page.lines.length;
        place = page.next;
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

/** Resolves once the text has left this process, with whether the client took it. One that takes nothing for a while is given up. */
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
  /** Whose text is in them. */
  posts: Set<string | null>;
  /** Where the next one begins; undefined after the last. */
  next: ExportPosition | undefined;
}

type ExportPosition =
  /** `placed`: the history begins at offset 1, so its entries can have the same places elsewhere. */
  | { from: number; root: string | undefined; placed: boolean }
  /** Among posts above a `seq` that are older than a history which began anew, at offset `began`. */
  | { above: number; root: string; began: number };

const start: ExportPosition = { from: 1, root: undefined, placed: true };
const pageBounds = { limit: liveLimits.exportPageEntries, bytes: liveLimits.exportPageBytes };

async function readPage(engine: Engine, channelId: string, place: ExportPosition): Promise<Page> {
  if ('above' in place) return await readOlder(engine, channelId, place);
  const read = await engine.entries(channelId, { from: place.from, ...pageBounds });
  if (read === undefined) throw new Refusal('channel-deleted');
  const { root, entries, more } = read;
  if (place.root !== undefined && place.root !== root) throw new Error('the history was replaced while it was exported');
  const [first] = entries;
  if (place === start && first !== undefined && first.offset > 1) {
    // The channel comes before its posts. What they wrote before has no entries any more.
    const next = { above: 0, root, began: first.offset };
    return { lines: [lineOf(channelId, first)], posts: new Set(), next };
  }
  const last = entries.at(-1);
  return {
    lines: entries.map((entry) => lineOf(channelId, entry, place.placed ? root : undefined)),
    posts: new Set(entries.map(({ postId }) => postId)),
    next: more && last ? { from: last.offset + 1, root, placed: place.placed } : undefined,
  };
}

/** One post with its revisions. */
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

/** `root`: of the history, where the entry's place in it is told. */
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

/** A revision that has no entry any more: what the post itself tells of it. */
function olderLineOf({ seq: _seq, html: _html, ...post }: AuthorPost): string {
  const { revision, history, publishedAt, updatedAt, publishedBy } = post;
  const own = history.find((change) => change.revision === revision);
  const type = typeOf(post);
  const at = own?.at ?? (revision === 1 ? publishedAt : (updatedAt ?? publishedAt));
  const kind = own?.kind ?? (revision === 1 ? null : 'update');
  return `${JSON.stringify({ post, revision: { type, kind, at, by: own?.by ?? publishedBy } })}\n`;
}
