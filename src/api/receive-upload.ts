import { PassThrough, type Readable } from 'node:stream';
import type { Request, Response } from 'express';
import type { Slots } from '../http/concurrency-slots.ts';
import { responseLimits } from '../http/http-limits.ts';
import type { Engine } from '../journal/engine.ts';
import type { MediaStore } from '../media/media-store.ts';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';
import { orRefuse } from '../newsroom/uploads.ts';
import { Refusal } from '../protocol/problems.ts';
import { discardRest, isAborted, passBody } from './request-body.ts';

/** What every request with files in its body has in common: how it begins, and how it ends if it is too slow or comes too late. */
export interface ReceivingContext {
  slots: Slots;
  /** Called when an upload is refused because it is too slow. */
  onStalled(): void;
}

/** Takes a slot for the author. Returns the body, which ends with an error if it is too slow or takes longer than `mostMs`. */
export type BeginUpload = (author: string, mostMs: number) => Readable;

/**
 * Runs `receive`, which calls `begin` once the request may send its files. Resolves without an answer if the client is gone. A refusal
 * is thrown, and the rest of the body is discarded.
 */
export async function receiveUpload(
  req: Request,
  res: Response,
  { slots, onStalled }: ReceivingContext,
  receive: (begin: BeginUpload) => Promise<void>,
): Promise<void> {
  let release: () => void = () => {};
  let unwatch: () => void = () => {};
  let slow: Refusal | undefined;
  const begin: BeginUpload = (author, mostMs) => {
    release = slots.take(author);
    const body = bodyOf(req);
    unwatch = watchSpeed(req, mostMs, (refusal) => {
      slow = refusal;
      onStalled();
      body.destroy(refusal);
    });
    return body;
  };
  try {
    await receive(begin);
  } catch (error) {
    if (isAborted(req)) return;
    discardRest(req, res);
    throw slow ?? error;
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

/** The body as a stream of its own: the end of it does not close the connection, which an answer needs. */
function bodyOf(req: Request): Readable {
  const body = new PassThrough();
  // Whoever reads it gets the error. Without a reader there is nobody to tell.
  body.on('error', () => {});
  return passBody(req, body);
}

/** The speed is measured so often in `uploadStallMs`. */
const samplesInWindow = 6;

/** Calls `refuse` at most once, with what to answer. Returns the function that stops watching. */
function watchSpeed(req: Request, mostMs: number, refuse: (refusal: Refusal) => void): () => void {
  const { uploadStallMs, uploadBytesPerSecond } = newsroomLimits;
  const stop = () => {
    clearInterval(sampling);
    clearTimeout(late);
  };
  const end = (detail: string) => {
    stop();
    if (!req.complete) refuse(new Refusal('rate-limited', { detail, retryAfter: responseLimits.slotRetrySeconds }));
  };
  const read = [req.socket.bytesRead];
  const sampling = setInterval(() => {
    const now = req.socket.bytesRead;
    const before = read.length < samplesInWindow ? undefined : read.shift();
    read.push(now);
    if (before !== undefined && now - before < (uploadStallMs / 1_000) * uploadBytesPerSecond) {
      end(
        `The upload sent less than ${uploadBytesPerSecond / 1024} KiB a second for ${uploadStallMs / 1_000} seconds. Send it again over a better connection.`,
      );
    }
  }, uploadStallMs / samplesInWindow);
  const late = setTimeout(
    () => end(`The upload took longer than ${mostMs / 60_000} minutes. Send a smaller file, or use a faster connection.`),
    mostMs,
  );
  return stop;
}
