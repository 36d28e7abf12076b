import { type Request, type Response, Router } from 'express';
import { type ErrorLog, handleErrors, postEtag, sendJson } from '../http/answers.ts';
import type { Rates } from '../http/rates.ts';
import { requirePrincipal } from '../http/request-identity.ts';
import { logSecurityEvent } from '../http/security-log.ts';
import type { Renderer } from '../journal/engine.ts';
import { cursorFrom } from '../live/read-parameters.ts';
import type { Newsroom } from '../newsroom/newsroom.ts';
import type { ChannelWritten, PostWritten, RevisionWritten } from '../newsroom/write-command.ts';
import { formatCursor } from '../protocol/cursor.ts';
import type { Erasure } from '../protocol/model.ts';
import { mayAuthor, mayEditSome, type Principal } from '../protocol/rights.ts';
import * as schemas from '../protocol/schemas.ts';
import { requireLoadable, requireLoadablePicture } from './media-addresses.ts';
import { mergePatch, readBytes, readCommand, readIfMatch, readWriteCommand, requireIfMatch } from './write-request.ts';

/**
 * The HTTP routes for writing. A route reads the request and builds the response. The newsroom decides what happens.
 *
 * Checks run in this order: the token, its rate, the bytes of the body. Then the newsroom checks the rights, looks for an earlier
 * request with the same key, and only then parses the body. The bytes are not even read if the author has no rights in the
 * channel.
 */
export interface WriteContext {
  newsroom: Newsroom;
  renderer: Renderer;
  publicUrl: string;
  rates: Pick<Rates, 'writes'>;
  /** Milliseconds since 1970. */
  now(): number;
  log: ErrorLog & { info(facts: object, message: string): void };
}

