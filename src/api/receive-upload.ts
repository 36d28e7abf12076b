import type { Request, Response } from 'express';
import type { Slots } from '../http/concurrency-slots.ts';
import type { Engine } from '../journal/engine.ts';
import type { MediaStore } from '../media/media-store.ts';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';
import { orRefuse } from '../newsroom/uploads.ts';
import { Refusal } from '../protocol/problems.ts';
import { discardRest } from './rest-of-body.ts';

/** What every request with files in its body has in common: how it begins, and how it ends if it is cut or comes too late. */
export interface ReceivingContext {
  slots: Slots;
  /** Called when an upload is cut because it sends nothing. */
  onStalled(): void;
}

/**
 * Runs `receive`, which calls `begin` once the request may send its files: it then holds a slot, and is cut if it stalls. Resolves
 * without an answer if the client is gone. A refusal is thrown, and the rest of the body is discarded.
 */
export async function receiveUpload(
  req: Request,
  res: Response,
  { slots, onStalled }: ReceivingContext,
  receive: (begin: () => void) => Promise<void>,
): Promise<void> {
  let release: () => void = () => {};
  let unwatch: () => void = () => {};
  const begin = () => {
    release = slots.take();
    unwatch = cutIfStalled(req, onStalled);
  };
  try {
    await receive(begin);
  } catch (error) {
    // The client is gone.
    if (req.destroyed && !req.complete) return;
    discardRest(req, res);
    throw error;
  } finally {
    unwatch();
    release();
  }
}

/** Refuses and erases an upload whose channel was deleted meanwhile: it came too late to be deleted with the channel. */
export async function requireKeptChannel(
  channelId: string,
  { engine, store }: { engine: Pick<Engine, 'channel'>; store: Pick<MediaStore, 'deleteChannel'> },
): Promise<void> {
  if ((await engine.channel(channelId)).status !== 'deleted') return;
  await orRefuse(() => store.deleteChannel(channelId));
  throw new Refusal('channel-deleted');
}

/** Uploads have no time limit, because a slow connection may take long. Returns the function that stops watching. */
function cutIfStalled(req: Request, onStalled: () => void): () => void {
  let before = req.socket.bytesRead;
  const timer = setInterval(() => {
    const now = req.socket.bytesRead;
    if (!req.complete && now === before) {
      onStalled();
      req.socket.resetAndDestroy();
    }
    before = now;
  }, newsroomLimits.uploadStallMs);
  return () => clearInterval(timer);
}
