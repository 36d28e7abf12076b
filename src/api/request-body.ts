import type { IncomingMessage } from 'node:http';
import { finished, type Writable } from 'node:stream';
import type { Request, Response } from 'express';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';

/** The client disconnected before its body was read, so there is nobody to respond to. */
export class BodyAborted extends Error {}

/**
 * Whether the client disconnected before its body was read. `complete` does not tell: it is true once the last byte has arrived, and
 * what was not read until then is lost with the connection.
 */
export function isAborted(req: IncomingMessage): boolean {
  return req.destroyed && !req.readableEnded;
}

/** Passes the body on. `into` ends with it, or with an error if the client disconnects before all of it was read. */
export function passBody<Into extends Writable>(req: IncomingMessage, into: Into): Into {
  finished(req, { writable: false }, (error) => {
    if (error) into.destroy(new BodyAborted('The client disconnected.'));
  });
  return req.pipe(into);
}

/**
 * Reads what is left of a body that was refused, so that the client receives the answer. The connection is closed afterwards.
 */
export function discardRest(req: Request, res: Response): void {
  if (req.complete) return;
  res.set('Connection', 'close');
  const timer = setTimeout(() => req.destroy(), newsroomLimits.importRestMs);
  req.once('close', () => clearTimeout(timer));
  req.unpipe();
  req.resume();
}
