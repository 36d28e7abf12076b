import { type Request, type Response, Router } from 'express';
import { acquireReadable, readableChannel } from '../access/channel-access.ts';
import { type Credentials, type Identity, principalIn } from '../access/identity.ts';
import { credentialHeaders, matchesEtag, vary } from '../http/answers.ts';
import type { SessionCookie } from '../http/cookies.ts';
import { mediaHeaders } from '../http/headers.ts';
import { chargesItself } from '../http/rates.ts';
import { signedIn, tokenOf } from '../http/request-identity.ts';
import type { Engine } from '../journal/engine.ts';
import type { MediaFile, MediaStore } from '../media/media-store.ts';
import type { Channel } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayAuthor } from '../protocol/rights.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import { createUsedMedia } from './used-media.ts';

/**
 * The files of uploaded media. Access is that of the channel. A file is shown only while a published post of the channel, or the channel
 * itself, uses it. Authors of the channel see it before, too. To everyone else an unused file is the same as a missing one.
 *
 * Public files may be cached for `mediaCachedSeconds`, so a withdrawn one disappears from caches within that time.
 */
export interface MediaContext {
  engine: Engine;
  streams: ChannelStreams;
  /** Undefined: this server has no uploads. */
  media: MediaStore | undefined;
  identity: Identity;
  cookie: SessionCookie;
  onAnswered(answer: MediaAnswer): void;
}

export type MediaAnswer = 'sent' | 'unchanged' | 'refused';

export function mediaRoutes({ engine, streams, media, identity, cookie, onAnswered }: MediaContext): Router {
  const router = Router({ caseSensitive: true });
  const used = createUsedMedia(engine);
  const sending = new Map<string, Set<Response>>();
  // The file may be erased while it is sent to a slow client.
  engine.onErased((channelId) => {
    for (const response of sending.get(channelId) ?? []) response.socket?.resetAndDestroy();
  });

  router.get('/media/:channelId/:mediaId/:name', mediaHeaders(), async (req: Request, res: Response) => {
    // A long video must not use up the requests of its reader.
    chargesItself(res);
    res.once('close', () => onAnswered(answerOf(res.statusCode)));
    const { channelId = '', mediaId: id = '', name = '' } = req.params as Record<string, string>;
    const who = await credentialsOf(req);
    const { file, isPublic } = await find(who, { channelId, id, name });
    // The content of a file never changes.
    const etag = `"${id}-${name}"`;
    res.setHeader('ETag', etag);
    res.setHeader('Content-Type', file.mimeType);
    res.setHeader('Cache-Control', isPublic ? `public, max-age=${limits.mediaCachedSeconds}` : 'private, no-store');
    if (!isPublic) vary(res, credentialHeaders);
    if (matchesEtag(req.headers['if-none-match'], etag)) return void res.status(304).end();
    await send(res, channelId, file);
  });

  return router;

  async function find(who: Credentials, { channelId, id, name }: { channelId: string; id: string; name: string }) {
    const { stream, release } = await acquireReadable(streams, who, channelId);
    try {
      const file = await media?.open(channelId, id, name);
      if (file === undefined) throw new Refusal('not-found', missing.media);
      let channel: Channel | undefined;
      const isUsed = await used.isUsed(stream, id, async () => {
        ({ channel } = await readableChannel(engine, who, channelId));
      });
      const principal = principalIn(who);
      const isAuthor = principal !== undefined && mayAuthor(principal, channelId);
      if (!isUsed && !isAuthor) throw new Refusal('not-found', missing.media);
      const isPublic = [stream.channel, channel ?? stream.channel].every(({ access }) => access === 'public');
      return { file, isPublic: isUsed && isPublic };
    } finally {
      release();
    }
  }

  /** A token, or the session of the browser. The answer never renews the session, so that caches may store it. */
  async function credentialsOf(req: Request): Promise<Credentials> {
    const token = tokenOf(req);
    return token === undefined ? await signedIn(req, identity, cookie) : await identity.verify(token);
  }

  /** Sends the file or the requested ranges of it. */
  async function send(res: Response, channelId: string, { path, bytes }: MediaFile): Promise<void> {
    const others = sending.get(channelId) ?? new Set();
    sending.set(channelId, others.add(res));
    try {
      await new Promise<void>((resolve, reject) => {
        res.sendFile(path, { cacheControl: false, etag: false, lastModified: false, dotfiles: 'allow' }, (error) => {
          if (error === undefined || res.headersSent || res.closed) return resolve();
          const { status } = error as { status?: number };
          // The requested range is not in the file.
          if (status === 416) return resolve(void res.status(416).setHeader('Content-Range', `bytes */${bytes}`).end());
          reject(status === 404 ? new Refusal('not-found', missing.media) : error);
        });
      });
    } finally {
      others.delete(res);
      if (others.size === 0) sending.delete(channelId);
    }
  }
}

function answerOf(status: number): MediaAnswer {
  if (status === 304) return 'unchanged';
  return status < 400 ? 'sent' : 'refused';
}
