import type { Request, Response } from 'express';
import { newsroomLimits } from '../newsroom/newsroom-limits.ts';

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
