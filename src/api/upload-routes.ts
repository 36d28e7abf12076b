import { type Request, type Response, Router } from 'express';
import { sendJson } from '../http/answers.ts';
import type { Rates } from '../http/rates.ts';
import { requirePrincipal } from '../http/request-identity.ts';
import type { Engine } from '../journal/engine.ts';
import type { AddResult, MediaStore, StoredMedia } from '../media/media-store.ts';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';
import { orRefuse } from '../newsroom/uploads.ts';
import { admitWriter, currentChannel } from '../newsroom/write-access.ts';
import { mediaPath, onServer } from '../protocol/addresses.ts';
import type { UploadedMedia } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { mayAuthor } from '../protocol/rights.ts';
import { mediaReference } from '../protocol/uploaded-media.ts';
import { type ReceivingContext, receiveUpload, requireKeptChannel } from './receive-upload.ts';

/**
 * Takes a file for posts of a channel. The file is the body, and is never whole in memory. An upload that is repeated is answered with
 * the medium that exists, so that it needs no idempotency key.
 */
export interface UploadContext extends ReceivingContext {
  engine: Engine;
  /** Undefined: this server takes no uploads. */
  media: MediaStore | undefined;
  publicUrl: string;
  rates: Pick<Rates, 'writes'>;
  onUpload(outcome: UploadOutcome): void;
  log: { info(facts: object, message: string): void };
}

export type UploadOutcome = AddResult['status'];

export const noStore = 'No directory for uploads is configured (PRESSBOX_MEDIA_DIR).';

export function uploadRoutes(context: UploadContext): Router {
  const { engine, media, publicUrl, rates, onUpload, log } = context;
  const router = Router({ caseSensitive: true });

  router.post('/channels/:channelId/media', async (req: Request, res: Response) => {
    const who = requirePrincipal(res);
    rates.writes(who.sub);
    const channelId = String(req.params.channelId);
    await receiveUpload(req, res, context, async (begin) => {
      currentChannel(await admitWriter(engine, who, channelId, mayAuthor));
      if (media === undefined) throw new Refusal('uploads-disabled', { detail: noStore });
      const mimeType = requireFileType(req);
      const { uploadMs, longUploadMs } = newsroomLimits;
      const body = begin(who.sub, mimeType.startsWith('image/') ? uploadMs : longUploadMs);
      const length = req.headers['content-length'];
      const upload = { body, mimeType, length: length === undefined ? undefined : Number(length), by: who.sub };
      const result = await orRefuse(() => media.add(channelId, upload));
      onUpload(result.status);
      if (result.status === 'refused') throw new Refusal(result.code, { detail: result.detail });
      await requireKeptChannel(channelId, { engine, store: media });
      const { id, type, bytes } = result.media;
      log.info(
        { channel: channelId, media: id, type, bytes, by: who.sub, existing: result.status === 'existing' },
        'media uploaded',
      );
      const answer = uploadAnswer(result.media, publicUrl);
      res.location(onServer(mediaPath(channelId, id, result.media.name), publicUrl));
      sendJson(res, { media: answer }, { status: result.status === 'added' ? 201 : 200, cache: 'none' });
    });
  });

  return router;
}

/** The declared type without its parameters. The store compares it with the file. */
function requireFileType(req: Request): string {
  const [type = ''] = (req.headers['content-type'] ?? '').split(';');
  if (req.headers['content-encoding'] !== undefined) {
    throw new Refusal('wrong-type', { detail: 'Send the file as it is, without Content-Encoding.' });
  }
  if (type.trim() === '')
    throw new Refusal('wrong-type', { detail: 'Send the type of the file as Content-Type, such as image/jpeg.' });
  return type.trim().toLowerCase();
}

export function uploadAnswer(media: StoredMedia, publicUrl: string): UploadedMedia {
  const { id, channelId, type, mimeType, width, height, durationSeconds, renditions, bytes, uploadedAt } = media;
  const files = renditions.map((rendition) => ({
    url: onServer(mediaPath(channelId, id, rendition.name), publicUrl),
    width: rendition.width,
    mimeType: rendition.mimeType,
    bytes: rendition.bytes,
  }));
  return { id, type, url: mediaReference(id), mimeType, width, height, durationSeconds, bytes, uploadedAt, files };
}
