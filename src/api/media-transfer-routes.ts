import type { Readable } from 'node:stream';
import { type Request, type Response, Router } from 'express';
import { visibleChannel } from '../access/channel-access.ts';
import { credentialHeaders, sendJson, vary } from '../http/answers.ts';
import type { Rates } from '../http/rates.ts';
import { credentialsOf, requirePrincipal } from '../http/request-identity.ts';
import type { Engine, Renderer } from '../journal/engine.ts';
import { useOfMedia } from '../journal/post-tags.ts';
import type { MediaStore, StoredMedia } from '../media/media-store.ts';
import { restoreMedia } from '../newsroom/moved-media.ts';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';
import { orRefuse } from '../newsroom/uploads.ts';
import { admitWriter, currentChannel } from '../newsroom/write-access.ts';
import type { StoredUpload } from '../protocol/model.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { mayAdminister, mayEdit } from '../protocol/rights.ts';
import * as schemas from '../protocol/schemas.ts';
import { type MovedMediaHead, movedMediaSchema } from '../protocol/transfer.ts';
import type { ChannelStreams } from '../streams/channel-streams.ts';
import { jsonObjectOf } from './json-body.ts';
import { type ReceivingContext, receiveUpload, requireKeptChannel } from './receive-upload.ts';
import { discardRest } from './request-body.ts';
import { noStore, uploadAnswer } from './upload-routes.ts';
import { requireType } from './write-request.ts';

/**
 * Moves uploads to another server: lists what an export needs, and takes what an import sends. The body of an import is a line of JSON
 * that describes the upload, followed by the bytes of its files in that order.
 */
export interface MediaTransferContext extends ReceivingContext {
  engine: Engine;
  streams: Pick<ChannelStreams, 'guarded'>;
  renderer: Renderer;
  /** Undefined: this server takes no uploads. */
  media: MediaStore | undefined;
  publicUrl: string;
  rates: Pick<Rates, 'writes'>;
  log: { info(facts: object, message: string): void };
}

const types = ['application/vnd.pressbox.media'];

export function mediaTransferRoutes(context: MediaTransferContext): Router {
  const { engine, streams, renderer, media, publicUrl, rates, log } = context;
  const router = Router({ caseSensitive: true });

  router.get('/channels/:channelId/media', async (req: Request, res: Response) => {
    const { limit, page } = schemas.parse(schemas.mediaQuerySchema, req.query);
    const { channel } = await streams.guarded(() => visibleChannel(engine, credentialsOf(res), String(req.params.channelId)));
    if (!mayEdit(requirePrincipal(res), channel.id)) throw new Refusal('forbidden');
    const store = requireStore();
    // One more than asked for, to know whether others follow.
    const found = await orRefuse(() => store.list(channel.id, { after: page, limit: limit + 1 }));
    const listed = await Promise.all(
      found.slice(0, limit).map(async (one) => {
        const { isUsed } = await streams.guarded(() => useOfMedia(engine, channel, one.id));
        return storedAnswer(one, isUsed, publicUrl);
      }),
    );
    vary(res, credentialHeaders);
    sendJson(res, { media: listed, next: found.length > limit ? (listed.at(-1)?.id ?? null) : null }, { cache: 'none' });
  });

  router.post('/channels/:channelId/media/:mediaId', async (req: Request, res: Response) => {
    const who = requirePrincipal(res);
    rates.writes(who.sub);
    await receiveUpload(req, res, context, async (begin) => {
      const { channelId = '', mediaId: id = '' } = req.params as Record<string, string>;
      const { channel } = currentChannel(await admitWriter(engine, who, channelId, mayAdminister));
      const store = requireStore();
      requireType(req.headers['content-type'], types);
      if (!schemas.mediaIdSchema.safeParse(id).success) throw new Refusal('not-found', missing.media);
      const { head, body } = await readHead(begin(who.sub, newsroomLimits.longUploadMs));
      const result = await restoreMedia({ engine, renderer, store }, channel, id, { ...head, body });
      if (result.status === 'refused') throw new Refusal(result.code, { detail: result.detail });
      await requireKeptChannel(channelId, { engine, store });
      const { type, bytes } = result.media;
      const existing = result.status === 'existing';
      log.info({ channel: channelId, media: id, type, bytes, by: who.sub, existing }, 'media imported');
      if (!req.complete) discardRest(req, res);
      sendJson(res, { media: uploadAnswer(result.media, publicUrl) }, { cache: 'none' });
    });
  });

  return router;

  function requireStore(): MediaStore {
    if (media === undefined) throw new Refusal('uploads-disabled', { detail: noStore });
    return media;
  }
}

/** Reads the first line. `body` continues after it. */
export async function readHead(received: Readable): Promise<{ head: MovedMediaHead; body: AsyncIterator<Buffer> }> {
  const chunks = received.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let start = Buffer.alloc(0);
  while (!start.includes(10)) {
    if (start.length > newsroomLimits.movedHeadBytes) throw tooLong();
    const { value, done } = await chunks.next();
    if (done) break;
    start = Buffer.concat([start, value]);
  }
  const end = start.indexOf(10);
  const line = end < 0 ? start : start.subarray(0, end);
  if (line.length > newsroomLimits.movedHeadBytes) throw tooLong();
  const head = schemas.parse(movedMediaSchema, jsonObjectOf(line));
  return { head, body: followed(end < 0 ? Buffer.alloc(0) : start.subarray(end + 1), chunks) };
}

async function* followed(first: Buffer, chunks: AsyncIterableIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  yield* chunks;
}

function tooLong(): Refusal {
  const message = `The first line must have at most ${newsroomLimits.movedHeadBytes / 1024} KiB.`;
  return new Refusal('invalid-body', { errors: [{ path: '', message }] });
}

function storedAnswer(media: StoredMedia, isUsed: boolean, publicUrl: string): StoredUpload {
  const { files, ...answer } = uploadAnswer(media, publicUrl);
  const named = files.map((file, index) => {
    const { name = '', sha256 = null } = media.renditions[index] ?? {};
    return { ...file, name, sha256 };
  });
  return { ...answer, by: media.by, isUsed, files: named };
}
