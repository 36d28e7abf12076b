import type { ErrorRequestHandler, Request, Response } from 'express';
import { problemFor } from '../http/answers.ts';
import type { Problem } from '../protocol/problems.ts';
import { retryDelayMs, retryField, streamHeaders } from './sse-messages.ts';

/**
 * What passes by itself, as an EventSource is told it. The HTML standard (9.2.3) has it give up for good at any status but 200, and whoever
 * reads with one would see the coverage stand still and never learn why. So it is answered with a stream that says when to come back and
 * ends, and comes back by itself, with its cursor. Who reads with fetch finds the same in the header.
 */
export interface SseRetry {
  /** Tells an EventSource; false, and nothing said, where someone else asks, or waiting does not help. */
  send(req: Request, res: Response, said: Problem): boolean;
  /** Whatever was thrown, where `tell` tells it; the rest is passed on. */
  handler: ErrorRequestHandler;
}

export function createSseRetry({ random }: { random: () => number }): SseRetry {
  const send = (req: Request, res: Response, { code, retryAfter: seconds }: Problem) => {
    if (seconds === undefined || !isEventSource(req)) return false;
    // For those who count.
    res.locals.problem = code;
    sendRetry(res, retryDelayMs(seconds * 1_000, random));
    return true;
  };
  return {
    send,
    handler(error: unknown, req, res, next) {
      const said = res.headersSent ? undefined : problemFor(error);
      if (said === undefined || !send(req, res, said)) next(error);
    },
  };
}

export function sendRetry(res: Response, ms: number): void {
  const block = retryField(ms);
  const head = { 'Retry-After': Math.round(ms / 1_000), 'Content-Length': block.length };
  res.writeHead(200, { ...streamHeaders, ...head }).end(block);
}

/** It takes nothing but a stream (9.2.2). Who takes anything else can be told the problem itself. */
function isEventSource({ method, headers: { accept }, baseUrl, path }: Request): boolean {
  return method === 'GET' && accept?.trim().toLowerCase() === 'text/event-stream' && streamPath.test(baseUrl + path);
}

/** As its route has it. */
const streamPath = /^\/v1\/channels\/[^/]+\/stream\/?$/;