export function writeRoutes({ newsroom, renderer, publicUrl, rates, now, log }: WriteContext): Router {
  const router = Router({ caseSensitive: true });
  const readBody = readBytes();
  const writing = [
    (_req: Request, res: Response, next: () => void) => {
      rates.writes(requirePrincipal(res).sub);
      res.locals.startedAt = now();
      next();
    },
    (req: Request, res: Response, next: () => void) => {
      if (mayWriteAt(req, requirePrincipal(res))) readBody(req, res, next);
      else next();
    },
  ];

  router.post('/channels', writing, async (req: Request, res: Response) => {
    const write = readWriteCommand(req, requirePrincipal(res), null, () => {
      const channel = readCommand(req, schemas.newChannelSchema);
      requireLoadablePicture(channel.picture, publicUrl, 'picture');
      return channel;
    });
    const answer = await newsroom.openChannel(write);
    res.location(`${req.baseUrl}/channels/${answer.channel.id}`);
    sendChannel(res, 201, answer, 'channel opened');
  });

  router.patch('/channels/:channelId', writing, async (req: Request, res: Response) => {
    const { channelId } = idsIn(req);
    const write = readWriteCommand(req, requirePrincipal(res), channelId, () => {
      const patch = readCommand(req, schemas.channelPatchSchema, { types: mergePatch });
      requireLoadablePicture(patch.picture, publicUrl, 'picture', { mayBeUploaded: true });
      return { patch, expected: requireIfMatch(req) };
    });
    sendChannel(res, 200, await newsroom.changeChannel(write, channelId), 'channel changed');
  });

  router.delete('/channels/:channelId', writing, async (req: Request, res: Response) => {
    const { channelId } = idsIn(req);
    const { erasure, replayed } = await newsroom.deleteChannel(
      readWriteCommand(req, requirePrincipal(res), channelId, () => {
        return { at: cursorFrom(schemas.parse(schemas.deletionQuerySchema, req.query).at) };
      }),
      channelId,
    );
    logSecurityEvent(res, 'erasure', { channel: channelId });
    note(res, replayed, { channel: channelId, complete: erasure.complete }, 'channel deleted');
    if (!erasure.complete) return sendJson(res, { erasure }, { status: 202, cache: 'none' });
    res.set('Cache-Control', 'no-store').status(204).end();
  });

  router.post('/channels/:channelId/posts', writing, async (req: Request, res: Response) => {
    const { channelId } = idsIn(req);
    const write = readWriteCommand(req, requirePrincipal(res), channelId, () => {
      const post = readCommand(req, schemas.newPostSchema);
      requireLoadable(post.media ?? [], publicUrl, 'media', { mayBeUploaded: true });
      return post;
    });
    const answer = await newsroom.publish(write, channelId);
    res.setHeader('Location', `${req.baseUrl}/channels/${answer.post.channelId}/posts/${answer.post.id}`);
    sendPost(res, 201, answer, {}, 'post published');
  });

  router.post('/channels/:channelId/posts/:postId/revisions', writing, async (req: Request, res: Response) => {
    const { channelId, postId } = idsIn(req);
    const write = readWriteCommand(req, requirePrincipal(res), channelId, () => {
      const revision = readCommand(req, schemas.revisionSchema);
      requireLoadable(revision.changes.media ?? [], publicUrl, 'changes.media', { mayBeUploaded: true });
      return { ...revision, expected: requireIfMatch(req) };
    });
    sendRevision(res, await newsroom.revise(write, channelId, postId), 'post revised');
  });

  router.post('/channels/:channelId/posts/:postId/retraction', writing, async (req: Request, res: Response) => {
    const { channelId, postId } = idsIn(req);
    const write = readWriteCommand(req, requirePrincipal(res), channelId, () => {
      const { note } = readCommand(req, schemas.retractionSchema);
      return { note, ...expectedIn(req) };
    });
    sendRevision(res, await newsroom.retract(write, channelId, postId), 'post retracted');
  });

  router.post('/channels/:channelId/posts/:postId/takedown', writing, async (req: Request, res: Response) => {
    const { channelId, postId } = idsIn(req);
    const write = readWriteCommand(req, requirePrincipal(res), channelId, () => {
      // A takedown is urgent, so it must not fail because the optional body is missing.
      const { note } = readCommand(req, schemas.takedownSchema, { mayBeEmpty: true });
      return { note: note ?? null, ...expectedIn(req) };
    });
    sendRevision(res, await newsroom.takeDown(write, channelId, postId), 'post taken down');
  });

  // Refusals quote the current text, so they are sent in the tick in which it was checked. An error that leaves a router is
  // handled some ticks later, and the text may be erased by then.
  router.use(handleErrors(log));
  return router;

  function sendRevision(res: Response, answer: RevisionWritten, did: string): void {
    const { derived, erasure } = answer;
    const more = { derived, ...(erasure ? { erasure } : {}) };
    sendPost(res, erasure?.complete === false ? 202 : 200, answer, more, did);
  }

  function sendPost(
    res: Response,
    status: number,
    answer: PostWritten,
    more: { derived?: unknown; erasure?: Erasure },
    did: string,
  ) {
    const { post, position, replayed } = answer;
    const facts = { channel: post.channelId, offset: position.offset, post: post.id, revision: post.revision };
    // The last erased revision, as in the journal.
    const erasing = more.erasure === undefined || replayed ? {} : { erases: post.revision - 1 };
    if (more.erasure !== undefined) logSecurityEvent(res, 'erasure', { channel: post.channelId, post: post.id });
    note(res, replayed, { ...facts, ...erasing }, did);
    // The same tag as in a GET by an author.
    const etag = postEtag(post.revision, JSON.stringify(post), 'author', renderer);
    sendJson(res, { post, cursor: formatCursor(position), offset: position.offset, ...more }, { status, cache: 'private', etag });
  }

  function sendChannel(res: Response, status: number, { channel, position, replayed }: ChannelWritten, did: string): void {
    note(res, replayed, { channel: channel.id, offset: position.offset, revision: channel.revision }, did);
    const body = { channel, cursor: formatCursor(position), offset: position.offset };
    sendJson(res, body, { status, cache: 'private', etag: `"${channel.revision}"` });
  }

  function note(res: Response, replayed: boolean, facts: object, did: string): void {
    if (replayed) res.set('Idempotency-Replayed', 'true');
    const by = requirePrincipal(res).sub;
    const tookMs = now() - (res.locals.startedAt as number);
    log.info({ ...facts, by, replayed, tookMs }, did);
  }
}

/**
 * Whether the author may write anything in the channel of the path. Without a channel: whether the author may create any channel.
 */
function mayWriteAt(req: Request, who: Principal): boolean {
  const { channelId } = idsIn(req);
  return channelId === '' ? mayEditSome(who) : mayAuthor(who, channelId);
}

/** In the types of Express, path parameters can be missing or lists. */
function idsIn({ params }: Request): { channelId: string; postId: string } {
  return { channelId: String(params.channelId ?? ''), postId: String(params.postId ?? '') };
}

function expectedIn(req: Request) {
  const expected = readIfMatch(req);
  return expected === undefined ? {} : { expected };
}
