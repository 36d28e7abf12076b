import { type RequestHandler, type Response, Router } from 'express';
import { Refusal } from '../protocol/problems.ts';
import type { Compressor, RepeatingCompressor } from './answer-body.ts';
import { isReadRequest } from './answers.ts';
import { responseLimits } from './http-limits.ts';

/**
 * Calls the routes again if something was erased while their answer was compressed, so that they read what remains. After
 * `compressionTries` the client is told to retry. Only answers of these routes are compressed.
 */
export function repeatErased(...routes: readonly RequestHandler[]): Router {
  const repeated = Router({ caseSensitive: true });
  repeated.use(...routes);
  const allowRepeat: RequestHandler = (request, response, next) => {
    const compressor = response.locals.compressor as Compressor | undefined;
    if (compressor !== undefined && isReadRequest(request)) {
      const before = response.getHeaders();
      let triesLeft = responseLimits.compressionTries;
      const repeat = () => {
        resetHeaders(response, before);
        triesLeft -= 1;
        if (triesLeft > 0) repeated(request, response, next);
        else next(new Refusal('journal-unavailable', { outcome: 'unchanged', retryAfter: responseLimits.momentRetrySeconds }));
      };
      response.locals.repeatingCompressor = { ...compressor, repeat } satisfies RepeatingCompressor;
    }
    next();
  };
  return Router({ caseSensitive: true }).use(allowRepeat, repeated);
}

function resetHeaders(response: Response, before: ReturnType<Response['getHeaders']>): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(before)) if (value !== undefined) response.setHeader(name, value);
}
